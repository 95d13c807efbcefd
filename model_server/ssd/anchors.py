"""Anchors: one square a cell on five grids, and which of them answers for which labelled object.

All boxes here are in 0..1 of the model's input. With one square anchor a cell and objects assigned by
statistics (ATSS, Zhang et al. 2020), each class has one classifier for all sizes and shapes, which serves the
classes with few labelled objects.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INPUT_PX = 300


@dataclass(frozen=True)
class Level:
    """A square grid of anchors; side: anchor width and height in 0..1 of the input."""

    cells: int
    side: float


LEVELS = (Level(38, 0.08), Level(19, 0.16), Level(10, 0.32), Level(5, 0.56), Level(3, 0.9))
CENTRE_SCALE, SIZE_SCALE = 0.1, 0.2  # units of the predicted offsets, as in SSD
MAX_SIZE_STEP = 4.0  # exp(4) anchors is far beyond the picture; stops an overflow
CANDIDATES_PER_LEVEL = 9
IGNORED_OVERLAP = 0.4
BACKGROUND, IGNORED = -1, -2


def anchors() -> NDArray[np.float32]:
    """Return float32 (1939, 4): centre x, centre y, width, height, level by level, row by row."""
    rows = []
    for level in LEVELS:
        middles = (np.arange(level.cells) + 0.5) / level.cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        side = np.full(level.cells**2, level.side)
        rows.append(np.stack([x.ravel(), y.ravel(), side, side], axis=1))
    return np.concatenate(rows).astype(np.float32)


def corners_of(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (n, 4) centre x, centre y, width, height into xmin, ymin, xmax, ymax."""
    half = centred[:, 2:] / 2
    return np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)


def overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the IoU of each pair, float32 (len(boxes), len(others)), of boxes given by their corners."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None] + (others[:, 2:] - others[:, :2]).prod(axis=1)
    iou: NDArray[np.float32] = (shared / np.maximum(areas - shared, 1e-9)).astype(np.float32)
    return iou


class Matcher:
    """Says for each anchor which object it answers for."""

    def __init__(self) -> None:
        self._centred = anchors()
        self._corners = corners_of(self._centred)
        self._slices = _level_slices()

    def match(self, corners: NDArray[np.float32], difficult: NDArray[np.bool_]) -> NDArray[np.int16]:
        """Return int16 (1939,): the number of the object, BACKGROUND, or IGNORED near a difficult one.

        corners: float32 (n, 4) in 0..1; difficult: bool (n,). Each object that isn't difficult gets an anchor
        unless others overlap that anchor more.
        """
        owner = np.full(len(self._centred), BACKGROUND, np.int16)
        if not len(corners):
            return owner
        iou = overlaps(self._corners, corners)
        owner[(iou[:, difficult] >= IGNORED_OVERLAP).any(axis=1) | self._inside(corners[difficult])] = IGNORED
        best = np.zeros(len(owner), np.float32)
        near = self._near(corners)
        for number in np.flatnonzero(~difficult):
            chosen = self._candidates(corners[number], iou[:, number], near[:, number])
            chosen = chosen[iou[chosen, number] > best[chosen]]
            owner[chosen], best[chosen] = number, iou[chosen, number]
        return owner

    def _near(self, corners: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the anchors (candidates, n) nearest to the middle of each box, the same number on each level."""
        middles = (corners[:, :2] + corners[:, 2:]) / 2
        distance = np.square(self._centred[:, None, :2] - middles).sum(axis=2)
        last = CANDIDATES_PER_LEVEL - 1
        return np.concatenate(
            [part.start + np.argpartition(distance[part], last, axis=0)[: last + 1] for part in self._slices]
        )

    def _candidates(
        self, box: NDArray[np.float32], iou: NDArray[np.float32], near: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Choose anchors by ATSS: near the middle, overlapping more than mean + deviation, centred inside."""
        threshold = iou[near].mean() + iou[near].std()
        centres = self._centred[near, :2]
        inside = ((centres > box[:2]) & (centres < box[2:])).all(axis=1)
        chosen: NDArray[np.intp] = near[(iou[near] >= threshold) & inside]
        return chosen if len(chosen) else near[[iou[near].argmax()]]

    def _inside(self, corners: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return bool (1939,): anchors centred in any of the boxes."""
        centres = self._centred[:, None, :2]
        inside = np.logical_and(centres > corners[:, :2], centres < corners[:, 2:])
        result: NDArray[np.bool_] = np.any(np.all(inside, axis=2), axis=1)
        return result


def _level_slices() -> list[slice]:
    ends = np.cumsum([level.cells**2 for level in LEVELS])
    return [slice(int(end) - level.cells**2, int(end)) for level, end in zip(LEVELS, ends, strict=True)]
