"""The photos that a model hasn't looked at, as jobs for a second ingest.

Nothing of it is written down: what is done is in the file, so what is to be done follows from it after any end.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic

import numpy as np

from app.domain import Features, Job, Photo, PhotoId, PhotoState
from app.errors import PhotoNotFound
from app.store.base import Rows, Store

AT_ONCE = 256
"""Jobs that are named at once, at most."""
REMEMBERED_S = 1.0


class MissingFeatures:
    """Implements `ingest.Jobs` for the ready photos without features by one model, the newest first.

    A photo that the model can't look at is refused: it is left out until it is looked at anew by the others.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._lock = threading.Lock()
        self._put_off: dict[PhotoId, tuple[datetime, str]] = {}
        self._refused: dict[int, str] = {}
        self._found: Rows = np.zeros(0, np.int64)
        """What `rows` found last, for `REMEMBERED_S`: comparing all rows of a large gallery takes long."""
        self._found_at = -math.inf
        self._done_since: set[int] = set()

    def rows(self) -> Rows:
        """Return the rows of the photos that are still to be looked at: int64 (n,), ascending."""
        ready = self._store.rows(PhotoState.READY)
        missing = np.setdiff1d(ready, self._store.neighbours.rows(self._model), assume_unique=True)
        with self._lock:
            refused = np.array(list(self._refused), np.int64)
        return np.setdiff1d(missing, refused, assume_unique=True) if len(refused) else missing

    def refused(self) -> dict[int, str]:
        """Return the rows of the photos that the model can't look at, and why."""
        with self._lock:
            return dict(self._refused)

    def forget(self, rows: Sequence[int]) -> None:
        """Let photos that were refused be tried again."""
        with self._lock:
            for row in rows:
                self._refused.pop(row, None)

    def jobs(self, due: datetime | None = None, limit: int | None = None) -> list[Job]:
        """Return what is to be done, the newest photo first, or what may be tried at `due` (UTC) of it."""
        wanted = min(AT_ONCE if limit is None else limit, AT_ONCE)
        if monotonic() - self._found_at < REMEMBERED_S:
            jobs = self._jobs(due, wanted)
            if len(jobs) == wanted:
                return jobs
        self._look()
        return self._jobs(due, wanted)

    def start(self, photo_ids: Sequence[PhotoId]) -> None:
        """Leave the photos' states as they are: they are ready."""

    def read_bytes(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes as uploaded; raise PhotoNotFound or PhotoDamaged."""
        return self._store.read_bytes(photo_id)

    def finish(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features; return the photos."""
        photos = self._store.add_features(model, features)
        with self._lock:
            self._done_since.update(photo.row for photo in photos)
            for photo_id in features:
                self._put_off.pop(photo_id, None)
        return photos

    def postpone(self, photo_ids: Sequence[PhotoId], not_before: datetime, error: str) -> None:
        """Let photos wait."""
        with self._lock:
            self._put_off |= dict.fromkeys(photo_ids, (not_before, error))

    def fail(self, photo_id: PhotoId, error: str) -> None:
        """Leave out a photo that can't be looked at."""
        try:
            row = self._store.get(photo_id).row
        except PhotoNotFound:
            return
        with self._lock:
            self._put_off.pop(photo_id, None)
            self._refused[row] = error

    def _look(self) -> None:
        with self._lock:
            self._done_since = set()  # before the look: what is done during it may be in either
        found = self.rows()
        with self._lock:
            self._found, self._found_at = found, monotonic()

    def _jobs(self, due: datetime | None, wanted: int) -> list[Job]:
        """Return up to so many jobs of what was found last."""
        found: list[Job] = []
        for row in self._newest_first():
            if len(found) >= wanted:
                break
            job = self._job(row)
            if job is not None and (due is None or job.not_before <= due):
                found.append(job)
        return found

    def _newest_first(self) -> Iterator[int]:
        """Yield the rows found last that are still to be looked at."""
        rows = self._found
        for stop in range(len(rows), 0, -AT_ONCE):
            with self._lock:
                settled = self._done_since | self._refused.keys()
            yield from (row for row in rows[max(0, stop - AT_ONCE) : stop][::-1].tolist() if row not in settled)

    def _job(self, row: int) -> Job | None:
        try:
            photo = self._store.at(row)
        except PhotoNotFound:
            return None
        with self._lock:
            not_before, error = self._put_off.get(photo.id, (datetime.min.replace(tzinfo=UTC), None))
        return Job(photo.id, self._model, 0, not_before, error)
