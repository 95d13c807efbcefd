"""The `classic` similarity: the cosine of a vector with all photos' mean word vectors, exact.

What a cosine can be at most is known from a few numbers (`word_block.py`); only photos that can be among the best are
compared with (`word_best.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray
from app.search.ranking import Ranked, ranked
from app.search.rows import RowIndex, Rows, checked_rows
from app.search.word_best import Candidates, Search
from app.search.word_block import (
    COARSE,
    FINE,
    MOST_PHOTOS,
    TURNED,
    TURNED_AT_ONCE,
    Block,
    Query,
    heads,
    scales_of,
    units,
)

COMPARED_AT_ONCE = 1024
TURN_GROWTH = 32
"""Vectors are turned anew when they are so many times as many as those that the turn was made for."""

Cosines = Callable[[Float32, Float32], Float32]
"""Returns the exact cosines of a vector, float32 (width,), with others, float32 (n, width): float32 (n,)."""


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes.

    held: bool (end,), by row. turn: float64 (width, TURNED), columns of length 1 at right angles.
    """

    held: NDArray[np.bool_]
    all_held: bool
    turn: NDArray[np.float64]
    blocks: tuple[Block, ...]

    def vectors(self, rows: Rows) -> Float32:
        """Return the vectors of some held rows, int64 (k,) ascending: float32 (k, width)."""
        ends = np.searchsorted(rows, MOST_PHOTOS * np.arange(len(self.blocks) + 1))
        return np.concatenate(
            [
                block.vectors.take(rows[start:end] - block.start, axis=0)
                for block, start, end in zip(self.blocks, ends[:-1], ends[1:], strict=True)
                if start < end
            ]
        )


class _Growing:
    """The columns of a block that grows; see Block."""

    def __init__(self, width: int) -> None:
        self.vectors = GrowingArray[np.float32](np.float32, (width,))
        self.coarse = GrowingArray[np.float32](np.float32, (COARSE,))
        self.fine = GrowingArray[np.float32](np.float32, (FINE,))
        self.scales = GrowingArray[np.float32](np.float32)

    def put(self, places: Rows, vectors: Float32, turn: NDArray[np.float64]) -> None:
        coarse, fine = heads(vectors, turn)
        self.vectors.put(places, vectors)
        self.coarse.put(places, coarse)
        self.fine.put(places, fine)
        self.scales.put(places, scales_of(vectors))

    def turned(self, turn: NDArray[np.float64]) -> "_Growing":
        """Return columns of the same vectors, turned otherwise."""
        result = _Growing(self.vectors.values.shape[1])
        result.put(np.arange(len(self.vectors)), self.vectors.values, turn)
        return result

    def block(self, start: int) -> Block:
        return Block(start, self.vectors.values, self.coarse.values, self.fine.values, self.scales.values)


