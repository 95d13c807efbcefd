"""What conditions on objects mean, photo by photo: the plain definition, which `conditions.py` agrees with.

It also finds the proof that a photo meets a condition, for the photos that are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from app.domain import LEAST_CONFIDENCE, Box, Relation, Size
from app.search.objects import objects_of_photo
from app.search.relations import BIG_AREA, INSIDE_TENTHS, PICTURE_AREA, PICTURE_STEPS, SMALL_AREA, STEPS_PER_PX

ClassIds = frozenset[int]
"""The classes that a word means."""
Wanted = Sequence[tuple[Relation, ClassIds]]
"""How one thing should stand to others."""


@dataclass(frozen=True)
class SeenObject:
    """An object that was seen surely enough; its box is upright, in steps of 1/32 pixel of the model input."""

    class_id: int
    xmin: int
    ymin: int
    xmax: int
    ymax: int

    @property
    def area(self) -> int:
        """Square steps."""
        return (self.xmax - self.xmin) * (self.ymax - self.ymin)

    @property
    def share(self) -> float:
        """Of the picture's area, 0..1."""
        return self.area / PICTURE_AREA

    @property
    def box(self) -> Box:
        """In 0..1 of the picture."""
        return Box(*(place / PICTURE_STEPS for place in (self.xmin, self.ymin, self.xmax, self.ymax)))


def seen(feature: ArrayLike, class_ids: ClassIds) -> list[SeenObject]:
    """Return a photo's objects of some classes, the surest first.

    feature: float (n_objects, 6), `ssd_feature`.
    """
    objects = objects_of_photo(np.asarray(feature, dtype=np.float32))
    sure = np.flatnonzero(objects.confidences >= np.float32(LEAST_CONFIDENCE))
    order = sure[np.argsort(-objects.confidences[sure], kind="stable")]
    return [
        _seen_object(int(objects.class_ids[at]), objects.boxes[at].tolist())
        for at in order
        if int(objects.class_ids[at]) in class_ids
    ]


def placed(feature: ArrayLike, subjects: ClassIds, wanted: Wanted) -> tuple[SeenObject, list[SeenObject]] | None:
    """Return the first thing that stands to others as wanted, and those others in their order; None if none does."""
    for subject in seen(feature, subjects):
        others = [
            next((other for other in seen(feature, classes) if stands_to(subject, relation, other)), None)
            for relation, classes in wanted
        ]
        found = [other for other in others if other is not None]
        if len(found) == len(others):
            return subject, found
    return None


def sized(feature: ArrayLike, class_ids: ClassIds, size: Size) -> SeenObject | None:
    """Return the first thing that is as big or small as wanted, None if none is."""
    return next((one for one in seen(feature, class_ids) if is_sized(one, size)), None)


def stands_to(one: SeenObject, relation: Relation, other: SeenObject) -> bool:
    """Tell whether one object stands so to another."""
    match relation:
        case Relation.LEFT_OF:
            return _begins_before((one.xmin, one.xmax), (other.xmin, other.xmax))
        case Relation.ABOVE:
            return _begins_before((one.ymin, one.ymax), (other.ymin, other.ymax))
        case Relation.RIGHT_OF:
            return stands_to(other, Relation.LEFT_OF, one)
        case Relation.BELOW:
            return stands_to(other, Relation.ABOVE, one)
        case Relation.INSIDE:
            width = min(one.xmax, other.xmax) - max(one.xmin, other.xmin)
            height = min(one.ymax, other.ymax) - max(one.ymin, other.ymin)
            common = max(width, 0) * max(height, 0)
            return 0 < 10 * common >= INSIDE_TENTHS * one.area and one.area < other.area


def is_sized(one: SeenObject, size: Size) -> bool:
    """Tell whether an object is that big or small in the picture."""
    return one.area >= BIG_AREA if size is Size.BIG else one.area <= SMALL_AREA


def _seen_object(class_id: int, box_px: list[float]) -> SeenObject:
    x, y, x_end, y_end = (round(min(max(place * STEPS_PER_PX, 0), PICTURE_STEPS)) for place in box_px)
    return SeenObject(class_id, min(x, x_end), min(y, y_end), max(x, x_end), max(y, y_end))


def _begins_before(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Compare two spans, each from its start to its end."""
    centre, other_centre = sum(one) / 2, sum(other) / 2
    one_reaches_farther = one[0] < other[0] and one[1] < other[1]
    return one_reaches_farther and (centre < other[0] or other_centre > one[1])
