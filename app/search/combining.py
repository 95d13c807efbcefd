"""One score for photos from several examples with plus and minus weights: plain functions over a whole gallery.

Photos among the examples are averaged, those with a minus taken off; words must all fit. Where there are both, a
photo must fit both: what neither likes can't come first.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Weighted = Sequence[tuple[float, Scores]]
"""An example's weight, not 0, and how well each photo fits it, float (n_rows,), counted from 0, up to 1.

The lengths may differ: rows past an end have 0.
"""


def combined(photos: Weighted, words: Weighted) -> NDArray[np.float64]:
    """Return how well each photo fits all examples together, float64 (longest of them,), 0..1.

    Raises ValueError if no example has a positive weight.
    """
    n_rows = max((len(scores) for _, scores in (*photos, *words)), default=0)
    wanted = [(sum(plus(part)), part) for part in (photos, words) if plus(part)]
    if not wanted:
        raise ValueError("A search by examples needs one with a positive weight.")
    total = sum(weight for weight, _ in wanted)
    result = np.ones(n_rows)
    if plus(photos):
        result *= mean_less_unwanted(photos, n_rows) ** (sum(plus(photos)) / total)
    else:
        result *= without(photos, n_rows)
    if plus(words):
        result *= together(words, n_rows) ** (sum(plus(words)) / total)
    return result * without([(weight, scores) for weight, scores in words if weight < 0], n_rows)


def plus(examples: Weighted) -> list[float]:
    """Return the positive weights."""
    return [weight for weight, _ in examples if weight > 0]


def mean_less_unwanted(photos: Weighted, n_rows: int) -> NDArray[np.float64]:
    """Return the weighted sum of all scores by the sum of the positive weights, float64 (n_rows,), 0..1."""
    total = np.zeros(n_rows)
    for weight, scores in photos:
        total[: len(scores)] += weight * np.clip(scores, 0, 1)
    return np.clip(total / sum(plus(photos)), 0, 1)


def together(words: Weighted, n_rows: int) -> NDArray[np.float64]:
    """Return the weighted geometric mean of the scores with a positive weight, float64 (n_rows,), 0..1."""
    total = sum(plus(words))
    result = np.ones(n_rows)
    for weight, scores in words:
        if weight > 0:
            result *= _filled(scores, n_rows) ** (weight / total)
    return result


def without(unwanted: Iterable[tuple[float, Scores]], n_rows: int) -> NDArray[np.float64]:
    """Return what unwanted examples, of negative weights, leave of a photo's score, float64 (n_rows,), 0..1."""
    result = np.ones(n_rows)
    for weight, scores in unwanted:
        result *= 1 - np.minimum(1, -weight * _filled(scores, n_rows))
    return result


def _filled(scores: Scores, n_rows: int) -> NDArray[np.float64]:
    filled = np.zeros(n_rows)
    filled[: len(scores)] = np.clip(scores, 0, 1)
    return filled
