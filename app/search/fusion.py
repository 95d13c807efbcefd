"""The `hybrid` similarity: a weighted mean of the other three."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.domain import SimilarityMethod

HYBRID_WEIGHTS: Mapping[SimilarityMethod, float] = {
    SimilarityMethod.EMBEDDING: 0.4,
    SimilarityMethod.LAYOUT: 0.5,
    SimilarityMethod.SSD: 0.1,
}
"""What each signal counts: chosen by `python -m benchmarks.quality.choose_weights`, on photos that the models weren't
trained on and that no result in the README comes from. The best weights lie on a plateau; of those on it these give
the most to the embedding, which is all there is to go by where no objects are found. Powers of the signals (roots
and squares) were tried too and gained nothing.
"""


def fused(
    signals: Mapping[SimilarityMethod, NDArray[np.floating]],
    weights: Mapping[SimilarityMethod, float] = HYBRID_WEIGHTS,
) -> NDArray[np.float64]:
    """Return the weighted mean of `signals`, each float (rows,), as float64 (longest of them,), 0..1.

    Negative values count as 0, and so do rows that a signal doesn't reach. A signal that is missing leaves its
    weight to the others. Raises ValueError if there is no signal with a weight.
    """
    total_weight = _total_weight(signals, weights)
    result = np.zeros(max(len(scores) for scores in signals.values()))
    for method, scores in signals.items():
        result[: len(scores)] += weights.get(method, 0.0) / total_weight * np.maximum(scores, 0)
    return result


def shares(
    scores: Mapping[SimilarityMethod, float], weights: Mapping[SimilarityMethod, float] = HYBRID_WEIGHTS
) -> dict[SimilarityMethod, float]:
    """Return what part of one hit's fused score each of its signals gave, 0..1, together 1, largest first.

    scores: the hit's value of each signal. All parts are 0 if the fused score is.
    """
    parts = {method: weights.get(method, 0.0) * max(score, 0.0) for method, score in scores.items()}
    total = sum(parts.values())
    by_size = sorted(parts.items(), key=lambda item: -item[1])
    return {method: part / total if total else 0.0 for method, part in by_size}


def _total_weight(signals: Mapping[SimilarityMethod, object], weights: Mapping[SimilarityMethod, float]) -> float:
    total = sum(weights.get(method, 0.0) for method in signals)
    if total <= 0:
        raise ValueError(f"None of the signals {sorted(signals)} has a weight.")
    return total
