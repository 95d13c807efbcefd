"""The `embedding` similarity: the cosine of a vector with all photos' vectors, exact.

What is scanned is a byte a number (`quantised.py`), which bounds every cosine from above; the cosines of those that
can be among the best are then computed from the vectors as they are, which need not be in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray
from app.search.quantised import Codes, quantise, upper_bounds
from app.search.ranking import Bounds, Ranked, top_bounded
from app.search.rows import RowIndex, Rows, among, checked_rows

GONE = -1
COMPARED_AT_ONCE = 1024
"""Vectors that are float64 at once: to compare a whole gallery exactly must not need twice its size."""
REMEMBERED = 1024
"""Vectors, as float64, that are kept while photos are looked for that are like several ones."""
GATHERED_AT_ONCE = 1 << 10
"""Vectors that are picked out of all others and worked on at once: so few stay in the processor's cache."""
WORTH_COMPACTING = 1024
"""Below so many dead vectors nothing is copied to get rid of them."""

VectorSource = Callable[[Rows], Float32]
"""Returns the vectors of rows, int64 (n,), as they were added: float32 (n, width); zeros for rows that are gone."""
NormalisedSource = Callable[[Rows], NDArray[np.float64]]
"""Returns the vectors of rows, int64 (n,), with length 1: float64 (n, width); zeros for rows that are gone."""


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one.

    end: one past the highest row. rows: int64 (n,), of each vector its photo's row, or GONE. in_order: whether vector
    i is of row i, for all. codes: of the n vectors. vectors: float32 (n, width), as they came, or (0, width) if they
    are read from elsewhere.
    """

    end: int
    rows: Rows
    in_order: bool
    codes: Codes
    vectors: Float32


class EmbeddingIndex(RowIndex):
    """All photos' embeddings by one model, searched by comparing with every one.

    A replaced vector is written anew at the end, never over the old one, so any number of threads may search
    and write at once: writers take turns, and a search reads the snapshot that was whole when it began.
    """

    def __init__(self, width: int, source: VectorSource | None = None) -> None:
        """Start empty, for vectors of `width` numbers, which are kept in memory unless `source` can read them."""
        self.width = width
        super().__init__()
        self._source = source
        self._rows = GrowingArray[np.int64](np.int64)
        self._codes = GrowingArray[np.int8](np.int8, (width,))
        self._scales = GrowingArray[np.float32](np.float32)
        self._errors = GrowingArray[np.float32](np.float32)
        self._vectors = GrowingArray[np.float32](np.float32, (width,))
        self._in_order = True
        self._publish()

    def reserve(self, capacity: int) -> None:
        """Make room for `capacity` vectors in all, so that filling up to there copies nothing."""
        with self._writing:
            for column in self._columns():
                column.reserve(capacity)
            self._publish()

    def add(self, rows: ArrayLike, vectors: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. vectors: float (n, width), of any length; one of zeros is like nothing.
        Raises ValueError for wrong shapes and for values that aren't finite; nothing is changed then.
        """
        numbers = checked_rows(rows)
        checked = self._checked(vectors)
        if len(checked) != len(numbers):
            raise ValueError(f"{len(numbers)} rows came with {len(checked)} vectors.")
        codes = quantise(checked, self._workers)
        with self._writing:
            self._drop(numbers)
            self._held.add(numbers)
            start = len(self._rows)
            self._in_order = self._in_order and np.array_equal(numbers, np.arange(start, start + len(numbers)))
            self._rows.append(numbers)
            self._codes.append(codes.codes)
            self._scales.append(codes.scales)
            self._errors.append(codes.errors)
            if self._source is None:
                self._vectors.append(checked)
            self._publish()

    def top(
        self, vector: ArrayLike, limit: int, exclude: ArrayLike = (), allowed: NDArray[np.bool_] | None = None
    ) -> Ranked:
        """Return the `limit` photos of the highest cosine with `vector`, float (width,), without `exclude`.

        allowed: bool (n_rows,), the only rows that count. Exact; equal ones stand by row. A vector of zeros has none.
        """
        if not np.any(vector):
            limit = 0
        return top_bounded(self.bounds(vector), limit, exclude=exclude, above=-np.inf, allowed=allowed)

    def bounds(self, vector: ArrayLike) -> Bounds:
        """Return what the cosines of `vector`, float (width,), with all can be at most, by row, and the exact ones.

        Rows that aren't held have -inf, and 0 for an exact one.
        """
        return self.bounds_of_many(np.asarray(vector)[None])[0]

    def bounds_of_many(self, vectors: ArrayLike) -> list[Bounds]:
        """Return the `bounds` of each of `vectors`, float (n, width); in one go that is quicker than one by one."""
        snapshot = self._snapshot
        checked = self._checked(vectors)
        uppers = upper_bounds(snapshot.codes, checked, self._workers)
        read = self._normalised_source(snapshot)
        if len(checked) > 1:
            read = _Remembered(read, snapshot.end, self.width).read
        return [
            Bounds(_by_row(snapshot, one), _exact(read, vector)) for one, vector in zip(uppers, checked, strict=True)
        ]

    def bounds_among(self, vector: ArrayLike, rows: Rows) -> Bounds:
        """Return the `bounds` of `vector`, float (width,), with those of `rows`, int64 (n,), that are held.

        All other rows have -inf. It takes much less time if they are few.
        """
        snapshot = self._snapshot
        checked = self._checked(np.asarray(vector)[None])
        rows = rows[rows < snapshot.end]
        places = _places(snapshot)[rows]
        rows, places = rows[places != GONE], places[places != GONE]
        uppers = np.full(snapshot.end, -np.inf, dtype=np.float32)

        def work(part: slice) -> None:
            (uppers[rows[part]],) = upper_bounds(snapshot.codes.at(places[part]), checked, self._workers)

        self._workers.each(work, len(rows), GATHERED_AT_ONCE)
        return Bounds(uppers, _exact(self._normalised_source(snapshot), checked[0]))

    def blocks(self) -> Iterator[tuple[Rows, Float32]]:
        """Yield all rows with their vectors as they are kept, of length 1 and a little off: float32 (n, width)."""
        snapshot = self._snapshot
        held = np.flatnonzero(snapshot.rows != GONE)
        for start in range(0, len(held), GATHERED_AT_ONCE):
            places = held[start : start + GATHERED_AT_ONCE]
            yield snapshot.rows[places], snapshot.codes.at(places).decoded()

    def spread(self, count: int) -> tuple[Rows, Float32]:
        """Return `count` rows, or all if there are fewer, from all over the gallery with vectors as `blocks` does."""
        snapshot = self._snapshot
        held = np.flatnonzero(snapshot.rows != GONE)
        # Not evenly: photos may follow each other with some rhythm.
        random = np.random.default_rng(len(held))
        places = np.sort(random.choice(held, min(count, len(held)), replace=False))
        return snapshot.rows[places], snapshot.codes.at(places).decoded()

    def similarities(self, vector: ArrayLike) -> Float32:
        """Return the cosine of `vector`, float (width,), with all, float32 (one past the highest row,), by row.

        Rows that aren't held have 0. It reads every vector: where some are enough, ask for `bounds`.
        """
        snapshot = self._snapshot
        (checked,) = self._checked(np.asarray(vector)[None])
        held = np.sort(snapshot.rows[snapshot.rows != GONE])
        result = np.zeros(snapshot.end, dtype=np.float32)
        result[held] = _exact(self._normalised_source(snapshot), checked)(held)
        return result

    def _normalised_source(self, snapshot: Snapshot) -> NormalisedSource:
        read = self._source or _kept(snapshot)
        return lambda rows: normalised(read(rows))

    def _checked(self, vectors: ArrayLike) -> Float32:
        array = np.asarray(vectors)
        if array.ndim != 2 or array.shape[1] != self.width:
            raise ValueError(f"Embeddings have the shape (photos, {self.width}), not {array.shape}.")
        with np.errstate(over="ignore"):
            return array.astype(np.float32, copy=False)

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if not len(held):
            return
        # Searches may be reading the row numbers: change a copy.
        self._rows.keep(np.ones(len(self._rows), dtype=bool))
        numbers = self._rows.values
        alive = np.flatnonzero(numbers != GONE)
        numbers[alive[among(numbers[alive], held, self._held.end)]] = GONE
        self._in_order = False
        self._compact()

    def _compact(self) -> None:
        """Free the memory of dead vectors once they are more than the living ones."""
        alive = self._rows.values != GONE
        n_dead = len(alive) - int(np.count_nonzero(alive))
        if n_dead > WORTH_COMPACTING and 2 * n_dead > len(alive):
            for column in self._columns():
                column.keep(alive)

    def _columns(self) -> list[GrowingArray[Any]]:
        columns: list[GrowingArray[Any]] = [self._rows, self._codes, self._scales, self._errors]
        return columns if self._source else [*columns, self._vectors]

    def _publish(self) -> None:
        codes = Codes(self._codes.values, self._scales.values, self._errors.values)
        self._snapshot = Snapshot(self._held.end, self._rows.values, self._in_order, codes, self._vectors.values)


