"""Keeps each photo's nearest photos in the file, in the background, right after photos came or went.

What is to be done is never written down: it follows from the file. A photo with features but without a list of them
has come; a list that names a photo without a list is to be made anew. So a crash at any point loses nothing.
"""

import itertools
import logging
import threading
from collections.abc import Iterable, Sequence
from time import perf_counter

import numpy as np

from app.domain import Features, Float32, Photo
from app.errors import StoreError
from app.search.embedding import EmbeddingIndex
from app.search.neighbor_table import KEPT, Lists, NeighbourTable
from app.search.neighbors import Neighbourhood
from app.search.ranking import Ranked
from app.search.rows import Rows
from app.store.base import NeighbourLists, Store

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
AT_ONCE = 64
"""Photos that share one look at all others, at most."""
GATHERED_S = 1.0
"""Photos that came wait so long for company: many at once take little more than one."""
COMPARED_AT_ONCE = 1 << 24
"""Pairs of photos that are compared at once, at most: what is known of each takes 4 bytes."""


class NeighbourKeeper:
    """One thread that keeps the lists of one model's embedding; `index` hears of changes before it does."""

    def __init__(self, store: Store, index: EmbeddingIndex, model: str, gathered_s: float = GATHERED_S) -> None:
        """`gathered_s` is how long photos that came wait for company."""
        self._store = store
        self._gathered_s = gathered_s
        self._index = index
        self._model = model
        self._table = NeighbourTable()
        self._lists = Neighbourhood(self._table, index, self._embeddings)
        self._lock = threading.Lock()
        self._loaded = False
        # By row, in the order in which they came; of `_come` the value is the number of the call that told of it.
        self._come: dict[int, int] = {}
        self._gone: dict[int, None] = {}
        self._untrue: dict[int, None] = {}
        self._calls = itertools.count(1)
        self._backoff_s = 0.0
        self._problem: str | None = None
        self._wake = threading.Event()
        self._enough = threading.Event()
        """There is no use in waiting for more photos."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="neighbours", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why work is standing still, in one sentence, or None."""
        return self._problem

    @property
    def waiting(self) -> int:
        """How many photos' lists are still to be made."""
        return len(self._come) + len(self._untrue)

    def start(self) -> None:
        """Begin working in the background; what a crash or an older version left undone comes first."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the work in hand and end; the rest is found again at the next start."""
        self._stopping.set()
        self._enough.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Hear of photos whose features were stored, for the first time or anew."""
        with self._lock:
            self._come |= dict.fromkeys((photo.row for photo in photos), next(self._calls))
            if len(self._come) >= AT_ONCE:
                self._enough.set()
        self._wake.set()

    def remove(self, row: int) -> None:
        """Hear of a photo that was deleted."""
        with self._lock:
            self._come.pop(row, None)
            self._gone[row] = None
        self._wake.set()

    def neighbours(self, photo: Photo, limit: int) -> Ranked | None:
        """Return the `limit` photos most alike, as the index would find them, or None if the lists can't tell (yet).

        They can't tell more than KEPT, nor anything while photos that came wait to be compared.
        """
        with self._lock:
            row = photo.row
            if not self._table.are_members(np.array([row]))[0] or self._come or row in self._untrue:
                return None
            found = self._table.ranked(row)
            alive = self._table.are_members(found.rows) & ~np.isin(found.rows, list(self._gone))
        if not len(found) or (len(found) == KEPT and np.count_nonzero(alive) < limit):
            return None
        return Ranked(found.rows[alive][:limit], found.scores[alive][:limit])

    def work_once(self) -> bool:
        """Do one piece of what is to be done; return whether there was anything. Raises StoreError."""
        if not self._loaded:
            self._load()
        elif leaving := self._leaving():
            self._forget(leaving)
        elif self._untrue:
            self._make_anew()
        elif self._come:
            self._add()
        else:
            return False
        return True

    def _load(self) -> None:
        kept = self._store.neighbours.lists(self._model)
        missing = np.setdiff1d(self._store.neighbours.rows(self._model), kept.rows, assume_unique=True)
        with self._lock:
            self._table.put(Lists(kept.rows, kept.neighbours, kept.similarities, kept.versions))
            self._come = dict.fromkeys(missing.tolist(), 0) | self._come
            self._untrue = dict.fromkeys(self._table.naming_others().tolist())
            self._loaded = True

    def _leaving(self) -> list[int]:
        """Return the rows whose lists are of no use any more: of deleted photos, and of those with new features."""
        with self._lock:
            come = np.array(list(self._come), np.int64)
            return [*self._gone, *come[self._table.are_members(come)].tolist()]

    def _forget(self, leaving: list[int]) -> None:
        rows = np.array(leaving, np.int64)
        # Only this thread changes the table, so it may look at it without the lock.
        untrue = self._table.naming(rows)
        with self._lock:
            self._table.drop(rows)
            self._untrue |= dict.fromkeys(untrue.tolist())
            for row in leaving:
                self._gone.pop(row, None)
                self._untrue.pop(row, None)

    def _make_anew(self) -> None:
        rows = self._first(self._untrue)
        self._keep(self._lists.made_anew(rows))
        with self._lock:
            for row in rows.tolist():
                self._untrue.pop(row, None)

    def _add(self) -> None:
        with self._lock:
            told = dict(self._come)
        rows = self._first(told)
        rows = rows[~self._table.are_members(rows)]  # Those told of anew in this moment must be forgotten first.
        # The versions are read before the features: should those change meanwhile, the lists count as older ones.
        versions = self._store.neighbours.versions(rows, self._model)
        there = versions > 0
        if there.any():
            self._keep(self._lists.with_added(rows[there], versions[there]))
        with self._lock:
            for row in rows.tolist():
                if self._come.get(row) == told[row]:  # Otherwise its features have changed since.
                    del self._come[row]

    def _keep(self, lists: Lists) -> None:
        """Store lists, then answer with them."""
        self._store.neighbours.put(
            self._model, NeighbourLists(lists.rows, lists.neighbours, lists.similarities, lists.stamps)
        )
        with self._lock:
            self._table.put(lists)

    def _first(self, waiting: Iterable[int]) -> Rows:
        """Return the first of the waiting rows, ascending: as many as one look at all photos may serve."""
        count = max(1, min(AT_ONCE, COMPARED_AT_ONCE // max(1, len(self._index))))
        return np.array(sorted(itertools.islice(waiting, count)), np.int64)

    def _embeddings(self, rows: Rows) -> Float32:
        return self._store.embeddings_of(rows, self._model)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._gather()
            started_s = perf_counter()
            if not self._work_safely():
                self._wake.wait(self._backoff_s or None)
            elif self.waiting > AT_ONCE:
                # A long way to go: let others have half of the time.
                self._stopping.wait(perf_counter() - started_s)

    def _gather(self) -> None:
        """Wait as long as more photos keep coming, up to a full look's; searches do without lists meanwhile."""
        held = 0
        while held < (held := self._gathering()) and not self._stopping.is_set():
            self._enough.wait(self._gathered_s)

    def _gathering(self) -> int:
        """Return how many photos might wait for company, 0 if there is something better to do."""
        with self._lock:
            self._enough.clear()
            few = len(self._come) < AT_ONCE and not self._gone and not self._untrue
            return len(self._come) if few else 0

    def _work_safely(self) -> bool:
        """Do one piece of work; turn trouble with the file into a pause, never into the thread's end."""
        try:
            worked = self.work_once()
        except StoreError as error:
            self._pause(error.message)
            return False
        except Exception as error:  # the edge of a thread: dying silently would leave the lists as they are
            log.exception("neighbours: unexpected error")
            self._pause(f"Unexpected error: {error!r}. The log has the details.")
            return False
        self._backoff_s, self._problem = 0.0, None
        return worked

    def _pause(self, reason: str) -> None:
        if self._problem != reason:
            log.warning("neighbours wait: %s", reason)
        self._problem = reason
        self._backoff_s = min(max(2 * self._backoff_s, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)
