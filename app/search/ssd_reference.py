"""The plain definition of the `ssd` similarity, pair by pair with Shapely polygons.

Slow on purpose: it is what `ssd.py` must agree with, and what the benchmark compares it to.
"""

import numpy as np
from numpy.typing import ArrayLike
from shapely.geometry import Polygon

from app.domain import MODEL_INPUT_PX

THRESHOLD = 1e-5
"""Pairs of objects whose similarity is not above this don't count."""


def ssd_similarity(first: ArrayLike, second: ArrayLike) -> float:
    """Return the `ssd` similarity of two photos, each float (n_objects, 6).

    For objects of one class, g = confidence + area / picture area and s = (g + g') / 4; the similarity is the
    mean of s over all pairs with s above THRESHOLD, and 0 if there is none.
    """
    similarities = [
        pair_similarity(one, other)
        for one in _plain(first)
        for other in _plain(second)
        if one[0] == other[0] and one[0] != 0
    ]
    counted = [similarity for similarity in similarities if similarity > THRESHOLD]
    return sum(counted) / len(counted) if counted else 0.0


def pair_similarity(one: list[float], other: list[float]) -> float:
    """Return s of two objects, each `class_id, confidence, xmin, ymin, xmax, ymax`."""
    return (_weight(one) + _weight(other)) / 4


def _weight(thing: list[float]) -> float:
    _, confidence, xmin, ymin, xmax, ymax = thing
    outline = Polygon([(xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax)])
    return confidence + outline.area / (MODEL_INPUT_PX * MODEL_INPUT_PX)


def _plain(feature: ArrayLike) -> list[list[float]]:
    return [[float(value) for value in row] for row in np.asarray(feature)]
