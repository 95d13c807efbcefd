"""From scores to the best rows: always the same order for the same scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.search.rows import Rows


@dataclass(frozen=True)
class Ranked:
    """Rows by falling score, equal ones by row; rows: int64 (n,), scores: float64 (n,)."""

    rows: Rows
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


def top(scores: NDArray[np.floating], limit: int, *, exclude: ArrayLike = (), above: float = 0.0) -> Ranked:
    """Return the `limit` best of `scores`, float (n_rows,), that are above `above`, without `exclude`.

    exclude: int, rows that don't count, such as the query's own; those out of range are passed over.
    """
    eligible = scores > above
    excluded = np.asarray(exclude, dtype=np.int64).reshape(-1)
    eligible[excluded[(excluded >= 0) & (excluded < len(scores))]] = False
    rows = np.flatnonzero(eligible)
    return ranked(rows, scores[rows], limit)


def ranked(rows: Rows, scores: NDArray[np.floating], limit: int) -> Ranked:
    """Return the `limit` best of `rows`, int64 (n,), by `scores`, float (n,), in order."""
    if limit < 1:
        rows, scores = rows[:0], scores[:0]
    elif len(rows) > limit:
        # All that equal the last one that fits stay in, so that the row decides between them.
        candidates = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
        rows, scores = rows[candidates], scores[candidates]
    order = np.lexsort((rows, -scores))[: max(limit, 0)]
    return Ranked(rows[order].astype(np.int64), scores[order].astype(np.float64))
