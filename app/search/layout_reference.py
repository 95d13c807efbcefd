"""The plain definition of the `layout` similarity: how two photos' objects are matched.

It explains hits, which takes it two photos at a time, and it is what `layout.py` must agree with.
"""

from dataclasses import dataclass
from math import sqrt

from numpy.typing import ArrayLike

from app.search.objects import objects_of_photo

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class MatchedPair:
    """One object of each photo, matched by place and size; boxes xmin ymin xmax ymax, as they came."""

    class_id: int
    first_box: Corners
    second_box: Corners
    overlap: float
    """Intersection over union, above 0 up to 1."""
    weight: float
    """overlap x sqrt(confidence x confidence')"""


@dataclass(frozen=True)
class _Thing:
    class_id: int
    confidence: float
    box: Corners


def layout_similarity(first: ArrayLike, second: ArrayLike) -> float:
    """Return the `layout` similarity of two photos, each float (n_objects, 6), 0..1.

    Twice the weight of the matched pairs over all confidences of both photos: 1 for identical photos, 0 if
    nothing of one class overlaps.
    """
    mass = sum(thing.confidence for thing in _things(first)) + sum(thing.confidence for thing in _things(second))
    matched = sum(pair.weight for pair in matched_pairs(first, second))
    return min(1.0, 2 * matched / mass) if mass else 0.0


def share_found(first: ArrayLike, second: ArrayLike) -> float:
    """Return what share of the first photo's objects the second holds in the same places, 0..1.

    The weight of the matched pairs over all confidences of the first; each float (n_objects, 6).
    """
    mass = sum(thing.confidence for thing in _things(first))
    return min(1.0, sum(pair.weight for pair in matched_pairs(first, second)) / mass) if mass else 0.0


def matched_pairs(first: ArrayLike, second: ArrayLike) -> list[MatchedPair]:
    """Return the matched pairs of two photos, each float (n_objects, 6), heaviest first.

    Pairs of one class that overlap are taken by falling weight, as long as both objects are free; of equally
    heavy ones that whose objects come first.
    """
    things, others = _things(first), _things(second)
    candidates = []
    for i, one in enumerate(things):
        for j, other in enumerate(others):
            if one.class_id == other.class_id:
                share = overlap(one.box, other.box)
                candidates.append((share * sqrt(one.confidence * other.confidence), i, j, share))
    free_things, free_others = set(range(len(things))), set(range(len(others)))
    pairs = []
    for weight, i, j, share in sorted(candidates, key=lambda candidate: (-candidate[0], *candidate[1:3])):
        if weight > 0 and i in free_things and j in free_others:
            free_things.remove(i)
            free_others.remove(j)
            pairs.append(MatchedPair(things[i].class_id, things[i].box, others[j].box, share, weight))
    return pairs


def overlap(first: Corners, second: Corners) -> float:
    """Return the intersection over union of two boxes, 0..1; two equal boxes without area have 1.

    A box whose corners are swapped is the same rectangle.
    """
    left, top, right, bottom = _upright(first)
    other_left, other_top, other_right, other_bottom = _upright(second)
    common_width = max(min(right, other_right) - max(left, other_left), 0.0)
    common_height = max(min(bottom, other_bottom) - max(top, other_top), 0.0)
    common = common_width * common_height
    area = (right - left) * (bottom - top)
    other_area = (other_right - other_left) * (other_bottom - other_top)
    union = area + other_area - common
    if union > 0:
        return common / union
    return float(_upright(first) == _upright(second))


def _upright(box: Corners) -> Corners:
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _things(feature: ArrayLike) -> list[_Thing]:
    objects = objects_of_photo(feature)
    return [
        _Thing(int(class_id), float(confidence), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        for class_id, confidence, box in zip(objects.class_ids, objects.confidences, objects.boxes, strict=True)
    ]
