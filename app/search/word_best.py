"""The photos whose mean word vectors are most like one, without comparing with all.

Block after block, the bounds leave those photos that can have what the best so far have; the likeliest ones first,
where there are many. Only these are compared, roughly at first, and exactly at the end.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.ranking import nth_best
from app.search.rows import Rows
from app.search.word_block import ROUNDING, Block, Query

MANY = 2048
"""Of more photos than this that can be among the best, the likeliest are looked at first."""
LIKELIEST = 2
"""So many times as many as are wanted."""
PROMISING = 8
"""As long as nothing is known, the likeliest are found among so many times as many as are wanted."""
WORTH_TELLING_APART = 256
"""Among so many it pays to leave equal ones out."""


@dataclass(frozen=True)
class Candidates:
    """Photos that can be among the best. rows: int64 (k,). uppers: float32 (k,), their cosines, rounded, or inf."""

    rows: Rows
    uppers: Float32


class Search:
    """One search, which any number of threads may do together, a block each."""

    def __init__(self, query: Query, limit: int, counting: NDArray[np.bool_] | None) -> None:
        """Look for the `limit` best photos, 1 or more, of those where `counting`, bool by row, is true, or of all."""
        self._query = query
        self._limit = limit
        self._counting = counting
        self._learning = threading.Lock()
        self._best = np.zeros(limit, dtype=np.float32)

    @property
    def floor(self) -> np.float32:
        """What a photo's bound or rough cosine must be for it to be among the best, and above 0."""
        return np.float32(self._best[0] - np.float32(ROUNDING))

    def candidates(self, block: Block) -> list[Candidates]:
        """Return the photos of a block that can be among the best, as far as is known yet; in any order."""
        found: list[Candidates] = []
        uppers = block.uppers(self._query)
        if self._counting is not None:
            uppers[~self._counting[block.start : block.start + len(uppers)]] = -np.inf
        if self.floor < 0:
            some = _highest(uppers, PROMISING * self._limit)
            likely = some[_highest(block.closer(self._query, some, uppers[some]), LIKELIEST * self._limit)]
            found.append(self._looked_at(block, likely))
            uppers[likely] = -np.inf
        places, uppers = block.reaching(self._query, uppers, self.floor)
        if len(places) > MANY:
            likely = _highest(uppers, LIKELIEST * self._limit)
            found.append(self._looked_at(block, places.take(likely)))
            uppers[likely] = -np.inf
            places = places[uppers >= self.floor]
        found.append(self._looked_at(block, places))
        return found

    def _looked_at(self, block: Block, places: Rows) -> Candidates:
        """Return what the cosines at `places`, int64 (k,) ascending, leave, and learn from them."""
        vectors, cosines = block.roughly(self._query, places)
        self._learn(cosines[(cosines > self._best[0]) & (cosines < np.inf)])
        kept = np.flatnonzero(cosines >= self.floor)
        if len(kept) > WORTH_TELLING_APART:
            kept = kept[oldest_alike(vectors.take(kept, axis=0), cosines.take(kept), self._limit)]
        return Candidates(block.start + places.take(kept), cosines.take(kept))

    def _learn(self, cosines: Float32) -> None:
        """Take in the cosines, float32 (k,), of photos that weren't looked at before."""
        if len(cosines):
            with self._learning:
                together = np.concatenate([self._best, cosines])
                self._best = np.partition(together, -self._limit)[-self._limit :]


def _highest(uppers: Float32, count: int) -> Rows:
    """Return where the highest of `uppers`, float32 (n,), stand, -inf left out, and maybe a few more than `count`.

    int64 (k,), ascending.
    """
    return np.flatnonzero((uppers >= np.float32(nth_best(uppers, count))) & (uppers > -np.inf))


def oldest_alike(vectors: Float32, cosines: Float32, limit: int) -> NDArray[np.int64]:
    """Return the places of vectors, float32 (n, width), but for those that equal at least `limit` earlier ones.

    cosines: float32 (n,), equal for equal vectors. int64 (k,), ascending. Where others have the same cosine, more may
    stay.
    """
    order = np.argsort(cosines, kind="stable")
    ordered = vectors.take(order, axis=0)
    another = np.ones(len(order), dtype=bool)
    another[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(another)
    earlier = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    return np.sort(order[earlier < limit])
