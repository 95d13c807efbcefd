"""The `layout` similarity of a photo with a whole gallery: where things of one kind stand in both.

Objects of one class are matched one to one by overlap (intersection over union) times the geometric mean of
their confidences; the similarity is twice the matched weight over all confidences of both photos. What it means
is defined in `layout_reference.py`; here all photos are matched at once, with the same results.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray, GrowingColumns
from app.search.object_index import ObjectIndex
from app.search.objects import (
    GroupedObjects,
    Objects,
    by_class,
    objects_of_photo,
    runs,
    stable_order,
)
from app.search.ranking import Bounds
from app.search.rows import Rows

CHUNK_PAIRS = 1 << 15
"""How many pairs of objects are compared at once; so many stay in the processor's cache."""
FLAT = 1e-20
"""Areas not above this, in square pixels, are beyond what 32-bit numbers can tell apart."""
ROUNDING = 1e-5
"""More than all rounding errors of 32-bit numbers together can make of twice a matched weight."""
BOX = 4
"""Numbers of a box; an object's confidence comes after them."""


@dataclass(frozen=True)
class Arrangements:
    """The photos with a certain number of objects of one class, and these objects.

    rows: int32 (p,). objects: float32 (5, n_objects, p): xmin, ymin, xmax, ymax of the upright box in pixels of the
    model input, and the confidence; those of one photo in their order.
    """

    rows: NDArray[np.int32]
    objects: Float32


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one.

    masses: float64 (one past the highest row,), the sum of each photo's confidences. classes: by class, all its
    arrangements.
    """

    masses: NDArray[np.float64]
    classes: dict[int, list[Arrangements]]


class GrowingArrangements:
    """The photos with a certain number of objects of one class, as the writer extends them."""

    def __init__(self, n_objects: int) -> None:
        self._rows = GrowingArray[np.int32](np.int32)
        self._objects = GrowingColumns[np.float32](np.float32, (BOX + 1, n_objects))

    def append(self, rows: Rows, objects: Float32) -> None:
        """Add photos: int64 (p,), and their objects, float32 (5, n_objects, p)."""
        self._rows.append(rows)
        self._objects.append(objects)

    def drop(self, dropped: NDArray[np.bool_]) -> None:
        """Take out the photos whose row is True in `dropped`, bool (one past the highest row,)."""
        kept = ~dropped[self._rows.values]
        if not kept.all():
            self._rows.keep(kept)
            self._objects.keep(kept)

    def freeze(self) -> Arrangements:
        """Return the photos so far."""
        return Arrangements(self._rows.values, self._objects.values)


class LayoutIndex(ObjectIndex):
    """All photos' boxes, ready for the `layout` similarity with any photo."""

    def __init__(self) -> None:
        super().__init__()
        self._masses = GrowingArray[np.float64](np.float64)
        self._arrangements: dict[int, dict[int, GrowingArrangements]] = {}
        self._snapshot = Snapshot(np.zeros(0), {})

    def similarities(self, feature: ArrayLike) -> NDArray[np.float64]:
        """Return the `layout` similarity of a photo with all, float64 (one past the highest row,), by row.

        feature: float32 (n_objects, 6). Rows that aren't held have 0. It matches all photos' objects: where the best
        are enough, ask for `bounds`.
        """
        snapshot = self._snapshot
        objects = objects_of_photo(np.asarray(feature, dtype=np.float32))
        return self._exact(snapshot, objects, snapshot.masses)(np.arange(len(snapshot.masses)))

    def bounds(self, feature: ArrayLike) -> Bounds:
        """Return what the `layout` similarities of a photo with all can be at most, by row, and the exact ones.

        feature: float32 (n_objects, 6). Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        return self._bounds(snapshot, objects_of_photo(np.asarray(feature, dtype=np.float32)), snapshot.masses)

    def found(self, feature: ArrayLike) -> Bounds:
        """Return what share of a photo's objects others hold in the same places at most, by row, and the exact ones.

        feature: float32 (n_objects, 6). It is 0..1; what else they hold doesn't count. Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        objects = objects_of_photo(np.asarray(feature, dtype=np.float32))
        return self._bounds(snapshot, objects, np.full(len(snapshot.masses), objects.confidences.sum()))

    def _bounds(self, snapshot: Snapshot, objects: Objects, other_masses: NDArray[np.float64]) -> Bounds:
        """Return the bounds of twice the matched weight by the mass of `objects` and that of each row's."""
        matched = np.zeros(len(snapshot.masses), dtype=np.float32)
        for own, others in _comparable(objects, snapshot):
            self._match(own.astype(np.float32), others, matched, most_matched)
        masses = (other_masses + objects.confidences.sum()).astype(np.float32)
        matched *= 2 + ROUNDING
        uppers = np.divide(matched, masses, out=np.zeros_like(matched), where=masses > 0)
        return Bounds(uppers, self._exact(snapshot, objects, other_masses))

    def _exact(
        self, snapshot: Snapshot, objects: Objects, other_masses: NDArray[np.float64]
    ) -> Callable[[Rows], NDArray[np.float64]]:
        """Return what computes exactly what `_bounds` bounds."""

        def exact(rows: Rows) -> NDArray[np.float64]:
            wanted = np.zeros(len(snapshot.masses), dtype=bool)
            wanted[rows] = True
            matched = np.zeros(len(snapshot.masses))
            for own, others in _comparable(objects, snapshot):
                chosen = np.flatnonzero(wanted[others.rows])
                some = Arrangements(others.rows[chosen], others.objects[..., chosen])
                self._match(own, some, matched, matched_greedily)
            masses = other_masses[rows] + objects.confidences.sum()
            scores = np.divide(2 * matched[rows], masses, out=np.zeros(len(rows)), where=masses > 0)
            return np.asarray(np.minimum(scores, 1.0))

        return exact

    def _match(
        self,
        own: NDArray[np.floating],
        others: Arrangements,
        matched: NDArray[np.floating],
        match: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    ) -> None:
        """Add what `match` makes of the weights of one class's pairs to `matched`, for photos in `others`.

        own: float (5, n_own), the query's objects. matched: float (n_rows,), of the same precision.
        """

        def work(part: slice) -> None:
            weights = pair_weights(own, others.objects[..., part].astype(own.dtype, copy=False))
            # Each row stands only once in the arrangements, so that plain indexing adds everything.
            matched[others.rows[part]] += match(weights)

        n_pairs = own.shape[1] * others.objects.shape[1]
        self._workers.each(work, len(others.rows), max(1, CHUNK_PAIRS // n_pairs))

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if not len(held):
            return
        self._masses.put(held, np.zeros(len(held)))
        dropped = np.zeros(self._held.end, dtype=bool)
        dropped[held] = True
        for by_number in self._arrangements.values():
            for arrangements in by_number.values():
                arrangements.drop(dropped)

    def _append(self, objects: GroupedObjects) -> None:
        masses = np.bincount(objects.photos, objects.confidences, minlength=len(objects.rows))
        self._masses.put(objects.rows, masses)
        columns = _columns(objects.confidences, objects.boxes).astype(np.float32, copy=False)
        rows = objects.group_rows()
        most = int(objects.numbers.max(initial=0)) + 1
        kinds = objects.class_ids * most + objects.numbers
        by_kind = stable_order(kinds)
        for kind, same in runs(kinds[by_kind]):
            class_id, number = divmod(kind, most)
            chosen = by_kind[same]
            by_number = self._arrangements.setdefault(class_id, {})
            if number not in by_number:
                by_number[number] = GrowingArrangements(number)
            places = objects.starts[chosen] + np.arange(number)[:, None]
            by_number[number].append(rows[chosen], np.take(columns, places, axis=1))

    def _publish(self) -> None:
        classes = {
            class_id: [arrangements.freeze() for arrangements in by_number.values()]
            for class_id, by_number in self._arrangements.items()
        }
        self._snapshot = Snapshot(self._masses.values, classes)


def _comparable(objects: Objects, snapshot: Snapshot) -> Iterator[tuple[NDArray[np.floating], Arrangements]]:
    """Yield the query's objects of each class, float64 (5, n_own), with each of the class's arrangements."""
    own = _columns(objects.confidences, objects.boxes.T)
    for class_id, chosen in by_class(objects):
        for arrangements in snapshot.classes.get(class_id, []):
            yield own[:, chosen], arrangements


def pair_weights(own: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return each pair's overlap times the geometric mean of the confidences, float (n_own, n_others, p).

    own: float (5, n_own). others: float (5, n_others, p), of the same type. Both are columns of upright boxes and a
    confidence. Results in float32 are a little off; those of boxes next to nothing are too high.
    """
    # Arithmetic with a number that stands in memory as often as needed is twice as fast as with one number.
    left, top, right, bottom, confidence = np.repeat(own[:, :, None, None], others.shape[2], axis=3)
    other_left, other_top, other_right, other_bottom, other_confidence = others
    none = np.zeros_like(left)
    common = np.minimum(right, other_right)
    common -= np.maximum(left, other_left)
    np.maximum(common, none, out=common)
    common_height = np.minimum(bottom, other_bottom)
    common_height -= np.maximum(top, other_top)
    common *= np.maximum(common_height, none, out=common_height)
    union = (other_right - other_left) * (other_bottom - other_top) + (right - left) * (bottom - top)
    union -= common
    flat = union <= (FLAT if union.dtype == np.float32 else 0)
    if flat.any():
        equal = (own[:BOX, :, None, None] == others[:BOX, None]).all(axis=0)
        common[flat], union[flat] = equal[flat] if union.dtype == np.float64 else 1, 1
    common /= union
    geometric_mean = np.multiply(confidence, other_confidence, out=union)
    common *= np.sqrt(geometric_mean, out=geometric_mean)
    return np.asarray(common)


def most_matched(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return what the weight of each photo's matched pairs, float (p,), can be at most; see `matched_greedily`.

    No object is in more than its heaviest pair.
    """
    n_own, n_others, _ = weights.shape
    if n_own == 1 or n_others == 1:
        return np.asarray(weights.max(axis=(0, 1)))
    return np.asarray(np.minimum(weights.max(axis=0).sum(axis=0), weights.max(axis=1).sum(axis=0)))


def matched_greedily(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the weight of each photo's matched pairs, float (p,), from all pairs', (n_own, n_others, p).

    Pairs are taken by falling weight while both objects are free, the first of equal ones; `weights` is used up.
    """
    n_own, n_others, n_photos = weights.shape
    matched: NDArray[np.floating] = weights.reshape(-1, n_photos).max(axis=0)
    if n_own == 1 or n_others == 1:
        return matched
    heaviest, left = matched, np.arange(n_photos)
    for _ in range(min(n_own, n_others) - 1):
        _take_heaviest(weights)
        heaviest = weights.reshape(-1, len(left)).max(axis=0)
        going_on = heaviest > 0
        if not going_on.any():
            break
        if 2 * np.count_nonzero(going_on) < len(left):
            left, heaviest, weights = left[going_on], heaviest[going_on], weights[..., going_on]
        matched[left] += heaviest
    return matched


def _take_heaviest(weights: NDArray[np.floating]) -> None:
    """Set the pairs of both objects of each photo's heaviest pair to 0; see `matched_greedily`."""
    _, n_others, n_photos = weights.shape
    own, other = np.divmod(weights.reshape(-1, n_photos).argmax(axis=0), n_others)
    photos = np.arange(n_photos)
    weights[own, :, photos] = 0
    weights[:, other, photos] = 0


def _columns(confidences: NDArray[np.floating], boxes: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return upright boxes, from float (4, m), and confidences, float (m,), as columns of the same type, (5, m)."""
    columns = np.empty((BOX + 1, len(confidences)), dtype=boxes.dtype)
    np.minimum(boxes[:2], boxes[2:], out=columns[:2])
    np.maximum(boxes[:2], boxes[2:], out=columns[2:BOX])
    columns[BOX] = confidences
    return columns
