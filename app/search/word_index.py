"""The `classic` similarity: the cosine of a vector with all photos' mean word vectors, exact.

The vectors are turned so that their first few numbers, kept beside them, hold most of their lengths. Those numbers
and the length of the rest bound a cosine from above, by Cauchy and Schwarz; one product of a narrow matrix with the
query bounds all. Only vectors that can be among the best are read whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.growing import GrowingArray
from app.search.ranking import Ranked, nth_best, ranked
from app.search.rows import RowIndex, Rows, checked_rows

HEAD = 20
"""Numbers kept of each vector, the length of the rest included."""
BLOCK_ROWS = 1 << 16
ROUNDING = 1e-5
"""More than the rounding errors of a cosine in 32 bits."""
LENGTHS = (1e-10, 1e10)
"""Vectors of other lengths are compared in 64 bits only."""
GROUPS = 32
"""The highest of so many bounds stands for them where the best are looked for."""
BLOCKS_AT_ONCE = 8
SEEDS = 4
"""So many times as many photos as are wanted show how alike the best ones are."""
MANY = 8192
"""The rough scores of so many photos are quick to compute."""
MULTIPLIED_AT_ONCE = 128
"""So few that the library which multiplies doesn't call for other threads, which wait for each other when busy."""
TURNED_AT_ONCE = 256
"""So few for the same reason: threads that only wait took three quarters of the time."""
COMPARED_AT_ONCE = 4096
TURN_GROWTH = 8
"""Vectors are turned anew when they are so many times as many as those that the turn was made for."""

Cosines = Callable[[Float32, Float32], Float32]
"""Returns the exact cosines of a vector, float32 (width,), with others, float32 (n, width): float32 (n,)."""


@dataclass(frozen=True)
class Block:
    """The vectors of up to BLOCK_ROWS rows from the row `start` on, zeros for those that were never held.

    vectors: float32 (n, width), as they came. heads: float32 (n, HEAD). scales: float32 (n,), 1 by the length, 0
    where that is too large or small to say.
    """

    start: int
    vectors: Float32
    heads: Float32
    scales: Float32

    def bound(self, head: Float32, uppers: Float32) -> None:
        """Write what cosines with a vector whose head is `head`, float32 (HEAD,), can be at most: float32 (n,)."""
        whole = len(uppers) // MULTIPLIED_AT_ONCE * MULTIPLIED_AT_ONCE
        many = uppers[:whole].reshape(-1, MULTIPLIED_AT_ONCE)
        np.matmul(self.heads[:whole].reshape(*many.shape, HEAD), head, out=many)
        np.matmul(self.heads[whole:], head, out=uppers[whole:])
        uppers += np.float32(ROUNDING)

    def roughly(self, unit: Float32, slots: Rows) -> Float32:
        """Return the cosines with `unit`, float32 (width,), at places int64 (k,), to within ROUNDING / 2, or 0."""
        rough = np.einsum("ij,j->i", self.vectors.take(slots, axis=0), unit)
        rough *= self.scales.take(slots)
        return np.asarray(rough)


@dataclass(frozen=True)
class Snapshot:
    """A state of the index that never changes.

    held: bool (end,), by row. turn: float64 (width, HEAD - 1), columns of length 1 at right angles.
    """

    held: NDArray[np.bool_]
    all_held: bool
    turn: NDArray[np.float64]
    blocks: tuple[Block, ...]

    def split(self, rows: Rows) -> Iterator[tuple[Block, Rows]]:
        """Yield each block that has some of `rows`, int64 (k,) ascending, and their places in it."""
        ends = np.searchsorted(rows, BLOCK_ROWS * np.arange(len(self.blocks) + 1))
        for number, block in enumerate(self.blocks):
            own = rows[ends[number] : ends[number + 1]]
            if len(own):
                yield block, own - block.start

    def roughly(self, unit: Float32, rows: Rows) -> Float32:
        """Return the cosines with `unit`, float32 (width,), of rows, int64 (k,) ascending, as Block.roughly does."""
        parts = [block.roughly(unit, slots) for block, slots in self.split(rows)]
        return np.concatenate([np.zeros(0, dtype=np.float32), *parts])


