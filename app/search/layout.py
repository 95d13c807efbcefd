"""The `layout` similarity of a photo with a whole gallery: where things of one kind stand in both.

Objects of one class are matched one to one by overlap (intersection over union) times the geometric mean of
their confidences; the similarity is twice the matched weight over all confidences of both photos. What it means
is defined in `layout_reference.py`; here all photos are matched at once, with the same results.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.search.growing import GrowingArray
from app.search.objects import Objects, by_class, numbered_objects, objects_of_photo
from app.search.rows import RowIndex, Rows, among

CHUNK_PAIRS = 1_000_000
"""How many pairs of objects are compared at once; it bounds the memory of a search."""


@dataclass(frozen=True)
class ClassObjects:
    """All objects of one class; those of one photo stand together, in their order.

    rows: int32 (m,). confidences: float32 (m,). boxes: float32 (m, 4), upright, pixels of the model input.
    """

    rows: NDArray[np.int32]
    confidences: NDArray[np.float32]
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one.

    masses: float64 (one past the highest row,), the sum of each photo's confidences.
    """

    masses: NDArray[np.float64]
    classes: dict[int, ClassObjects]


@dataclass(frozen=True)
class Pairs:
    """Pairs of a query's object with a gallery photo's object of the same class that overlap.

    rows: int64 (p,), the photo. own: int64 (p,), the query's object. other: int64 (p,), the photo's object, by
    its place among all of the class. weights: float64 (p,), above 0.
    """

    rows: Rows
    own: NDArray[np.int64]
    other: NDArray[np.int64]
    weights: NDArray[np.float64]

    def of(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> "Pairs":
        """Return the pairs at `chosen`, which are indexes or a mask."""
        return Pairs(self.rows[chosen], self.own[chosen], self.other[chosen], self.weights[chosen])


class GrowingObjects:
    """The objects of one class as the writer extends them."""

    def __init__(self) -> None:
        self._rows = GrowingArray[np.int32](np.int32)
        self._confidences = GrowingArray[np.float32](np.float32)
        self._boxes = GrowingArray[np.float32](np.float32, (4,))

    def append(self, rows: Rows, objects: Objects) -> None:
        """Add `objects` of the photos `rows`, int64 (m,), repeated for each object of a photo."""
        self._rows.append(rows)
        self._confidences.append(objects.confidences)
        self._boxes.append(_upright(objects.boxes))

    def drop(self, rows: Rows, end: int) -> None:
        """Take out the objects of the photos `rows`, all below `end`."""
        kept = ~among(self._rows.values, rows, end)
        if not kept.all():
            self._rows.keep(kept)
            self._confidences.keep(kept)
            self._boxes.keep(kept)

    def freeze(self) -> ClassObjects:
        """Return the objects so far."""
        return ClassObjects(self._rows.values, self._confidences.values, self._boxes.values)


class LayoutIndex(RowIndex):
    """All photos' boxes, ready for the `layout` similarity with any photo.

    Any number of threads may search and write at once: writers take turns, each publishes a whole snapshot at
    its end, and a search reads one snapshot from start to end without waiting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._masses = GrowingArray[np.float64](np.float64)
        self._objects: dict[int, GrowingObjects] = {}
        self._snapshot = Snapshot(np.zeros(0), {})

    def add(self, rows: ArrayLike, features: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each.
        Raises ValueError for wrong shapes and for values that no detector may give; nothing is changed then.
        """
        numbers, objects = numbered_objects(rows, features)
        masses = np.zeros(len(numbers))
        np.add.at(masses, objects.photos, objects.confidences)
        with self._writing:
            self._drop(numbers)
            self._held.add(numbers)
            self._set_masses(numbers, masses)
            self._append(numbers[objects.photos], objects)
            self._publish()

    def similarities(self, feature: ArrayLike) -> NDArray[np.float64]:
        """Return the `layout` similarity of a photo with all, float64 (one past the highest row,), by row.

        feature: float (n_objects, 6). Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        objects = objects_of_photo(feature)
        matched = np.zeros(len(snapshot.masses))
        for class_id, chosen in by_class(objects):
            others = snapshot.classes.get(class_id)
            if others is not None and len(others.rows):
                pairs = _overlapping_pairs(objects.of(chosen), others)
                matched += _matched_weights(pairs, len(others.rows), len(matched))
        masses = snapshot.masses + objects.confidences.sum()
        result: NDArray[np.float64] = np.divide(2 * matched, masses, out=np.zeros(len(masses)), where=masses > 0)
        return np.minimum(result, 1.0)

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if len(held):
            for objects in self._objects.values():
                objects.drop(held, self._held.end)

    def _set_masses(self, rows: Rows, masses: NDArray[np.float64]) -> None:
        old_end = len(self._masses)
        replaced = rows < old_end
        if replaced.any():
            # A search may be reading these very values: change a copy.
            self._masses.keep(np.ones(old_end, dtype=bool))
            self._masses.values[rows[replaced]] = masses[replaced]
        added = np.zeros(max(self._held.end - old_end, 0))
        added[rows[~replaced] - old_end] = masses[~replaced]
        self._masses.append(added)

    def _append(self, rows: Rows, objects: Objects) -> None:
        for class_id, chosen in by_class(objects):
            growing = self._objects.setdefault(class_id, GrowingObjects())
            growing.append(rows[chosen], objects.of(chosen))

    def _publish(self) -> None:
        frozen = {class_id: objects.freeze() for class_id, objects in self._objects.items()}
        self._snapshot = Snapshot(self._masses.values, frozen)


def overlaps(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union, float64 (n, m), of upright boxes (n, 4) and (m, 4)."""
    left, top, right, bottom = (column[:, None] for column in boxes.T)
    other_left, other_top, other_right, other_bottom = others.T
    common = np.minimum(right, other_right) - np.maximum(left, other_left)
    np.maximum(common, 0, out=common)
    common_height = np.minimum(bottom, other_bottom) - np.maximum(top, other_top)
    common *= np.maximum(common_height, 0, out=common_height)
    other_areas = (other_right - other_left) * (other_bottom - other_top)
    union = (right - left) * (bottom - top) + other_areas - common
    flat = union <= 0
    shares: NDArray[np.float64] = np.divide(common, union, out=common, where=~flat)
    if flat.any():
        own, other = np.nonzero(flat)
        shares[own, other] = (boxes[own] == others[other]).all(axis=1)
    return shares


def _upright(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)


def _overlapping_pairs(own: Objects, others: ClassObjects) -> Pairs:
    """Return all pairs of the query's objects of one class with `others` of the same class that overlap."""
    parts = []
    boxes = _upright(own.boxes)
    step = max(1, CHUNK_PAIRS // len(own))
    for start in range(0, len(others.rows), step):
        chunk = slice(start, start + step)
        shares = overlaps(boxes, others.boxes[chunk].astype(np.float64))
        one, other = np.nonzero(shares > 0)
        confidences = own.confidences[one] * others.confidences[chunk][other].astype(np.float64)
        rows = others.rows[chunk][other].astype(np.int64)
        parts.append(Pairs(rows, one, other + start, shares[one, other] * np.sqrt(confidences)))
    pairs = _concatenated(parts)
    return pairs.of(pairs.weights > 0)


def _concatenated(parts: list[Pairs]) -> Pairs:
    columns = [[part.rows, part.own, part.other] for part in parts]
    rows, own, other = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Pairs(rows, own, other, np.concatenate([part.weights for part in parts]))


def _matched_weights(pairs: Pairs, n_others: int, n_rows: int) -> NDArray[np.float64]:
    """Return the weight of each photo's matched pairs, float64 (n_rows,).

    Taking pairs by falling weight while both objects are free equals taking, again and again, every pair that
    is the first one left of both its objects; that takes a few rounds over whole arrays.
    """
    pairs = pairs.of(np.lexsort((pairs.other, pairs.own, -pairs.weights)))
    matched = np.zeros(n_rows)
    taken_others = np.zeros(n_others, dtype=bool)
    while len(pairs.weights):
        own_keys = pairs.rows * (int(pairs.own.max()) + 1) + pairs.own
        chosen = _first_of_each(own_keys) & _first_of_each(pairs.other)
        # Distinct pairs of one photo may be chosen together, so each has to be counted.
        matched += np.bincount(pairs.rows[chosen], pairs.weights[chosen], minlength=n_rows)
        taken_others[pairs.other[chosen]] = True
        own_taken = np.isin(own_keys, own_keys[chosen])
        pairs = pairs.of(~(own_taken | taken_others[pairs.other]))
    return matched


def _first_of_each(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each entry whether no equal key stands before it, bool (n,)."""
    firsts = np.unique(keys, return_index=True)[1]
    result = np.zeros(len(keys), dtype=bool)
    result[firsts] = True
    return result
