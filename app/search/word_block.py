"""Up to 131,072 photos' mean word vectors with numbers that bound their cosines; a block never changes.

Vectors are turned so that their first few numbers hold most of their lengths. These and the length of the rest bound
a cosine from above, by Cauchy and Schwarz, in one product of a narrow matrix with the query; further numbers bound it
closer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.rows import Rows

MOST_PHOTOS = 1 << 17
COARSE = 16
"""Numbers kept of each vector for the first bound, the length of the rest included."""
FINE = 16
"""Further numbers for the closer one, the lengths of what is left after them and before them included."""
TURNED = (COARSE - 1) + (FINE - 2)
ROUNDING = 1e-5
"""More than the rounding errors of two bounds or cosines in 32 bits together."""
LENGTHS = (1e-10, 1e10)
"""Vectors of other lengths are compared in 64 bits only."""
WORTH_READING_ALL = 0.3
"""Where so large a share needs the closer bound, it takes less time to read all than to pick them out."""
MULTIPLIED_AT_ONCE = 256
"""So few that the library which multiplies doesn't call for other threads, which wait for each other when busy."""
TURNED_AT_ONCE = 256
"""So few for the same reason: threads that only wait took three quarters of the time."""


@dataclass(frozen=True)
class Query:
    """A vector to compare with. unit: float32 (width,), its length 1. coarse: float32 (COARSE,). fine: (FINE,)."""

    unit: Float32
    coarse: Float32
    fine: Float32

    @classmethod
    def of(cls, vector: Float32, turn: NDArray[np.float64]) -> "Query":
        """Prepare a vector, float32 (width,), that isn't of zeros."""
        (coarse,), (fine,) = heads(vector[None], turn)
        # What the fine numbers add takes the place of the length that they are part of.
        fine[-1] *= -1
        return cls(units(vector[None])[0].astype(np.float32), coarse, fine)


@dataclass(frozen=True)
class Block:
    """The vectors of up to MOST_PHOTOS rows from the row `start` on, zeros for those that were never held.

    vectors: float32 (n, width), as they came. coarse: float32 (n, COARSE) and fine: float32 (n, FINE), see `heads`.
    scales: float32 (n,), see `scales_of`.
    """

    start: int
    vectors: Float32
    coarse: Float32
    fine: Float32
    scales: Float32

    def uppers(self, query: Query) -> Float32:
        """Return what the cosines with a query can be at most, up to rounding: float32 (n,)."""
        return _products(self.coarse, query.coarse)

    def reaching(self, query: Query, uppers: Float32, floor: np.float32) -> tuple[Rows, Float32]:
        """Return the places whose closer bounds reach `floor`, int64 (k,) ascending, and these, float32 (k,).

        uppers: float32 (n,), from `uppers`, or -inf for places that don't count.
        """
        able = uppers >= floor
        if np.count_nonzero(able) > WORTH_READING_ALL * len(able):
            closer = _products(self.fine, query.fine)
            closer += uppers
            places = np.flatnonzero(closer >= floor)
            return places, closer.take(places)
        places = np.flatnonzero(able)
        closer = self.closer(query, places, uppers.take(places))
        left = np.flatnonzero(closer >= floor)
        return places.take(left), closer.take(left)

    def closer(self, query: Query, places: Rows, uppers: Float32) -> Float32:
        """Return closer bounds of the cosines at `places`, int64 (k,), whose bounds are `uppers`: float32 (k,)."""
        closer = _products(self.fine.take(places, axis=0), query.fine)
        closer += uppers
        return closer

    def roughly(self, query: Query, places: Rows) -> tuple[Float32, Float32]:
        """Return the vectors at places, int64 (k,), and their cosines to ROUNDING / 2, or inf: float32 (k,)."""
        vectors, scales = self.vectors.take(places, axis=0), self.scales.take(places)
        with np.errstate(over="ignore", invalid="ignore"):
            cosines = np.einsum("ij,j->i", vectors, query.unit)
            cosines *= scales
        cosines[scales == 0] = np.inf
        return vectors, cosines


def heads(vectors: Float32, turn: NDArray[np.float64]) -> tuple[Float32, Float32]:
    """Return what is kept of vectors, float32 (n, width), as of length 1: float32 (n, COARSE) and (n, FINE).

    turn: float64 (width, TURNED), columns of length 1 at right angles. First come COARSE - 1 numbers of the turned
    vectors and the length of the rest, then FINE - 2 more, the length of what is left now and again that of the rest.
    """
    coarse = np.empty((len(vectors), COARSE), dtype=np.float32)
    fine = np.empty((len(vectors), FINE), dtype=np.float32)
    for start in range(0, len(vectors), TURNED_AT_ONCE):
        part = slice(start, start + TURNED_AT_ONCE)
        whole = units(vectors[part])
        turned = whole @ turn
        squares, lengths = turned * turned, (whole * whole).sum(axis=1)
        coarse[part, :-1], fine[part, :-2] = turned[:, : COARSE - 1], turned[:, COARSE - 1 :]
        rest = lengths - squares[:, : COARSE - 1].sum(axis=1)
        coarse[part, -1] = fine[part, -1] = np.sqrt(np.maximum(rest, 0))
        fine[part, -2] = np.sqrt(np.maximum(lengths - squares.sum(axis=1), 0))
    return coarse, fine


def units(vectors: Float32) -> NDArray[np.float64]:
    """Return vectors with length 1, float64 (n, width); zeros stay zeros."""
    exact = vectors.astype(np.float64)
    lengths = np.sqrt((exact * exact).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(exact, lengths, out=exact, where=lengths > 0))


def scales_of(vectors: Float32) -> Float32:
    """Return 1 by the length of each vector, float32 (n,), 1 for zeros, and 0 where that is not within LENGTHS."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    lengths[lengths == 0] = 1
    within = (lengths > LENGTHS[0]) & (lengths < LENGTHS[1])
    return np.asarray(np.divide(1, lengths, out=np.zeros(len(lengths)), where=within), dtype=np.float32)


def _products(many: Float32, one: Float32) -> Float32:
    """Return the products of `many`, float32 (n, k), with `one`, float32 (k,): float32 (n,)."""
    products = np.empty(len(many), dtype=np.float32)
    whole = len(many) // MULTIPLIED_AT_ONCE * MULTIPLIED_AT_ONCE
    stacked = many[:whole].reshape(-1, MULTIPLIED_AT_ONCE, len(one))
    np.matmul(stacked, one, out=products[:whole].reshape(-1, MULTIPLIED_AT_ONCE))
    np.matmul(many[whole:], one, out=products[whole:])
    return products