class WordIndex(RowIndex):
    """All photos' mean word vectors; any number of threads may search and write at once."""

    def __init__(self, width: int, cosines: Cosines) -> None:
        """Start empty, for vectors of `width` numbers; `cosines` is the plain definition."""
        super().__init__()
        self.width = width
        self._cosines = cosines
        self._turn = np.eye(width, HEAD - 1)
        self._turned_for = 0
        self._vectors: list[GrowingArray[np.float32]] = []
        self._heads: list[GrowingArray[np.float32]] = []
        self._scales: list[GrowingArray[np.float32]] = []
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
            return ranked(np.zeros(0, dtype=np.int64), np.zeros(0), limit)
        (head,), unit = _heads(wanted[None], snapshot.turn), _units(wanted[None])[0].astype(np.float32)
        uppers, highest = self._bounds(snapshot, head, allowed)
        seeds = np.flatnonzero(uppers >= np.float32(max(0, nth_best(highest, SEEDS * limit))))
        floor = max(0.0, _nth(snapshot.roughly(unit, seeds), limit) - ROUNDING)
        rows = np.flatnonzero(uppers >= np.float32(floor))
        if len(rows) > MANY:
            # The bounds say less than they mostly do: more rough scores leave fewer.
            seeds = rows[uppers[rows] >= _nth(uppers[rows], MANY // 2)]
            floor = max(floor, _nth(snapshot.roughly(unit, seeds), limit) - ROUNDING)
            rows = rows[uppers[rows] >= np.float32(floor)]
        rough = snapshot.roughly(unit, rows)
        rows = rows[(rough >= max(floor, _nth(rough, limit) - ROUNDING)) | (rough == 0)]
        exact = self._exact(snapshot, wanted, rows)
        return ranked(rows[exact > 0], exact[exact > 0], limit)

    def _bounds(
        self, snapshot: Snapshot, head: Float32, allowed: NDArray[np.bool_] | None
    ) -> tuple[Float32, Float32]:
        """Return what all cosines can be at most, float32 (end,), -1 where a row doesn't count, and many highest."""
        uppers = np.full(len(snapshot.held), -1, dtype=np.float32)
        counting = None if allowed is None and snapshot.all_held else _counting(snapshot.held, allowed)

        def work(part: slice) -> Float32:
            highest = []
            for block in snapshot.blocks[part]:
                own = slice(block.start, block.start + len(block.heads))
                block.bound(head, uppers[own])
                if counting is not None:
                    uppers[own][~counting[own]] = -1
                highest.append(_highest(uppers[own]))
            return np.concatenate(highest)

        highest = self._workers.each(work, len(snapshot.blocks), BLOCKS_AT_ONCE)
        return uppers, np.concatenate([uppers[:0], *highest])

    def similarities(self, vector: ArrayLike) -> Float32:
        """Return the cosine of `vector`, float (width,), with all, float32 (one past the highest row,), by row.

        Rows that aren't held have 0.
        """
        snapshot = self._snapshot
        (wanted,) = self._checked(np.asarray(vector)[None])
        result = np.zeros(len(snapshot.held), dtype=np.float32)
        for start in range(0, len(result), COMPARED_AT_ONCE):
            rows = np.arange(start, min(start + COMPARED_AT_ONCE, len(result)))
            result[rows] = self._exact(snapshot, wanted, rows)
        result[~snapshot.held] = 0
        return result

    def _exact(self, snapshot: Snapshot, vector: Float32, rows: Rows) -> Float32:
        cosines = [self._cosines(vector, block.vectors[slots]) for block, slots in snapshot.split(rows)]
        return np.concatenate([np.zeros(0, dtype=np.float32), *cosines])

    def _checked(self, vectors: ArrayLike) -> Float32:
        with np.errstate(over="ignore"):
            array = np.asarray(vectors).astype(np.float32, copy=False)
        if array.ndim != 2 or array.shape[1] != self.width:
            raise ValueError(f"Word vectors have the shape (photos, {self.width}), not {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError("Word vectors must be finite numbers.")
        return array

    def _put(self, rows: Rows, vectors: Float32) -> None:
        blocks = rows // BLOCK_ROWS
        for number in np.unique(blocks).tolist():
            while len(self._vectors) <= number:
                self._vectors.append(GrowingArray[np.float32](np.float32, (self.width,)))
                self._heads.append(GrowingArray[np.float32](np.float32, (HEAD,)))
                self._scales.append(GrowingArray[np.float32](np.float32))
            own = np.flatnonzero(blocks == number)
            places, chosen = rows[own] - number * BLOCK_ROWS, vectors[own]
            self._vectors[number].put(places, chosen)
            self._heads[number].put(places, _heads(chosen, self._turn))
            self._scales[number].put(places, _scales(chosen))

    def _turn_anew(self) -> None:
        """Turn all vectors so that the first few numbers hold the most that they can."""
        products = np.zeros((self.width, self.width))
        for vectors in self._vectors:
            for start in range(0, len(vectors), TURNED_AT_ONCE):
                units = _units(vectors.values[start : start + TURNED_AT_ONCE])
                products += units.T @ units
        self._turn = np.linalg.eigh(products)[1][:, ::-1][:, : HEAD - 1].copy()
        self._turned_for = len(self)
        self._heads = [GrowingArray[np.float32](np.float32, (HEAD,)) for _ in self._vectors]
        for vectors, heads in zip(self._vectors, self._heads, strict=True):
            heads.append(_heads(vectors.values, self._turn))

    def _drop(self, rows: Rows) -> None:
        self._held.discard(rows)

    def _publish(self) -> None:
        held = self._held.mask()
        columns = zip(self._vectors, self._heads, self._scales, strict=True)
        self._snapshot = Snapshot(
            held,
            bool(held.all()),
            self._turn,
            tuple(
                Block(number * BLOCK_ROWS, vectors.values, heads.values, scales.values)
                for number, (vectors, heads, scales) in enumerate(columns)
            ),
        )


def _heads(vectors: Float32, turn: NDArray[np.float64]) -> Float32:
    """Return the first numbers of turned vectors of length 1, and the length of the rest, float32 (n, HEAD)."""
    heads = np.empty((len(vectors), turn.shape[1] + 1), dtype=np.float32)
    for start in range(0, len(vectors), TURNED_AT_ONCE):
        part = slice(start, start + TURNED_AT_ONCE)
        units = _units(vectors[part])
        turned = units @ turn
        squares = (units * units).sum(axis=1) - (turned * turned).sum(axis=1)
        heads[part, :-1] = turned
        heads[part, -1] = np.sqrt(np.maximum(squares, 0))
    return heads


def _units(vectors: Float32) -> NDArray[np.float64]:
    """Return vectors with length 1, float64 (n, width); zeros stay zeros."""
    exact = vectors.astype(np.float64)
    lengths = np.sqrt((exact * exact).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(exact, lengths, out=exact, where=lengths > 0))


def _counting(held: NDArray[np.bool_], allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return which rows count, bool (end,)."""
    if allowed is None:
        return held
    counting = np.zeros_like(held)
    end = min(len(held), len(allowed))
    np.logical_and(held[:end], allowed[:end], out=counting[:end])
    return counting


def _scales(vectors: Float32) -> Float32:
    """Return 1 by the length of each vector, float32 (n,), 0 where that is not within LENGTHS."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    within = (lengths > LENGTHS[0]) & (lengths < LENGTHS[1])
    return np.asarray(np.divide(1, lengths, out=np.zeros(len(lengths)), where=within), dtype=np.float32)


def _highest(uppers: Float32) -> Float32:
    """Return the highest of groups of `uppers`, float32 (n,), which together are all: float32 (n by GROUPS, up)."""
    whole = len(uppers) // GROUPS * GROUPS
    return np.concatenate([uppers[:whole].reshape(GROUPS, -1).max(axis=0), uppers[whole:]])


def _nth(scores: Float32, n: int) -> float:
    """Return the n-th highest score, -inf if there are fewer."""
    return float(np.partition(scores, -n)[-n]) if len(scores) >= n else -np.inf
