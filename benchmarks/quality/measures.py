"""How good a ranking is, from what is known of the photos in it."""

from collections.abc import Sequence
from math import log2

AT = 10
"""How many of the first hits a person looks at."""


def precision(relevant: Sequence[bool], at: int = AT) -> float:
    """Return the share of the first `at` places that hold a relevant photo; places left empty hold none."""
    return sum(relevant[:at]) / at


def average_precision(relevant: Sequence[bool], total: int) -> float:
    """Return the mean, over all `total` relevant photos, of the precision where each stands.

    relevant: whether each photo that was found is relevant, best first; those that weren't found count as 0.
    """
    found, result = 0, 0.0
    for place, is_relevant in enumerate(relevant, start=1):
        if is_relevant:
            found += 1
            result += found / place
    return result / total if total else 0.0


def normalised_gain(gains: Sequence[float], possible: Sequence[float], at: int = AT) -> float:
    """Return nDCG: what the first `at` places give, each divided by log2(place + 1), over the best there could be.

    gains: of each photo that was found, best first, 0 or more. possible: of all photos, in any order.
    """
    best = _discounted(sorted(possible, reverse=True), at)
    return _discounted(gains, at) / best if best else 0.0


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def _discounted(gains: Sequence[float], at: int) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains[:at], start=1))
