"""From scores to the best rows: always the same order for the same scores."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.search.rows import Rows

GROUPS = 64
"""Scores are thinned out by so much before the best are looked for; that is far quicker than to sort out all."""

BATCH_GROWTH = 4
"""Each time the exact scores of so many more are computed, as long as there are some that could be among the best."""


@dataclass(frozen=True)
class Ranked:
    """Rows by falling score, equal ones by row; rows: int64 (n,), scores: float64 (n,)."""

    rows: Rows
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Bounds:
    """What scores can be at most, known at once, and the exact ones, which take a while each.

    uppers: float (n_rows,), by row; no score is above. exact: returns the scores of rows, int64 (n,), float64 (n,).
    """

    uppers: NDArray[np.floating]
    exact: Callable[[Rows], NDArray[np.float64]]


def top(
    scores: NDArray[np.floating],
    limit: int,
    *,
    exclude: ArrayLike = (),
    above: float = 0.0,
    allowed: NDArray[np.bool_] | None = None,
) -> Ranked:
    """Return the `limit` best of `scores`, float (n_rows,), that are above `above`, without `exclude`.

    exclude: int, rows that don't count, such as the query's own; those out of range are passed over.
    allowed: bool (n_rows,), the only rows that count; rows past its end don't.
    """
    considered = eligible(scores, exclude, allowed)
    rows = _reaching(considered, nth_best(considered, limit), above)
    return ranked(rows, scores[rows], limit)


def top_bounded(
    bounds: Bounds,
    limit: int,
    *,
    exclude: ArrayLike = (),
    above: float = 0.0,
    allowed: NDArray[np.bool_] | None = None,
) -> Ranked:
    """Return what `top` would return of all exact scores, computing only those of rows that can be among the best."""
    if limit < 1:
        return ranked(np.zeros(0, dtype=np.int64), np.zeros(0), limit)
    uppers = eligible(bounds.uppers, exclude, allowed)
    rows = _by_upper(_reaching(uppers, nth_best(uppers, limit), above), uppers)[:limit]
    scores = bounds.exact(rows)
    # So many photos have at least the lowest of these scores: one that can't reach it isn't among the best.
    floor = scores.min() if len(rows) == limit else -np.inf
    promising = _by_upper(_reaching(uppers, floor, above), uppers)[len(rows) :]
    size = limit
    while len(promising):
        size *= BATCH_GROWTH
        rows = np.concatenate([rows, promising[:size]])
        scores = np.concatenate([scores, bounds.exact(promising[:size])])
        promising = promising[size:]
        promising = promising[uppers[promising] >= nth_best(scores, limit)]
    chosen = scores > above
    return ranked(rows[chosen], scores[chosen], limit)


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


def eligible(
    scores: NDArray[np.floating], exclude: ArrayLike = (), allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.floating]:
    """Return `scores`, float (n_rows,), with -inf for rows that don't count; see `top`."""
    excluded = np.asarray(exclude, dtype=np.int64).reshape(-1)
    excluded = excluded[(excluded >= 0) & (excluded < len(scores))]
    if allowed is None and not len(excluded):
        return scores
    if allowed is None:
        considered = scores.copy()
    else:
        considered = np.full_like(scores, -np.inf)
        end = min(len(scores), len(allowed))
        np.copyto(considered[:end], scores[:end], where=allowed[:end])
    considered[excluded] = -np.inf
    return considered


def nth_best(scores: NDArray[np.floating], n: int) -> float:
    """Return a value that at least `n` of `scores`, float (m,), reach, and few more; -inf if there aren't so many."""
    if not 0 < n <= len(scores):
        return -np.inf
    per_group = len(scores) // GROUPS
    if per_group > n:
        # n groups' largest scores are n scores. Neighbours are in different groups, alike as they may be.
        scores = scores[: per_group * GROUPS].reshape(GROUPS, per_group).max(axis=0)
    return float(np.partition(scores, -n)[-n])


def _reaching(scores: NDArray[np.floating], floor: float, above: float) -> Rows:
    """Return the rows whose score is at least `floor` and above `above`: int64 (n,), ascending."""
    least = scores.dtype.type(max(floor, above))
    if least > max(floor, above):
        # Rounded to what scores are made of, the floor must not rise.
        least = np.nextafter(least, scores.dtype.type(-np.inf))
    rows = np.flatnonzero(scores >= least)
    return rows[scores[rows] > above].astype(np.int64, copy=False)


def _by_upper(rows: Rows, uppers: NDArray[np.floating]) -> Rows:
    """Return `rows` by falling upper bound, equal ones by row."""
    return rows[np.argsort(-uppers[rows], kind="stable")]
