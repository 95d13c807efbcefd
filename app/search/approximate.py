"""Which vectors to compare with at all, in a gallery too large to compare with every one in time.

Vectors are told apart by the cell that they fall in, around the nearest of some centres that FAISS learnt from a
sample of them; a search looks into the cells nearest to it. Only the rows in each cell are kept, so there is no copy
of the vectors, photos may come and go, and the cosines of those looked at are as exact as ever. How many cells have
to be looked into is measured on the gallery itself.
"""

import logging
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.embedding import EmbeddingIndex
from app.search.growing import GrowingArray
from app.search.ranking import Bounds
from app.search.rows import Rows

log = logging.getLogger(__name__)

EXACT_UP_TO = 4_000_000
"""Photos: an exact search of so many takes about a fifth of a second on two cores, and nobody minds that."""
LEAST_RECALL = 0.95
"""Of the true nearest photos, so large a share has to be found."""
CHOSEN_RECALL = 0.97
"""So many cells are looked into that this share of some photos' is found, for no less to be found of most others'."""
NEAREST = 10
MEASURED_PHOTOS = 100
"""So many choose the number of cells, and as many others say how good it is."""
MOST_SEARCHED_SHARE = 0.25
"""Where more of the cells would have to be looked into, the exact search stays: it reads vectors in their order."""
SAMPLE_PER_CELL = 20
ROUNDS = 6
REBUILT_AT = 2
"""Times as many photos as there were: then it is time for more cells."""


@dataclass(frozen=True)
class Recall:
    """How good an approximate search is: which share of so many photos' true NEAREST it found."""

    share: float
    photos: int


class Cells:
    """Rows by the cell of their vector. Any number of threads may add and search at once."""

    def __init__(self, centres: Float32, searched: int = 1) -> None:
        """Start empty; centres: float32 (n_cells, width), of length 1. `searched` cells are looked into."""
        self._centres = centres
        self._rows = [GrowingArray[np.int32](np.int32) for _ in centres]
        self._lock = threading.Lock()
        self.searched = searched

    def __len__(self) -> int:
        return len(self._centres)

    def add(self, rows: Rows, vectors: Float32) -> NDArray[np.int64]:
        """Add vectors, float32 (n, width), of `rows`, and return their cells, int64 (n,).

        A row that was added before with another vector stays in that one's cell too.
        """
        cells: NDArray[np.int64] = (vectors @ self._centres.T).argmax(axis=1)
        order = np.argsort(cells, kind="stable")
        found, starts = np.unique(cells[order], return_index=True)
        with self._lock:
            for cell, members in zip(found.tolist(), np.split(rows[order], starts[1:]), strict=True):
                self._rows[cell].append(members)
        return cells

    def ranks(self, query: Float32) -> NDArray[np.int64]:
        """Return the cells from the nearest to `query`, float32 (width,), to the farthest: int64 (n_cells,)."""
        likeness = np.asarray(self._centres @ query)
        return np.argsort(-likeness, kind="stable")

    def near(self, query: Float32) -> Rows:
        """Return the rows in the cells nearest to `query`, float32 (width,): int64 (n,), ascending, each once.

        Some of them may be gone from the gallery since.
        """
        cells = self.ranks(query)[: self.searched].tolist()
        with self._lock:
            members = [self._rows[cell].values for cell in cells]
        return _each_once(np.concatenate(members))


