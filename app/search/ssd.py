"""The `ssd` similarity of a photo with a whole gallery: exact, from two sums a class instead of all pairs.

For objects a, b of one class, s = (g(a) + g(b)) / 4 is a term of a plus a term of b. The sum over all pairs of
a class is therefore (n' x sum g + n x sum g') / 4, where n counts the objects: a photo needs only a count and a
sum for each class that it holds. Pairs under the threshold, between faint objects, are taken out one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray
from app.search.object_index import ObjectIndex
from app.search.objects import GroupedObjects, by_class, objects_of_photo, weights
from app.search.rows import Rows, among

THRESHOLD = 1e-5
"""Pairs of objects whose similarity is not above this don't count."""
FAINT = 4 * THRESHOLD
"""A pair is under the threshold if its two g together are not above this; so is each of the two."""
DENSE_SHARE = 1 / 16
"""Of a class that so many photos hold, a number for every photo is read sooner than a list of those that hold it."""
DENSE_FROM_PHOTOS = 1 << 12
NO_PAIRS = 1e-30
"""Counts start with it, to be divided by; it is lost in any sum with a count, and a sum of nothing stays nothing."""
ADDED_AT_ONCE = 1 << 16
"""So many photos' sums stay in the processor's cache while class after class is added to them."""


@dataclass(frozen=True)
class Postings:
    """The photos with objects of one class, and the faint objects among these.

    rows: int32 (m,), each once; None if the columns stand for rows 0 to m - 1, zeros for photos without the class.
    counts: float32 (m,), objects. sums: float32 (m,), a quarter of their g.
    faint_rows: int32 (f,), an entry an object with g up to FAINT. faint_weights: float64 (f,), its g.
    """

    rows: NDArray[np.int32] | None
    counts: Float32
    sums: Float32
    faint_rows: NDArray[np.int32]
    faint_weights: NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one."""

    end: int
    classes: dict[int, Postings]


@dataclass(frozen=True)
class Wanted:
    """A query's objects of one class: their postings, their number, a quarter of their g, and the g of faint ones."""

    postings: Postings
    count: float
    weight: float
    faint: NDArray[np.float64]


class GrowingPostings:
    """The postings of one class as the writer extends them: a list of photos, until they are too many for that."""

    def __init__(self) -> None:
        self._rows: GrowingArray[np.int32] | None = GrowingArray(np.int32)
        self._counts = GrowingArray[np.float32](np.float32)
        self._sums = GrowingArray[np.float32](np.float32)
        self._faint_rows = GrowingArray[np.int32](np.int32)
        self._faint_weights = GrowingArray[np.float64](np.float64)

    def append(self, rows: Rows, counts: NDArray[np.int64], sums: NDArray[np.float64], end: int) -> None:
        """Add photos, of which none is held: int64 (m,) below `end`, how many objects and a quarter of their g."""
        if self._rows is None:
            self._counts.put(rows, counts)
            self._sums.put(rows, sums)
            return
        self._rows.append(rows)
        self._counts.append(counts)
        self._sums.append(sums)
        if len(self._rows) > max(DENSE_FROM_PHOTOS, DENSE_SHARE * end):
            self._make_dense(self._rows.values)

    def append_faint(self, rows: Rows, own_weights: NDArray[np.float64]) -> None:
        """Add faint objects: `rows`, int64 (f,), repeated for each object of a photo, and each object's g."""
        self._faint_rows.append(rows)
        self._faint_weights.append(own_weights)

    def drop(self, rows: Rows, end: int) -> None:
        """Take out the photos `rows`, all below `end`."""
        if self._rows is None:
            known = rows[rows < len(self._counts)]
            known = known[self._counts.values[known] > 0]
            self._counts.put(known, np.zeros(len(known)))
            self._sums.put(known, np.zeros(len(known)))
        else:
            kept = ~among(self._rows.values, rows, end)
            if not kept.all():
                for column in (self._rows, self._counts, self._sums):
                    column.keep(kept)
        kept_faint = ~among(self._faint_rows.values, rows, end)
        if not kept_faint.all():
            for faint_column in (self._faint_rows, self._faint_weights):
                faint_column.keep(kept_faint)

    def freeze(self) -> Postings:
        """Return the postings so far."""
        return Postings(
            None if self._rows is None else self._rows.values,
            self._counts.values,
            self._sums.values,
            self._faint_rows.values,
            self._faint_weights.values,
        )

    def _make_dense(self, rows: NDArray[np.int32]) -> None:
        counts, sums = self._counts.values, self._sums.values
        self._rows, self._counts, self._sums = None, GrowingArray(np.float32), GrowingArray(np.float32)
        self._counts.put(rows, counts)
        self._sums.put(rows, sums)


