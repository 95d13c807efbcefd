"""Which photos of a whole gallery hold objects that are so many, stand so or are so big.

What each condition means is defined in `conditions_reference.py`; here all photos are judged at once, with the same
results. Only objects that were seen surely enough count. They are grouped by class and, within one, ordered by
photo, so that a search reads the objects of its own classes only and finds those of one photo side by side.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import LEAST_CONFIDENCE, Relation, Size
from app.search.conditions_reference import ClassIds, Wanted
from app.search.growing import GrowingArray
from app.search.object_index import ObjectIndex
from app.search.objects import GroupedObjects
from app.search.relations import Boxes, Flags, has_size, in_steps, stands
from app.search.rows import Rows, among


@dataclass(frozen=True)
class Things:
    """Objects in the order of their photos; rows: int32 (m,), ascending. boxes: int16 (m, 4), as in relations.py."""

    rows: NDArray[np.int32]
    boxes: Boxes

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, chosen: NDArray[np.integer]) -> "Things":
        """Return the things at some indexes."""
        # Ten times as fast as boxes[chosen]: it copies whole boxes.
        return Things(self.rows.take(chosen), self.boxes.take(chosen, axis=0))


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
        candidates = self._holding(subjects)
        for _, class_ids in wanted:
            candidates &= self._holding(class_ids)
        things = self._together(subjects, candidates)
        *others, (last_relation, last_ids) = wanted
        for relation, class_ids in others:
            found = _stand_to_any(things, relation, self._together(class_ids, candidates), len(candidates))
            things = things.of(np.flatnonzero(found))
        return _photos_of_pairs(things, last_relation, self._together(last_ids, candidates), len(candidates))

    def sized(self, class_ids: ClassIds, size: Size) -> Flags:
        """Tell which photos hold a big or small thing of these classes, bool (n_rows,)."""
        found = np.zeros(len(self.held), dtype=bool)
        for things in self._classes(class_ids):
            found[things.rows[has_size(things.boxes, size)]] = True
        return found

    def _classes(self, class_ids: ClassIds) -> Iterable[Things]:
        return (self.classes[class_id] for class_id in sorted(class_ids) if class_id in self.classes)

    def _holding(self, class_ids: ClassIds) -> Flags:
        """Tell which photos hold anything of these classes, bool (n_rows,)."""
        flags = np.zeros(len(self.held), dtype=bool)
        for things in self._classes(class_ids):
            flags[things.rows] = True
        return flags

    def _together(self, class_ids: ClassIds, photos: Flags) -> Things:
        """Return the things of several classes in some photos, bool (n_rows,), as of one class."""
        found = [things.of(np.flatnonzero(photos.take(things.rows))) for things in self._classes(class_ids)]
        if len(found) == 1:
            return found[0]
        none = Things(np.zeros(0, dtype=np.int32), np.zeros((0, 4), dtype=np.int16))
        rows = np.concatenate([things.rows for things in (none, *found)])
        boxes = np.concatenate([things.boxes for things in (none, *found)])
        return Things(rows, boxes).of(np.argsort(rows, kind="stable"))


class GrowingThings:
    """The objects of one class as the writer extends them."""

    def __init__(self) -> None:
        self._rows = GrowingArray[np.int32](np.int32)
        self._boxes = GrowingArray[np.int16](np.int16, (4,))

    def append(self, rows: Rows, boxes: Boxes) -> None:
        """Add objects of the photos `rows`, int64 (m,), ascending, repeated for each object of a photo."""
        follows = not len(self._rows) or not len(rows) or rows[0] > self._rows.values[-1]
        self._rows.append(rows)
        self._boxes.append(boxes)
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
        self._boxes = GrowingArray[np.int16](np.int16, (4,))
        self._rows.append(things.rows)
        self._boxes.append(things.boxes)


class ObjectTable(ObjectIndex):
    """All photos' objects, ready for conditions on them."""

    def __init__(self) -> None:
        super().__init__()
        self._things: dict[int, GrowingThings] = {}
        self._snapshot = ObjectSnapshot(np.zeros(0, dtype=bool), {})

    def snapshot(self) -> ObjectSnapshot:
        """Return the present state."""
        return self._snapshot

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if len(held):
            for things in self._things.values():
                things.drop(held, self._held.end)

    def _append(self, objects: GroupedObjects) -> None:
        sure = objects.confidences >= np.float32(LEAST_CONFIDENCE)
        for class_id, _, part in objects.classes():
            chosen = part.start + np.flatnonzero(sure[part])
            if len(chosen):
                things = self._things.setdefault(class_id, GrowingThings())
                boxes = objects.boxes.take(chosen, axis=1).T
                things.append(objects.rows[objects.photos[chosen]], in_steps(boxes))

    def _publish(self) -> None:
        frozen = {class_id: things.freeze() for class_id, things in self._things.items()}
        self._snapshot = ObjectSnapshot(self._held.mask(), frozen)


@dataclass
class _Pairs:
    """Things with one other of their photo each; whoever judges them says which need no further other.

    things: int64 (p,), indexes. rows: int32 (p,). boxes, other_boxes: int16 (p, 4). settled: bool (p,).
    """

    things: NDArray[np.int64]
    rows: NDArray[np.int32]
    boxes: Boxes
    other_boxes: Boxes
    settled: Flags


def _rounds(things: Things, others: Things, n_rows: int) -> Iterator[_Pairs]:
    """Yield things with the first other of their photo, then those that aren't settled with the second, and so on.

    Photos hold few things of a class, and most are settled in the first rounds. Nothing stands in any relation to
    itself, so a thing may be among its others.
    """
    counts = np.bincount(others.rows, minlength=n_rows)
    waiting = np.flatnonzero(counts[things.rows])
    first = things.of(waiting)
    left = counts.take(first.rows)
    other = (np.cumsum(counts) - counts).take(first.rows)
    while len(waiting):
        pairs = _Pairs(waiting, first.rows, first.boxes, others.boxes.take(other, axis=0), np.zeros(len(other), bool))
        yield pairs
        left -= 1
        kept = np.flatnonzero(~pairs.settled & (left > 0))
        waiting, first, left, other = waiting.take(kept), first.of(kept), left.take(kept), other.take(kept) + 1


def _stand_to_any(things: Things, relation: Relation, others: Things, n_rows: int) -> Flags:
    """Tell of each thing whether it stands so to any of the others in its photo, bool (len(things),)."""
    found = np.zeros(len(things), dtype=bool)
    for pairs in _rounds(things, others, n_rows):
        pairs.settled = stands(pairs.boxes, relation, pairs.other_boxes)
        found[pairs.things[pairs.settled]] = True
    return found


def _photos_of_pairs(things: Things, relation: Relation, others: Things, n_rows: int) -> Flags:
    """Tell of each photo whether any of the things in it stands so to any of the others, bool (n_rows,).

    The fewer ones lead, and a photo is done with its first pair.
    """
    found = np.zeros(n_rows, dtype=bool)
    swapped = len(others) < len(things)
    for pairs in _rounds(others, things, n_rows) if swapped else _rounds(things, others, n_rows):
        first, second = (pairs.other_boxes, pairs.boxes) if swapped else (pairs.boxes, pairs.other_boxes)
        found[pairs.rows[stands(first, relation, second)]] = True
        pairs.settled = found[pairs.rows]
    return found
