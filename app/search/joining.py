"""Several scores of each photo made one, of which only those that can be among the best are computed exactly."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.search.ranking import Bounds

Join = Callable[[Sequence[NDArray[np.floating]]], NDArray[np.float64]]
"""Makes one score of several, each float (n,), entry by entry; it must never fall when one of them rises."""


def joined(parts: Sequence[Bounds], join: Join) -> Bounds:
    """Return the bounds of what `join` makes of several scores; rows that one of them doesn't reach are left out."""
    n_rows = min(len(part.uppers) for part in parts)
    return Bounds(
        join([part.uppers[:n_rows] for part in parts]),
        lambda rows: join([part.exact(rows) for part in parts]),
    )


def known(scores: NDArray[np.floating]) -> Bounds:
    """Return the bounds of scores that are exact already, float (n_rows,)."""
    return Bounds(scores, lambda rows: scores[rows].astype(np.float64))


def score_at(bounds: Bounds, row: int) -> float:
    """Return one row's exact score; rows past the end have 0."""
    return float(bounds.exact(np.array([row]))[0]) if row < len(bounds.uppers) else 0.0
