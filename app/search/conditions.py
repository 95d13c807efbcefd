"""Which photos of a whole gallery hold objects that are so many, stand so or are so big.

What each condition means is defined in `conditions_reference.py`; here all photos are judged at once, with the same
results. Only objects that were seen surely enough count. They are grouped by class and, within one, ordered by
photo, so that a search reads the objects of its own classes only and finds those of one photo side by side.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import LEAST_CONFIDENCE, Relation, Size
from app.search.conditions_reference import ClassIds, Wanted
from app.search.growing import GrowingArray
from app.search.objects import Objects, by_class, numbered_objects
from app.search.relations import Flags, has_size, stands
from app.search.rows import RowIndex, Rows, among


@dataclass(frozen=True)
class Things:
    """Objects in the order of their photos; rows: int32 (m,), ascending. boxes: float32 (m, 4), upright."""

    rows: NDArray[np.int32]
    boxes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, chosen: NDArray[np.integer] | Flags) -> "Things":
        """Return the things at `chosen`, which are indexes or a mask."""
        return Things(self.rows[chosen], self.boxes[chosen])


@dataclass(frozen=True)
class ObjectSnapshot:
    """A state of the table that never changes; all conditions of one query are judged by one.

    held: bool (one past the highest row,), whether the photo was looked at. Results have the same length.
    """

    held: Flags
    classes: dict[int, Things]

    def counts(self, class_ids: ClassIds) -> NDArray[np.int64]:
        """Return how many things of these classes each photo holds, int64 (n_rows,)."""
        counts = np.zeros(len(self.held), dtype=np.int64)
        for things in self._classes(class_ids):
            counts += np.bincount(things.rows, minlength=len(counts))
        return counts

    def placed(self, subjects: ClassIds, wanted: Wanted) -> Flags:
        """Tell which photos hold one thing that stands to others in all the wanted ways, bool (n_rows,)."""
        things = self._together(subjects)
        for relation, class_ids in wanted:
            things = things.of(_stand_to_any(things, relation, self._together(class_ids), len(self.held)))
        return self._flags(things.rows)

    def sized(self, class_ids: ClassIds, size: Size) -> Flags:
        """Tell which photos hold a big or small thing of these classes, bool (n_rows,)."""
        found = np.zeros(len(self.held), dtype=bool)
        for things in self._classes(class_ids):
            found[things.rows[has_size(things.boxes.astype(np.float64), size)]] = True
        return found

    def _classes(self, class_ids: ClassIds) -> Iterable[Things]:
        return (self.classes[class_id] for class_id in sorted(class_ids) if class_id in self.classes)

    def _together(self, class_ids: ClassIds) -> Things:
        """Return the things of several classes as of one."""
        found = list(self._classes(class_ids))
        if len(found) == 1:
            return found[0]
        none = Things(np.zeros(0, dtype=np.int32), np.zeros((0, 4), dtype=np.float32))
        rows = np.concatenate([things.rows for things in (none, *found)])
        boxes = np.concatenate([things.boxes for things in (none, *found)])
        return Things(rows, boxes).of(np.argsort(rows, kind="stable"))

    def _flags(self, rows: NDArray[np.integer]) -> Flags:
        flags = np.zeros(len(self.held), dtype=bool)
        flags[rows] = True
        return flags


class GrowingThings:
    """The objects of one class as the writer extends them."""

    def __init__(self) -> None:
        self._rows = GrowingArray[np.int32](np.int32)
        self._boxes = GrowingArray[np.float32](np.float32, (4,))

    def append(self, rows: Rows, boxes: NDArray[np.float64]) -> None:
        """Add objects of the photos `rows`, int64 (m,), repeated for each object of a photo."""
        order = np.argsort(rows, kind="stable")
        follows = not len(self._rows) or not len(rows) or rows[order[0]] > self._rows.values[-1]
        self._rows.append(rows[order])
        self._boxes.append(_upright(boxes[order]))
        if not follows:
            self._sort()

    def drop(self, rows: Rows, end: int) -> None:
        """Take out the objects of the photos `rows`, all below `end`."""
        kept = ~among(self._rows.values, rows, end)
        if not kept.all():
            self._rows.keep(kept)
            self._boxes.keep(kept)

    def freeze(self) -> Things:
        """Return the objects so far."""
        return Things(self._rows.values, self._boxes.values)

    def _sort(self) -> None:
        things = self.freeze().of(np.argsort(self._rows.values, kind="stable"))
        self._rows = GrowingArray[np.int32](np.int32)
        self._boxes = GrowingArray[np.float32](np.float32, (4,))
        self._rows.append(things.rows)
        self._boxes.append(things.boxes)


class ObjectTable(RowIndex):
    """All photos' objects, ready for conditions on them.

    Any number of threads may search and write at once: writers take turns, each publishes a whole snapshot at
    its end, and a search reads one snapshot from start to end without waiting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._things: dict[int, GrowingThings] = {}
        self._snapshot = ObjectSnapshot(np.zeros(0, dtype=bool), {})

    def add(self, rows: ArrayLike, features: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each.
        Raises ValueError for wrong shapes and for values that no detector may give; nothing is changed then.
        """
        numbers, objects = numbered_objects(rows, np.asarray(features, dtype=np.float32))
        sure = objects.of(objects.confidences >= np.float32(LEAST_CONFIDENCE))
        with self._writing:
            self._drop(numbers)
            self._held.add(numbers)
            self._append(numbers[sure.photos], sure)
            self._publish()

    def snapshot(self) -> ObjectSnapshot:
        """Return the present state."""
        return self._snapshot

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if len(held):
            for things in self._things.values():
                things.drop(held, self._held.end)

    def _append(self, rows: Rows, objects: Objects) -> None:
        for class_id, chosen in by_class(objects):
            things = self._things.setdefault(class_id, GrowingThings())
            things.append(rows[chosen], objects.boxes[chosen])

    def _publish(self) -> None:
        frozen = {class_id: things.freeze() for class_id, things in self._things.items()}
        self._snapshot = ObjectSnapshot(self._held.mask(), frozen)


def _stand_to_any(things: Things, relation: Relation, others: Things, n_rows: int) -> Flags:
    """Tell of each thing whether it stands so to any of the others in its photo, bool (len(things),).

    Each round compares the things that are still open with the next other of their photo: photos hold few things of a
    class, and most are settled in the first rounds. No thing stands so to itself, so it may be among the others.
    """
    counts = np.bincount(others.rows, minlength=n_rows)
    firsts = np.cumsum(counts) - counts
    found = np.zeros(len(things), dtype=bool)
    waiting = np.flatnonzero(counts[things.rows])
    round_number = 0
    while len(waiting):
        rows = things.rows[waiting]
        boxes = things.boxes[waiting].astype(np.float64)
        other_boxes = others.boxes[firsts[rows] + round_number].astype(np.float64)
        stand = stands(boxes, relation, other_boxes)
        found[waiting[stand]] = True
        round_number += 1
        waiting = waiting[~stand & (counts[rows] > round_number)]
    return found


def _upright(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
