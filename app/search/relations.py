"""How two boxes stand to each other, and which boxes are big or small: definitions that people would agree with.

`a left-of b`: a begins farther to the left than b and ends farther to the left too, and the centre of one of them
lies outside of the other's width. So a dog that sits within the width of a couch is neither left nor right of it, and
one that sticks out at its left end is left of it. `right-of` is the same seen from b; `above` and `below` are the
same from top to bottom.

`a inside b`: most of a's area lies in b's box, and a is the smaller one.

Boxes are measured in whole steps of 1/32 pixel of the model input and cut at the picture's edges. So they take little
room, and everything here is computed exactly. All holds of whole arrays at once.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain import MODEL_INPUT_PX, Relation, Size

STEPS_PER_PX = 32
PICTURE_STEPS = MODEL_INPUT_PX * STEPS_PER_PX
PICTURE_AREA = PICTURE_STEPS * PICTURE_STEPS
INSIDE_TENTHS = 8
"""How much of a thing's box must lie in the other's: boxes are seldom exact."""
BIG_AREA = PICTURE_AREA // 4
"""In square steps; a fifth of the objects in labelled photos of everyday scenes are as big."""
SMALL_AREA = PICTURE_AREA // 25

Boxes = NDArray[np.int16]
"""int16 (m, 4), xmin ymin xmax ymax, in steps, 0..PICTURE_STEPS, upright."""
Flags = NDArray[np.bool_]


def in_steps(boxes: NDArray[np.floating]) -> Boxes:
    """Return boxes in pixels of the model input, float (m, 4), corners in any order, as upright ones in steps."""
    steps = np.rint(np.clip(boxes * STEPS_PER_PX, 0, PICTURE_STEPS)).astype(np.int16)
    return np.concatenate([np.minimum(steps[:, :2], steps[:, 2:]), np.maximum(steps[:, :2], steps[:, 2:])], axis=1)


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
    return _areas(boxes) >= BIG_AREA if size is Size.BIG else _areas(boxes) <= SMALL_AREA


def _areas(boxes: Boxes) -> NDArray[np.int32]:
    """Return int32 (m,), square steps; ten times the whole picture still fits."""
    result: NDArray[np.int32] = (boxes[:, 2] - boxes[:, 0]).astype(np.int32) * (boxes[:, 3] - boxes[:, 1])
    return result


def _before(start: Boxes, end: Boxes, other_start: Boxes, other_end: Boxes) -> Flags:
    """Compare spans, each int16 (m,); twice a place still fits into 16 bits."""
    apart = (start + end < 2 * other_start) | (other_start + other_end > 2 * end)
    result: Flags = apart & (start < other_start) & (end < other_end)
    return result


def _inside(boxes: Boxes, others: Boxes) -> Flags:
    own_areas = _areas(boxes)
    width = np.minimum(boxes[:, 2], others[:, 2]) - np.maximum(boxes[:, 0], others[:, 0])
    height = np.minimum(boxes[:, 3], others[:, 3]) - np.maximum(boxes[:, 1], others[:, 1])
    common_areas = np.maximum(width, 0).astype(np.int32) * np.maximum(height, 0)
    # A flat box has no inside.
    mostly_in = (common_areas > 0) & (10 * common_areas >= INSIDE_TENTHS * own_areas)
    result: Flags = mostly_in & (own_areas < _areas(others))
    return result