class ApproximateIndex:
    """Searches a few of the vectors of an exact index, if there are more of these than `exact_up_to`.

    It is built in the background; until then, and if it wouldn't find enough, every search is exact.
    """

    def __init__(self, index: EmbeddingIndex, exact_up_to: int = EXACT_UP_TO) -> None:
        self._index = index
        self._exact_up_to = exact_up_to
        self._lock = threading.Lock()
        self._cells: Cells | None = None
        self._recall: Recall | None = None
        self._built_for = 0
        self._added_meanwhile: list[tuple[Rows, Float32]] | None = None
        self._builder: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def recall(self) -> Recall | None:
        """How good it is; None while searches are exact."""
        return self._recall

    def bounds(self, vector: ArrayLike) -> Bounds:
        """Return what the exact index's `bounds` does, with -inf for all rows that aren't looked at."""
        cells = self._cells
        if cells is None:
            return self._index.bounds(vector)
        return self._index.bounds_among(vector, cells.near(np.asarray(vector, dtype=np.float32)))

    def add(self, rows: Rows, vectors: Float32) -> None:
        """Hear of vectors, float32 (n, width), that were added to the exact index or replaced there."""
        with self._lock:
            if self._added_meanwhile is not None:
                self._added_meanwhile.append((rows, vectors))
            if self._cells is not None:
                self._cells.add(rows, vectors)

    def refresh(self) -> None:
        """See to it, in the background, that there are as many cells as the photos need."""
        with self._lock:
            busy = self._builder is not None and self._builder.is_alive()
            count = len(self._index)
            if busy or count <= max(self._exact_up_to, REBUILT_AT * self._built_for) or self._stopping.is_set():
                return
            self._built_for = count
            self._builder = threading.Thread(target=self._build, name="approximate", daemon=True)
            self._builder.start()

    def stop(self) -> None:
        """Give up building and wait for the end of it."""
        self._stopping.set()
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is being built."""
        if self._builder is not None:
            self._builder.join()

    def _build(self) -> None:
        try:
            with self._lock:
                self._added_meanwhile = []
            built = self._built()
            with self._lock:
                if built is not None:
                    self._cells, self._recall = built
                    for rows, vectors in self._added_meanwhile:
                        self._cells.add(rows, vectors)
        except Exception:  # the edge of a thread; searches stay exact
            log.exception("The approximate index could not be built; searches stay as they are.")
        finally:
            with self._lock:
                self._added_meanwhile = None

    def _built(self) -> tuple[Cells, Recall] | None:
        """Return cells with all vectors, and how good they are; None if they aren't, or it is time to stop."""
        _, sample = self._index.spread(SAMPLE_PER_CELL * _cell_count(len(self._index)))
        cells = Cells(_centres(sample))
        cell_of_row = np.zeros(0, dtype=np.int64)
        for rows, vectors in self._index.blocks():
            if self._stopping.is_set():
                return None
            cell_of_row = np.concatenate([cell_of_row, np.zeros(max(0, rows.max() + 1 - len(cell_of_row)), np.int64)])
            cell_of_row[rows] = cells.add(rows, vectors)
        needed = self._cells_needed(cells, cell_of_row)
        if needed is None:
            return None
        choosing, measuring = np.concatenate(needed[::2]), np.concatenate(needed[1::2])
        cells.searched = int(np.quantile(choosing, CHOSEN_RECALL, method="higher"))
        recall = Recall(float((measuring <= cells.searched).mean()), len(needed[1::2]))
        if cells.searched > MOST_SEARCHED_SHARE * len(cells) or recall.share < LEAST_RECALL:
            log.info("Photos are too different for an approximate index; searches stay exact.")
            return None
        return cells, recall

    def _cells_needed(self, cells: Cells, cell_of_row: NDArray[np.int64]) -> list[NDArray[np.int64]] | None:
        """Return of some photos into how many cells one has to look for each true neighbour: int64 (NEAREST,) each.

        None if it is time to stop.
        """
        needed = []
        for row, vector in zip(*self._index.spread(2 * MEASURED_PHOTOS), strict=True):
            if self._stopping.is_set():
                return None
            nearest = self._index.top(vector, NEAREST, exclude=[row]).rows
            place_of_cell = np.argsort(cells.ranks(vector))
            # What came meanwhile is in no cell yet.
            needed.append(1 + place_of_cell[cell_of_row[nearest[nearest < len(cell_of_row)]]])
        return needed


def _cell_count(photos: int) -> int:
    """Return how many cells so many photos need: to look at a few photos in some takes as long as to find these."""
    return max(1, int(photos**0.5))


def _each_once(rows: NDArray[np.int32]) -> Rows:
    """Return rows, int32 (n,) in any order, ascending and each once: far quicker than sorting them."""
    flags = np.zeros(int(rows.max(initial=-1)) + 1, dtype=bool)
    flags[rows] = True
    return np.flatnonzero(flags)


def _centres(sample: Float32) -> Float32:
    """Return centres of the vectors in `sample`, float32 (m, width), a SAMPLE_PER_CELL-th as many, of length 1."""
    # It takes memory that small galleries can do without.
    import faiss

    count = max(1, len(sample) // SAMPLE_PER_CELL)
    clusters = faiss.Kmeans(sample.shape[1], count, niter=ROUNDS, spherical=True, min_points_per_centroid=1)
    clusters.train(sample)
    return np.asarray(clusters.centroids, dtype=np.float32)
