"""Why a photo was found: computed for the hits that are shown, never for the whole gallery."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from app.domain import (
    MODEL_INPUT_PX,
    Box,
    BoxReason,
    EmbeddingReason,
    ObjectsReason,
    SignalReason,
    SimilarityMethod,
)
from app.search.fusion import HYBRID_WEIGHTS, shares
from app.search.layout_reference import Corners, matched_pairs
from app.search.objects import objects_of_photo, weights
from app.search.ssd import FAINT

LabelOf = Callable[[int], str]
"""Gives a class its name."""


def explain_ssd(query: ArrayLike, photo: ArrayLike, label_of: LabelOf) -> tuple[ObjectsReason, ...]:
    """Return the kinds of things that two photos share, those that gave most first; no reasons if none.

    query, photo: float (n_objects, 6), `ssd_feature` of each.
    """
    own, other = objects_of_photo(query), objects_of_photo(photo)
    own_weights, other_weights = (weights(one.confidences, one.boxes.T) for one in (own, other))
    reasons = []
    for class_id in np.intersect1d(own.class_ids, other.class_ids):
        pair_sums = np.add.outer(own_weights[own.class_ids == class_id], other_weights[other.class_ids == class_id])
        counted = pair_sums[pair_sums > FAINT]
        if len(counted):
            reasons.append(ObjectsReason(label_of(int(class_id)), len(counted), float(counted.mean() / 4)))
    return tuple(sorted(reasons, key=lambda reason: -reason.pairs * reason.mean))


def explain_layout(query: ArrayLike, photo: ArrayLike, label_of: LabelOf) -> tuple[BoxReason, ...]:
    """Return the matched objects of two photos, those that gave most first; no reasons if none.

    query, photo: float (n_objects, 6), `ssd_feature` of each.
    """
    return tuple(
        BoxReason(label_of(pair.class_id), _relative(pair.first_box), _relative(pair.second_box), pair.overlap)
        for pair in matched_pairs(query, photo)
    )


def explain_embedding(cosine: float) -> tuple[EmbeddingReason, ...]:
    """Return how much alike two pictures look as a whole."""
    return (EmbeddingReason(float(cosine)),)


def explain_hybrid(
    scores: Mapping[SimilarityMethod, float], weights: Mapping[SimilarityMethod, float] = HYBRID_WEIGHTS
) -> tuple[SignalReason, ...]:
    """Return the share of each signal in a hit's fused score, largest first.

    scores: the hit's value of each signal.
    """
    return tuple(SignalReason(method, share) for method, share in shares(scores, weights).items())


def _relative(box: Corners) -> Box:
    """Return a box in pixels of the model input as one in 0..1 of the picture, with its corners in order."""
    xs = sorted(min(max(x / MODEL_INPUT_PX, 0.0), 1.0) for x in (box[0], box[2]))
    ys = sorted(min(max(y / MODEL_INPUT_PX, 0.0), 1.0) for y in (box[1], box[3]))
    return Box(xs[0], ys[0], xs[1], ys[1])