class SsdIndex(ObjectIndex):
    """All photos' objects, ready for the `ssd` similarity with any photo."""

    def __init__(self) -> None:
        super().__init__()
        self._postings: dict[int, GrowingPostings] = {}
        self._snapshot = Snapshot(0, {})

    def similarities(self, feature: ArrayLike) -> Float32:
        """Return the `ssd` similarity of a photo with all, float32 (one past the highest row,), by row.

        feature: float (n_objects, 6). Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        objects = objects_of_photo(feature)
        own_weights = weights(objects.confidences, objects.boxes.T)
        everything = [
            Wanted(snapshot.classes[class_id], float(len(own)), float(own.sum() / 4), own[own <= FAINT])
            for class_id, own in ((class_id, own_weights[chosen]) for class_id, chosen in by_class(objects))
            if class_id in snapshot.classes
        ]
        # Two arrays, for the one that is returned not to keep the other in memory.
        sums, counts = np.zeros(snapshot.end, dtype=np.float32), np.full(snapshot.end, NO_PAIRS, dtype=np.float32)
        for wanted in everything:
            _add_listed(wanted, sums, counts)
            _take_out_faint(wanted, sums, counts)
        some_taken_out = any(len(wanted.faint) for wanted in everything)

        def work(part: slice) -> None:
            _add_dense(everything, sums[part], counts[part], part)
            if some_taken_out:
                # Where all pairs were, rounding errors may be left.
                none = counts[part] < 1 / 2
                sums[part][none], counts[part][none] = 0, NO_PAIRS
            sums[part] /= counts[part]

        self._workers.each(work, snapshot.end, ADDED_AT_ONCE)
        return sums

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if len(held):
            for postings in self._postings.values():
                postings.drop(held, self._held.end)

    def _append(self, objects: GroupedObjects) -> None:
        own_weights = weights(objects.confidences, objects.boxes)
        sums = np.add.reduceat(own_weights, objects.starts) / 4 if len(objects) else np.zeros(0)
        faint = own_weights <= FAINT
        rows = objects.group_rows()
        for class_id, groups, part in objects.classes():
            postings = self._postings.setdefault(class_id, GrowingPostings())
            postings.append(rows[groups], objects.numbers[groups], sums[groups], self._held.end)
            chosen = part.start + np.flatnonzero(faint[part])
            if len(chosen):
                postings.append_faint(objects.rows[objects.photos[chosen]], own_weights[chosen])

    def _publish(self) -> None:
        frozen = {class_id: postings.freeze() for class_id, postings in self._postings.items()}
        self._snapshot = Snapshot(self._held.end, frozen)


def _add_listed(wanted: Wanted, sums: Float32, counts: Float32) -> None:
    """Add all pairs of one class, if its photos are listed, to their sums of s and counts of pairs, float32 (n,)."""
    postings = wanted.postings
    if postings.rows is not None:
        np.add.at(sums, postings.rows, wanted.count * postings.sums + wanted.weight * postings.counts)
        np.add.at(counts, postings.rows, wanted.count * postings.counts)


def _take_out_faint(wanted: Wanted, sums: Float32, counts: Float32) -> None:
    """Take the pairs of one class that are under the threshold out again, or in advance, as `_add_listed` adds."""
    postings = wanted.postings
    for weight in wanted.faint:
        pair_sums = weight + postings.faint_weights
        ignored = pair_sums <= FAINT
        np.subtract.at(sums, postings.faint_rows[ignored], pair_sums[ignored].astype(np.float32) / 4)
        np.subtract.at(counts, postings.faint_rows[ignored], np.float32(1))


def _add_dense(everything: list[Wanted], sums: Float32, counts: Float32, part: slice) -> None:
    """Add all pairs of the classes that have columns, as `_add_listed` does, for the photos in `part`.

    A class's columns may end before `part` does, or even before it starts.
    """
    room = np.empty(len(sums), dtype=np.float32)
    for wanted in everything:
        postings = wanted.postings
        if postings.rows is None:
            own_counts = postings.counts[part]
            own_sums, end = postings.sums[part], len(own_counts)
            if wanted.count == 1:
                counts[:end] += own_counts
                sums[:end] += own_sums
            else:
                counts[:end] += np.multiply(own_counts, wanted.count, out=room[:end])
                sums[:end] += np.multiply(own_sums, wanted.count, out=room[:end])
            sums[:end] += np.multiply(own_counts, wanted.weight, out=room[:end])
