"""How two boxes stand to each other, and which boxes are big or small: definitions that people would agree with.

`a left-of b`: a begins farther to the left than b and ends farther to the left too, and the centre of one of them
lies outside of the other's width. So a dog that sits within the width of a couch is neither left nor right of it, and
one that sticks out at its left end is left of it. `right-of` is the same seen from b; `above` and `below` are the same
from top to bottom.

`a inside b`: most of a's area lies in b's box, and a is the smaller one.

All hold of whole arrays at once, and of two boxes if these are arrays of one.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain import Relation, Size
from app.search.objects import PICTURE_AREA_PX

INSIDE_SHARE = 0.8
"""How much of a thing's box must lie in the other's: boxes are seldom exact."""
BIG_SHARE = 0.25
"""Of the picture's area; a fifth of the objects in labelled photos of everyday scenes are as big."""
SMALL_SHARE = 0.04
"""Of the picture's area."""

Boxes = NDArray[np.float64]
"""float64 (m, 4), xmin ymin xmax ymax, upright."""
Places = NDArray[np.float64]
Flags = NDArray[np.bool_]


def stands(boxes: Boxes, relation: Relation, others: Boxes) -> Flags:
    """Tell of each box whether it stands so to the other one in its place, bool (m,)."""
    match relation:
        case Relation.LEFT_OF:
            return _before(boxes[:, 0], boxes[:, 2], others[:, 0], others[:, 2])
        case Relation.RIGHT_OF:
            return _before(others[:, 0], others[:, 2], boxes[:, 0], boxes[:, 2])
        case Relation.ABOVE:
            return _before(boxes[:, 1], boxes[:, 3], others[:, 1], others[:, 3])
        case Relation.BELOW:
            return _before(others[:, 1], others[:, 3], boxes[:, 1], boxes[:, 3])
        case Relation.INSIDE:
            return _inside(boxes, others)


def has_size(boxes: Boxes, size: Size) -> Flags:
    """Tell which boxes are big or small in the picture, bool (m,)."""
    shares = areas(boxes) / PICTURE_AREA_PX
    return shares >= BIG_SHARE if size is Size.BIG else shares <= SMALL_SHARE


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return float64 (m,), square pixels of the model input."""
    result: NDArray[np.float64] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return result


def _before(start: Places, end: Places, other_start: Places, other_end: Places) -> Flags:
    apart = ((start + end) / 2 < other_start) | ((other_start + other_end) / 2 > end)
    result: Flags = apart & (start < other_start) & (end < other_end)
    return result


def _inside(boxes: Boxes, others: Boxes) -> Flags:
    common = np.minimum(boxes[:, 2:], others[:, 2:]) - np.maximum(boxes[:, :2], others[:, :2])
    common_areas = np.maximum(common[:, 0], 0) * np.maximum(common[:, 1], 0)
    own_areas = areas(boxes)
    mostly_in = (common_areas > 0) & (common_areas >= INSIDE_SHARE * own_areas)
    result: Flags = mostly_in & (own_areas < areas(others))
    return result
