"""What changes in the gallery while somebody watches: photos that come, go or get further, and how the gallery is.

States are compared with those a moment ago, for all watchers in one thread that runs only while there are any. So
whoever stores or deletes photos needs to know nothing of it, and nothing can be forgotten.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain import PartState, Photo, PhotoState
from app.errors import PhotoNotFound
from app.services.outlooks import Outlooks
from app.services.status import Status
from app.store.base import Store

LOOK_EVERY_S = 0.2
MOST_WATCHERS = 16
"""Each holds one of the web server's threads."""
MOST_PHOTOS = 200
"""What is told of single photos at once; of more, only that there were many."""
MOST_UNREAD = 100
_GONE = 0
_NUMBERS = {state: number for number, state in enumerate(PhotoState, start=1)}


@dataclass(frozen=True)
class Situation:
    """How the gallery is."""

    photos: int
    pending_jobs: int
    model_server: PartState
    banner: str | None
    """One plain line while something is away."""


@dataclass(frozen=True)
class Change:
    """What is different from a moment ago."""

    photos: tuple[Photo, ...]
    """Those that came or whose state is another one."""
    many: bool
    """More than these have changed: ask for the list anew."""
    situation: Situation | None
    """How the gallery is now, if that is different."""


class Watch:
    """What one watcher hasn't read yet."""

    def __init__(self, first: Change) -> None:
        self._unread: deque[Change] = deque([first], maxlen=MOST_UNREAD)
        self._told = threading.Condition()
        self._closed = False

    def tell(self, change: Change) -> None:
        """Add a change; the oldest one goes if the watcher doesn't read."""
        with self._told:
            self._unread.append(change)
            self._told.notify_all()

    def close(self) -> None:
        """Tell the watcher that nothing more will come."""
        with self._told:
            self._closed = True
            self._told.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def next(self, timeout_s: float) -> Change | None:
        """Return the next change, or None if there was none for so long or none will come."""
        with self._told:
            self._told.wait_for(lambda: self._unread or self._closed, timeout_s)
            return self._unread.popleft() if self._unread and not self._closed else None


class LiveChanges:
    """Looks for changes and tells all watchers; every method may be called from any thread."""

    def __init__(self, store: Store, status: Status, outlooks: Outlooks) -> None:
        self._store = store
        self._status = status
        self._outlooks = outlooks
        self._lock = threading.Lock()
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def watchers(self) -> int:
        """How many pages are told of changes right now."""
        with self._lock:
            return len(self._watches)

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """Begin to watch; the first change tells how the gallery is.

        If too many watch already, the one that has longest is closed: most often its page was left, which shows only
        when something is sent there. A page that is still open comes again.
        """
        with self._lock:
            watch = Watch(Change((), many=False, situation=self._situation()))
            for oldest in self._watches[: max(0, len(self._watches) + 1 - MOST_WATCHERS)]:
                oldest.close()
                self._watches.remove(oldest)
            if self._stopping.is_set():
                watch.close()
            self._watches.append(watch)
            if self._thread is None:
                # What changes from here on is told, however late the thread begins.
                seen = (self._states(), self._situation())
                self._thread = threading.Thread(target=self._run, args=seen, name="live-changes", daemon=True)
                self._thread.start()
        try:
            yield watch
        finally:
            with self._lock:
                if watch in self._watches:
                    self._watches.remove(watch)

    def stop(self) -> None:
        """End all watching."""
        self._stopping.set()
        with self._lock:
            watches, thread = list(self._watches), self._thread
        for watch in watches:
            watch.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self, states: NDArray[np.uint8], situation: Situation) -> None:
        """Compare with what was seen a moment ago until nobody watches any more."""
        while not self._stopping.wait(LOOK_EVERY_S):
            with self._lock:
                watches = list(self._watches)
                if not watches:
                    self._thread = None
                    return
            before, states = states, self._states()
            told, situation = situation, self._situation()
            change = self._difference(before, states, situation if situation != told else None)
            if change is not None:
                for watch in watches:
                    watch.tell(change)

    def _difference(
        self, before: NDArray[np.uint8], now: NDArray[np.uint8], situation: Situation | None
    ) -> Change | None:
        end = max(len(before), len(now))
        before, now = (np.pad(states, (0, end - len(states)), constant_values=_GONE) for states in (before, now))
        different = np.flatnonzero(before != now)
        rows = different[now[different] != _GONE]
        if not len(different) and situation is None:
            return None
        many = len(rows) > MOST_PHOTOS or len(rows) < len(different)
        photos = (self._at(int(row)) for row in rows[:MOST_PHOTOS])
        return Change(tuple(photo for photo in photos if photo is not None), many, situation)

    def _states(self) -> NDArray[np.uint8]:
        """Return the state of the photo in each row, 0 for none: uint8 (n_rows,).

        A photo is ready once searches find it, a moment after its features are stored.
        """
        rows = {state: self._store.rows(state) for state in PhotoState}
        end = max((int(found[-1]) + 1 for found in rows.values() if len(found)), default=0)
        states = np.full(end, _GONE, dtype=np.uint8)
        for state, found in rows.items():
            states[found] = _NUMBERS[state]
        ready = rows[PhotoState.READY]
        states[ready[~self._outlooks.now.index.holds(ready)]] = _NUMBERS[PhotoState.PROCESSING]
        return states

    def _situation(self) -> Situation:
        info = self._store.info()
        return Situation(info.photos, info.pending_jobs, self._status.model_server, self._status.banner())

    def _at(self, row: int) -> Photo | None:
        try:
            photo = self._store.at(row)
        except PhotoNotFound:
            return None
        late = photo.state is PhotoState.READY and row not in self._outlooks.now.index
        return replace(photo, state=PhotoState.PROCESSING) if late else photo
