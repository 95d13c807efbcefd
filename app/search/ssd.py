"""The `ssd` similarity of a photo with a whole gallery: exact, from two sums a class instead of all pairs.

For objects a, b of one class, s = (g(a) + g(b)) / 4 is a term of a plus a term of b. The sum over all pairs of
a class is therefore (n' x sum g + n x sum g') / 4, where n counts the objects: a photo needs only a count and a
sum for each class that it holds. Pairs under the threshold, between faint objects, are taken out one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.search.growing import GrowingArray
from app.search.objects import Objects, by_class, numbered_objects, objects_of_photo, weights
from app.search.rows import RowIndex, Rows, among

THRESHOLD = 1e-5
"""Pairs of objects whose similarity is not above this don't count."""
FAINT = 4 * THRESHOLD
"""A pair is under the threshold if its two g together are not above this; so is each of the two."""


@dataclass(frozen=True)
class Postings:
    """The photos with objects of one class, and the faint objects among these.

    rows: int32 (m,), each once. counts: int32 (m,), objects. sums: float64 (m,), their g.
    faint_rows: int32 (f,), an entry an object with g up to FAINT. faint_weights: float64 (f,), its g.
    """

    rows: NDArray[np.int32]
    counts: NDArray[np.int32]
    sums: NDArray[np.float64]
    faint_rows: NDArray[np.int32]
    faint_weights: NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one."""

    end: int
    classes: dict[int, Postings]


class GrowingPostings:
    """The postings of one class as the writer extends them."""

    def __init__(self) -> None:
        self._rows = GrowingArray[np.int32](np.int32)
        self._counts = GrowingArray[np.int32](np.int32)
        self._sums = GrowingArray[np.float64](np.float64)
        self._faint_rows = GrowingArray[np.int32](np.int32)
        self._faint_weights = GrowingArray[np.float64](np.float64)

    def append(self, rows: Rows, own_weights: NDArray[np.float64]) -> None:
        """Add objects: `rows`, int64 (m,), repeated for each object of a photo, and each object's g."""
        distinct, places, counts = np.unique(rows, return_inverse=True, return_counts=True)
        self._rows.append(distinct)
        self._counts.append(counts)
        self._sums.append(np.bincount(places, own_weights))
        faint = own_weights <= FAINT
        self._faint_rows.append(rows[faint])
        self._faint_weights.append(own_weights[faint])

    def drop(self, rows: Rows, end: int) -> None:
        """Take out the photos `rows`, all below `end`."""
        kept = ~among(self._rows.values, rows, end)
        if kept.all():
            return
        for column in (self._rows, self._counts, self._sums):
            column.keep(kept)
        kept_faint = ~among(self._faint_rows.values, rows, end)
        for faint_column in (self._faint_rows, self._faint_weights):
            faint_column.keep(kept_faint)

    def freeze(self) -> Postings:
        """Return the postings so far."""
        return Postings(
            self._rows.values,
            self._counts.values,
            self._sums.values,
            self._faint_rows.values,
            self._faint_weights.values,
        )


class SsdIndex(RowIndex):
    """All photos' objects, ready for the `ssd` similarity with any photo.

    Any number of threads may search and write at once: writers take turns, each publishes a whole snapshot at
    its end, and a search reads one snapshot from start to end without waiting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._postings: dict[int, GrowingPostings] = {}
        self._snapshot = Snapshot(0, {})

    def add(self, rows: ArrayLike, features: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each.
        Raises ValueError for wrong shapes and for values that no detector may give; nothing is changed then.
        """
        numbers, objects = numbered_objects(rows, features)
        with self._writing:
            self._drop(numbers)
            self._held.add(numbers)
            self._append(numbers[objects.photos], objects)
            self._publish()

    def similarities(self, feature: ArrayLike) -> NDArray[np.float64]:
        """Return the `ssd` similarity of a photo with all, float64 (one past the highest row,), by row.

        feature: float (n_objects, 6). Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        objects = objects_of_photo(feature)
        own_weights = weights(objects)
        sums = np.zeros(snapshot.end)
        counts = np.zeros(snapshot.end)
        for class_id, chosen in by_class(objects):
            if class_id in snapshot.classes:
                _add_pairs(snapshot.classes[class_id], own_weights[chosen], sums, counts)
        return np.divide(sums, 4 * counts, out=np.zeros(snapshot.end), where=counts > 0)

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if len(held):
            for postings in self._postings.values():
                postings.drop(held, self._held.end)

    def _append(self, rows: Rows, objects: Objects) -> None:
        own_weights = weights(objects)
        for class_id, chosen in by_class(objects):
            postings = self._postings.setdefault(class_id, GrowingPostings())
            postings.append(rows[chosen], own_weights[chosen])

    def _publish(self) -> None:
        frozen = {class_id: postings.freeze() for class_id, postings in self._postings.items()}
        self._snapshot = Snapshot(self._held.end, frozen)


def _add_pairs(
    postings: Postings, own_weights: NDArray[np.float64], sums: NDArray[np.float64], counts: NDArray[np.float64]
) -> None:
    """Add one class's pairs to each photo's sum of g + g', float64 (n,), and count of pairs, float64 (n,).

    own_weights: float64 (m,), g of the query's objects of this class.
    """
    own_count, own_sum = len(own_weights), own_weights.sum()
    # Each row stands only once in the postings, so that plain indexing adds everything.
    sums[postings.rows] += own_count * postings.sums + own_sum * postings.counts
    counts[postings.rows] += own_count * postings.counts
    for weight in own_weights[own_weights <= FAINT]:
        pair_sums = weight + postings.faint_weights
        ignored = pair_sums <= FAINT
        np.subtract.at(sums, postings.faint_rows[ignored], pair_sums[ignored])
        np.subtract.at(counts, postings.faint_rows[ignored], 1)