class WordIndex(RowIndex):
    """All photos' mean word vectors; any number of threads may search and write at once."""

    def __init__(self, width: int, cosines: Cosines) -> None:
        """Start empty, for vectors of `width` numbers, TURNED or more; `cosines` is the plain definition."""
        super().__init__()
        self.width = width
        self._cosines = cosines
        self._turn = np.eye(width, TURNED)
        self._turned_for = 0
        self._growing: list[_Growing] = []
        self._publish()

    def add(self, rows: ArrayLike, vectors: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. vectors: float (n, width), of any length; one of zeros is like nothing.
        Raises ValueError for wrong shapes and for values that aren't finite; nothing is changed then.
        """
        numbers, checked = checked_rows(rows), self._checked(vectors)
        if len(checked) != len(numbers):
            raise ValueError(f"{len(numbers)} rows came with {len(checked)} vectors.")
        with self._writing:
            self._held.add(numbers)
            self._put(numbers, checked)
            if len(self) >= TURN_GROWTH * self._turned_for:
                self._turn_anew()
            self._publish()

    def top(self, vector: ArrayLike, limit: int, allowed: NDArray[np.bool_] | None = None) -> Ranked:
        """Return the `limit` photos of the highest cosine above 0 with `vector`, float (width,); equal ones by row.

        allowed: bool (m,), the only rows that count; rows past its end don't.
        """
        snapshot = self._snapshot
        (wanted,) = self._checked(np.asarray(vector)[None])
        if limit < 1 or not wanted.any():
            return ranked(_no_rows(), np.zeros(0), limit)
        counting = None if allowed is None and snapshot.all_held else _counting(snapshot.held, allowed)
        search = Search(Query.of(wanted, snapshot.turn), limit, counting)

        def work(part: slice) -> list[Candidates]:
            return [one for block in snapshot.blocks[part] for one in search.candidates(block)]

        found = [one for many in self._workers.each(work, len(snapshot.blocks), 1) for one in many]
        rows = np.sort(np.concatenate([_no_rows(), *(one.rows[one.uppers >= search.floor] for one in found)]))
        exact = self._exact(snapshot, wanted, rows)
        return ranked(rows[exact > 0], exact[exact > 0], limit)

    def similarities(self, vector: ArrayLike) -> Float32:
        """Return the cosine of `vector`, float (width,), with all, float32 (one past the highest row,), by row.

        Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        (wanted,) = self._checked(np.asarray(vector)[None])
        result, rows = np.zeros(len(snapshot.held), dtype=np.float32), np.flatnonzero(snapshot.held)
        result[rows] = self._exact(snapshot, wanted, rows)
        return result

    def _exact(self, snapshot: Snapshot, vector: Float32, rows: Rows) -> Float32:
        """Return the cosines of `vector` with those of some held rows, int64 (k,) ascending: float32 (k,)."""

        def work(part: slice) -> Float32:
            return self._cosines(vector, snapshot.vectors(rows[part]))

        parts = self._workers.each(work, len(rows), COMPARED_AT_ONCE)
        return np.concatenate([np.zeros(0, dtype=np.float32), *parts])

    def _checked(self, vectors: ArrayLike) -> Float32:
        with np.errstate(over="ignore"):
            array = np.asarray(vectors).astype(np.float32, copy=False)
        if array.ndim != 2 or array.shape[1] != self.width:
            raise ValueError(f"Word vectors have the shape (photos, {self.width}), not {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError("Word vectors must be finite numbers.")
        return array

    def _put(self, rows: Rows, vectors: Float32) -> None:
        blocks = rows // MOST_PHOTOS
        for number in np.unique(blocks).tolist():
            while len(self._growing) <= number:
                self._growing.append(_Growing(self.width))
            own = np.flatnonzero(blocks == number)
            self._growing[number].put(rows[own] - number * MOST_PHOTOS, vectors[own], self._turn)

    def _turn_anew(self) -> None:
        """Turn all vectors so that the first few numbers hold the most that they can."""
        products = np.zeros((self.width, self.width))
        for growing in self._growing:
            vectors = growing.vectors.values
            for start in range(0, len(vectors), TURNED_AT_ONCE):
                part = units(vectors[start : start + TURNED_AT_ONCE])
                products += part.T @ part
        self._turn = np.linalg.eigh(products)[1][:, ::-1][:, :TURNED].copy()
        self._turned_for = len(self)
        self._growing = [growing.turned(self._turn) for growing in self._growing]

    def _drop(self, rows: Rows) -> None:
        self._held.discard(rows)

    def _publish(self) -> None:
        held = self._held.mask()
        blocks = tuple(one.block(number * MOST_PHOTOS) for number, one in enumerate(self._growing))
        self._snapshot = Snapshot(held, bool(held.all()), self._turn, blocks)


def _counting(held: NDArray[np.bool_], allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return which rows count, bool (end,)."""
    if allowed is None:
        return held
    counting = np.zeros_like(held)
    end = min(len(held), len(allowed))
    np.logical_and(held[:end], allowed[:end], out=counting[:end])
    return counting


def _no_rows() -> Rows:
    return np.zeros(0, dtype=np.int64)
