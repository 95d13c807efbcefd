"""The `embedding` similarity: the cosine of a vector with all photos' vectors, exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray
from app.search.ranking import Ranked, ranked
from app.search.rows import RowIndex, Rows, among, checked_rows

GONE = -1
NORMALISED_AT_ONCE = 1024
"""Rows that are float64 at once: to normalise a whole gallery at start-up must not need twice its size."""
WORTH_COMPACTING = 1024
"""Below so many dead vectors nothing is copied to get rid of them."""


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes: all searches read one.

    end: one past the highest row. rows: int64 (n,), of each vector its photo's row, or GONE.
    vectors: float32 (n, width), L2-normalised, or zeros.
    """

    end: int
    rows: Rows
    vectors: Float32


class EmbeddingIndex(RowIndex):
    """All photos' embeddings by one model, searched by comparing with every one.

    A replaced vector is written anew at the end, never over the old one, so any number of threads may search
    and write at once: writers take turns, and a search reads the snapshot that was whole when it began.
    """

    def __init__(self, width: int) -> None:
        """Start empty, for vectors of `width` numbers."""
        self.width = width
        super().__init__()
        self._rows = GrowingArray[np.int64](np.int64)
        self._vectors = GrowingArray[np.float32](np.float32, (width,))
        self._snapshot = Snapshot(0, self._rows.values, self._vectors.values)

    def reserve(self, capacity: int) -> None:
        """Make room for `capacity` vectors in all, so that filling up to there copies nothing."""
        with self._writing:
            self._rows.reserve(capacity)
            self._vectors.reserve(capacity)
            self._publish()

    def add(self, rows: ArrayLike, vectors: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. vectors: float (n, width), of any length; one of zeros is like nothing.
        Raises ValueError for wrong shapes and for values that aren't finite; nothing is changed then.
        """
        numbers = checked_rows(rows)
        normalised = self._normalised(vectors)
        if len(normalised) != len(numbers):
            raise ValueError(f"{len(numbers)} rows came with {len(normalised)} vectors.")
        with self._writing:
            self._drop(numbers)
            self._held.add(numbers)
            self._rows.append(numbers)
            self._vectors.append(normalised)
            self._publish()

    def similarities(self, vector: ArrayLike) -> Float32:
        """Return the cosine of `vector`, float (width,), with all, float32 (one past the highest row,), by row.

        Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        cosines = snapshot.vectors @ self._query(vector).astype(np.float32)
        held = snapshot.rows != GONE
        result = np.zeros(snapshot.end, dtype=np.float32)
        result[snapshot.rows[held]] = np.clip(cosines[held], -1, 1)
        return result

    def top(self, vector: ArrayLike, limit: int, exclude: ArrayLike = ()) -> Ranked:
        """Return the `limit` photos of the highest cosine with `vector`, float (width,), without `exclude`.

        Exact: float32 finds all that can be among the best, float64 decides; equal ones stand by row.
        """
        snapshot = self._snapshot
        query = self._query(vector)
        if limit < 1 or not query.any():
            return ranked(np.zeros(0, dtype=np.int64), np.zeros(0), limit)
        searched = np.flatnonzero((snapshot.rows != GONE) & ~np.isin(snapshot.rows, np.asarray(exclude)))
        rough = (snapshot.vectors @ query.astype(np.float32))[searched]
        if len(rough) > limit:
            # A float32 sum of `width` products of unit vectors is off by no more than this, on either side.
            slack = 2 * self.width * np.finfo(np.float32).eps
            searched = searched[rough >= np.partition(rough, -limit)[-limit] - slack]
        cosines = (snapshot.vectors[searched] * query).sum(axis=1)
        return ranked(snapshot.rows[searched], np.clip(cosines, -1, 1), limit)

    def _query(self, vector: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self._normalised(np.asarray(vector)[None])[0], dtype=np.float64)

    def _normalised(self, vectors: ArrayLike) -> Float32:
        array = np.asarray(vectors)
        if array.ndim != 2 or array.shape[1] != self.width:
            raise ValueError(f"Embeddings have the shape (photos, {self.width}), not {array.shape}.")
        normalised = np.empty(array.shape, dtype=np.float32)
        for start in range(0, len(array), NORMALISED_AT_ONCE):
            part = slice(start, start + NORMALISED_AT_ONCE)
            exact = array[part].astype(np.float64)
            if not np.isfinite(exact).all():
                raise ValueError("Embeddings must be finite numbers.")
            lengths = np.linalg.norm(exact, axis=1, keepdims=True)
            normalised[part] = np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0)
        return normalised

    def _drop(self, rows: Rows) -> None:
        held = self._held.discard(rows)
        if not len(held):
            return
        # Searches may be reading the row numbers: change a copy.
        self._rows.keep(np.ones(len(self._rows), dtype=bool))
        numbers = self._rows.values
        alive = np.flatnonzero(numbers != GONE)
        numbers[alive[among(numbers[alive], held, self._held.end)]] = GONE
        self._compact()

    def _compact(self) -> None:
        """Free the memory of dead vectors once they are more than the living ones."""
        alive = self._rows.values != GONE
        n_dead = len(alive) - int(np.count_nonzero(alive))
        if n_dead > WORTH_COMPACTING and 2 * n_dead > len(alive):
            self._rows.keep(alive)
            self._vectors.keep(alive)

    def _publish(self) -> None:
        self._snapshot = Snapshot(self._held.end, self._rows.values, self._vectors.values)