class _Remembered:
    """Reads vectors once for several queries, whose best are often the same; of many only the first."""

    def __init__(self, source: NormalisedSource, end: int, width: int) -> None:
        """`end` is one past the highest row."""
        self._source = source
        self._vectors = np.empty((min(REMEMBERED, end), width))
        self._count = 0
        self._places = np.full(end, GONE, np.int32)

    def read(self, rows: Rows) -> NDArray[np.float64]:
        """Return the vectors of rows, each of which is named once."""
        unknown = rows[self._places[rows] == GONE]
        end = self._count + len(unknown)
        if end > len(self._vectors):
            return self._source(rows)
        self._vectors[self._count : end] = self._source(unknown)
        self._places[unknown] = np.arange(self._count, end)
        self._count = end
        return self._vectors[self._places[rows]]


def _exact(read: NormalisedSource, vector: Float32) -> Callable[[Rows], NDArray[np.float64]]:
    """Return what computes the cosines of `vector`, float32 (width,), with the vectors of rows: float64 (n,)."""
    query = normalised(vector[None])[0]

    def exact(rows: Rows) -> NDArray[np.float64]:
        cosines = np.empty(len(rows))
        for start in range(0, len(rows), COMPARED_AT_ONCE):
            part = slice(start, start + COMPARED_AT_ONCE)
            # Row by row, unlike a matrix product, so that equal vectors have equal cosines wherever they stand.
            cosines[part] = (read(rows[part]) * query).sum(axis=1)
        return np.clip(cosines, -1, 1, out=cosines)

    return exact


