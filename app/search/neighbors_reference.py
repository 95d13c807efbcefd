"""Lists of neighbours by comparing all with all: the plain definition, which the fast way must agree with."""

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.embedding import normalised
from app.search.neighbor_table import KEPT, Lists
from app.search.rows import Rows


def neighbours_of_all(rows: Rows, vectors: Float32) -> Lists:
    """Return the list of each photo: its KEPT others of the highest cosine, equal ones by row.

    rows: int64 (n,), ascending. vectors: float32 (n, width), of any length; one of zeros is like nothing, so it has
    no neighbours, and is a neighbour with cosine 0.
    """
    lists = Lists.empty(rows, np.zeros(len(rows), np.uint32))
    unit = normalised(vectors)
    for at in np.flatnonzero(unit.any(axis=1)):
        cosines: NDArray[np.float64] = np.clip((unit * unit[at]).sum(axis=1), -1, 1)
        cosines[at] = -np.inf
        best = np.lexsort((rows, -cosines))[: min(KEPT, len(rows) - 1)]
        lists.neighbours[at, : len(best)] = rows[best]
        lists.similarities[at, : len(best)] = cosines[best]
    return lists
