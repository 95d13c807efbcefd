"""Keeps each photo's list of the photos most alike true while photos come and go.

A photo that comes gets a list, and enters those lists whose last one it outdoes; if a photo goes, the lists that
named it are made anew. One scan of the index tells an upper bound of every cosine, and only those that can matter are
computed. Lists are what `EmbeddingIndex.top` finds, in its order: `neighbors_reference.py` says the same plainly.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.embedding import EmbeddingIndex, VectorSource, normalised
from app.search.neighbor_table import KEPT, NOBODY, Lists, NeighbourTable
from app.search.ranking import Bounds, top_bounded
from app.search.rows import Rows

_ROUNDING = np.float32(1e-6)
"""More than rounding to 32 bits takes from a cosine."""


class Neighbourhood:
    """Makes the lists of a table's photos, from an index that holds at least their vectors.

    read: returns the vectors of rows, int64 (n,), as they were given to the index: float32 (n, width).
    """

    def __init__(self, table: NeighbourTable, index: EmbeddingIndex, read: VectorSource) -> None:
        self._table = table
        self._index = index
        self._read = read

    def made_anew(self, rows: Rows) -> Lists:
        """Return the lists of members made anew, with the stamps that they have."""
        empty = Lists.empty(rows, self._table.lists_of(rows).stamps)
        if not len(rows):
            return empty
        vectors = self._read(rows)
        return _filled(empty, vectors, self._index.bounds_of_many(vectors), self._table.members)

    def with_added(self, rows: Rows, stamps: NDArray[np.uint32]) -> Lists:
        """Return the lists of `rows`, one or more, and all lists they enter; they are in no list yet and have none.

        stamps: uint32 (n,), to be kept with the lists of `rows`.
        """
        vectors = self._read(rows)
        bounds = self._index.bounds_of_many(vectors)
        allowed = np.zeros(max(self._table.end, int(rows.max()) + 1), bool)
        allowed[: self._table.end] = self._table.members
        allowed[rows] = True
        own = _filled(Lists.empty(rows, stamps), vectors, bounds, allowed)
        least = self._table.least()
        entering = [self._entering(row, one, least) for row, one in zip(rows.tolist(), bounds, strict=True)]
        return own.followed_by(self._entered(*(np.concatenate(column) for column in zip(*entering, strict=True))))

    def _entering(
        self, row: int, bounds: Bounds, least: Float32
    ) -> tuple[Rows, NDArray[np.int32], NDArray[np.float64]]:
        """Return the members whose lists a photo may enter, the photo's row as often, and the similarities."""
        uppers = bounds.uppers[: len(least)]
        possible = np.flatnonzero((uppers >= least[: len(uppers)] - _ROUNDING) & (uppers > -np.inf)).astype(np.int64)
        scores = bounds.exact(possible)
        reaching = scores.astype(np.float32) >= least[possible]
        if not scores.all():
            # Of 0 may be a photo of zeros, to which nothing is alike.
            reaching[scores == 0] &= self._read(possible[scores == 0]).any(axis=1)
        return possible[reaching], np.full(np.count_nonzero(reaching), row, np.int32), scores[reaching]

    def _entered(self, hosts: Rows, guests: NDArray[np.int32], scores: NDArray[np.float64]) -> Lists:
        """Return the lists of `hosts`, each once, with `guests` where their `scores`, float64 (n,), put them."""
        rows, host_places = np.unique(hosts, return_inverse=True)
        present = self._table.lists_of(rows)
        order = np.argsort(host_places, kind="stable")
        within = np.arange(len(order)) - np.searchsorted(host_places[order], host_places[order])
        width = int(within.max(initial=-1)) + 1
        new_neighbours = np.full((len(rows), width), NOBODY, np.int32)
        new_scores = np.full((len(rows), width), -np.inf)
        new_neighbours[host_places[order], within] = guests[order]
        new_scores[host_places[order], within] = scores[order]
        old_scores = np.where(present.neighbours == NOBODY, -np.inf, present.similarities)
        neighbours = np.concatenate([present.neighbours, new_neighbours], axis=1)
        merged = self._best(rows, neighbours, np.concatenate([old_scores, new_scores], axis=1))
        changed = (merged.neighbours != present.neighbours).any(axis=1)
        return Lists(rows[changed], merged.neighbours[changed], merged.similarities[changed], present.stamps[changed])

    def _best(self, rows: Rows, neighbours: NDArray[np.int32], scores: NDArray[np.float64]) -> Lists:
        """Return the lists of the best of `neighbours`, (n, m) each, by `scores`, which may be rounded to 32 bits."""
        order = np.lexsort((neighbours, -scores.astype(np.float32)), axis=1)
        sorted_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
        # Where rounded scores are equal, only the exact ones know the order.
        equal = _of_equal_ones(sorted_scores)
        for at in np.flatnonzero(equal.any(axis=1)):
            rivals = order[at, equal[at]]
            scores[at, rivals] = self._cosines(int(rows[at]), neighbours[at, rivals].astype(np.int64))
            order[at] = np.lexsort((neighbours[at], -scores[at]))
        best = order[:, :KEPT]
        similarities = np.take_along_axis(scores, best, axis=1).astype(np.float32)
        similarities[similarities == -np.inf] = 0
        lists = Lists.empty(rows, np.zeros(len(rows), np.uint32))
        return replace(lists, neighbours=np.take_along_axis(neighbours, best, axis=1), similarities=similarities)

    def _cosines(self, row: int, others: Rows) -> NDArray[np.float64]:
        query = normalised(self._read(np.array([row])))[0]
        # As in the index: equal vectors must have equal cosines.
        cosines: NDArray[np.float64] = np.clip((normalised(self._read(others)) * query).sum(axis=1), -1, 1)
        return cosines


def _of_equal_ones(scores: Float32) -> NDArray[np.bool_]:
    """Tell which of scores (n, m), best first, are equal to another that stands among the first KEPT: bool (n, m)."""
    equal = np.zeros(scores.shape, bool)
    tied = (scores[:, 1:] == scores[:, :-1]) & (scores[:, 1:] > -np.inf)
    equal[:, 1:] |= tied
    equal[:, :-1] |= tied
    last_kept = scores[:, min(KEPT, scores.shape[1]) - 1, None]
    return equal & (scores >= last_kept)


def _filled(lists: Lists, vectors: Float32, bounds: list[Bounds], allowed: NDArray[np.bool_]) -> Lists:
    """Fill in the best of `allowed`, bool (n_rows,), for each list's photo, of `vectors`, float32 (n, width)."""
    for at, (row, vector, one) in enumerate(zip(lists.rows.tolist(), vectors, bounds, strict=True)):
        limit = KEPT if vector.any() else 0
        best = top_bounded(one, limit, exclude=[row], above=-np.inf, allowed=allowed)
        lists.neighbours[at, : len(best)] = best.rows
        lists.similarities[at, : len(best)] = best.scores
    return lists