def normalised(vectors: Float32) -> NDArray[np.float64]:
    """Return `vectors`, float (n, width), with length 1, float64 (n, width); those of zeros stay so."""
    exact = vectors.astype(np.float64)
    # A small number's square may be none at all.
    largest = np.abs(exact).max(axis=1, keepdims=True, initial=0)
    np.divide(exact, largest, out=exact, where=largest > 0)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    np.divide(exact, lengths, out=exact, where=lengths > 0)
    return exact


def _by_row(snapshot: Snapshot, values: Float32) -> Float32:
    """Return `values`, float32 (n,), a number a vector, by row: float32 (end,), -inf for rows without a vector."""
    if snapshot.in_order:
        return values
    held = snapshot.rows != GONE
    result = np.full(snapshot.end, -np.inf, dtype=np.float32)
    result[snapshot.rows[held]] = values[held]
    return result


def _places(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return where the vector of each row stands, GONE for rows without one: int64 (end,)."""
    if snapshot.in_order:
        return np.arange(snapshot.end)
    held = np.flatnonzero(snapshot.rows != GONE)
    places = np.full(snapshot.end, GONE, dtype=np.int64)
    places[snapshot.rows[held]] = held
    return places


def _kept(snapshot: Snapshot) -> VectorSource:
    """Return what reads a snapshot's own vectors by row."""
    if snapshot.in_order:
        return lambda rows: snapshot.vectors[rows]
    places = _places(snapshot)

    def read(rows: Rows) -> Float32:
        vectors = snapshot.vectors[places[rows]]
        vectors[places[rows] == GONE] = 0
        return vectors

    return read
