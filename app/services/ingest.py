"""The background work: photos that wait go to the model server in batches, and what it sees is stored and searched.

A photo's job is durable in the store, so nothing is lost when this process or the model server dies. Two batches are
in work at once: while the model looks at one, the other is decoded before or stored after.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from app import request_ids
from app.domain import Bytes8, Job, PhotoId
from app.errors import BadInput, ModelServerUnavailable, PhotoNotFound, StoreError
from app.services.batch_size import BatchSize
from app.services.looker import Looker
from app.services.photo_batches import PhotoBatches, Results
from app.services.prepared import PreparedInputs

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 15.0
WORKERS = 2
STOP_GRACE_S = 3.0
"""How long the batches in hand may take once we are told to stop."""


class Jobs(Results, Protocol):
    """The part of a store that knows which photos wait to be looked at."""

    def jobs(self, due: datetime | None = None, limit: int | None = None) -> list[Job]:
        """Return pending jobs, those first that are to be done first; some of them at least, if there are any."""

    def start(self, photo_ids: Sequence[PhotoId]) -> None:
        """Show photos as being looked at."""

    def read_bytes(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes as uploaded."""


class Ingest:
    """Threads that work through the pending jobs, in the store's order."""

    def __init__(
        self,
        store: Jobs,
        looker: Callable[[], Looker],
        prepared: PreparedInputs,
        batch_size: int,
        on_doubt: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """`looker` returns the model that looks at the next batch.

        `on_doubt` is told when the model server turns out to fail for every picture, and how.
        """
        self._store = store
        self._looker = looker
        self._prepared = prepared
        self._size = BatchSize(batch_size)
        self._batches = PhotoBatches(store, prepared, self._size, on_doubt)
        self._changed = threading.Condition()
        self._in_hand: set[PhotoId] = set()
        self._asking: set[int] = set()
        """The threads whose batch the model hasn't answered."""
        self._wakes = 0
        self._backoff_s = 0.0
        self._paused_until = 0.0
        self._problem: str | None = None
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"ingest-{number}", daemon=True) for number in range(WORKERS)
        ]

    @property
    def problem(self) -> str | None:
        """Why work is standing still, in one sentence, or None."""
        return self._problem

    def has_in_hand(self, photo_id: PhotoId) -> bool:
        """Tell whether a photo is being looked at: what is stored of it already may not be searched yet."""
        return photo_id in self._in_hand

    def start(self) -> None:
        """Begin working in the background."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is new work; while work stands still for a reason, it waits with the rest."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def resume(self) -> None:
        """Say that the model server is back: what waits for it is tried at once."""
        with self._changed:
            self._paused_until = 0.0
        self.wake()

    def stop(self) -> None:
        """Finish the batches in hand and end; a server that keeps one too long is left. Jobs stay in the store."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        started = [thread for thread in self._threads if thread.is_alive()]
        end = time.monotonic() + STOP_GRACE_S
        for thread in started:
            thread.join(max(end - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in started):
            self._looker().client.close()
        for thread in started:
            thread.join()

    def work_once(self) -> bool:
        """Do one batch of what is due; return whether there was anything to do."""
        jobs = self._take()
        if not jobs:
            return False
        try:
            with request_ids.working_for(request_ids.new("batch-")):
                looker = self._looker()
                inputs = self._inputs_of(jobs, looker)
                if inputs:
                    self._store.start(list(inputs))
                    self._batches.look_at(inputs, looker, on_answer=self._answered)
        finally:
            self._give_back(jobs)
        return True

    def _take(self) -> list[Job]:
        """Return the jobs of the next batch: a full one, or what there is while the model has nothing to do."""
        with self._changed:
            size = self._size.current()
            due = self._store.jobs(due=datetime.now(UTC), limit=size + len(self._in_hand))
            jobs = [job for job in due if job.photo_id not in self._in_hand][:size]
            if not jobs or (self._asking and len(jobs) < size):
                return []
            self._in_hand.update(job.photo_id for job in jobs)
            self._asking.add(threading.get_ident())
            return jobs

    def _answered(self) -> None:
        """Let the next batch be taken while this thread stores its own."""
        with self._changed:
            self._asking.discard(threading.get_ident())
        self.wake()

    def _give_back(self, jobs: Sequence[Job]) -> None:
        with self._changed:
            self._in_hand.difference_update(job.photo_id for job in jobs)
            self._asking.discard(threading.get_ident())
        self.wake()

    def _run(self) -> None:
        while not self._stopping:
            self._wait_out_pause()
            seen = self._wakes
            if not self._work_safely():
                self._wait_for_work(seen)

    def _wait_out_pause(self) -> None:
        with self._changed:
            while not self._stopping and (left_s := self._paused_until - time.monotonic()) > 0:
                self._changed.wait(left_s)

    def _wait_for_work(self, seen: int) -> None:
        """Wait until there is new work since `seen`, or work that was put off is due."""
        wait_s = self._until_next_job_s()
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._wakes != seen, wait_s)

    def _until_next_job_s(self) -> float:
        """Return how long nothing will be due that isn't in hand, at most `LONGEST_BACKOFF_S`."""
        with self._changed:
            if self._asking:
                return LONGEST_BACKOFF_S  # whoever asks says when it has its answer
            times = [job.not_before for job in self._store.jobs() if job.photo_id not in self._in_hand]
        wait_s = (min(times) - datetime.now(UTC)).total_seconds() if times else LONGEST_BACKOFF_S
        return min(max(wait_s, 0.0), LONGEST_BACKOFF_S)

    def _work_safely(self) -> bool:
        """Do one batch; turn trouble with the server or the file into a pause, never into the thread's end.

        Return whether to go on at once, after the pause if there is one.
        """
        try:
            worked = self.work_once()
            if worked or not self._store.jobs(limit=1):
                self._went_well()
            return worked
        except (ModelServerUnavailable, StoreError) as error:
            self._pause(error.message)
        except Exception as error:  # the edge of a thread: dying silently would strand every photo
            log.exception("ingest: unexpected error")
            self._pause(f"Unexpected error: {error!r}. The log has the details.")
        return True

    def _went_well(self) -> None:
        with self._changed:
            if self._problem is not None:
                log.info("ingest goes on")
            self._backoff_s, self._paused_until, self._problem = 0.0, 0.0, None

    def _pause(self, reason: str) -> None:
        if self._problem != reason:
            log.warning("ingest waits: %s", reason)
        with self._changed:
            now = time.monotonic()
            if now >= self._paused_until:  # else another thread failed just now, for the same reason
                self._backoff_s = min(max(2 * self._backoff_s, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)
            self._paused_until = now + self._backoff_s
            self._problem = reason

    def _inputs_of(self, jobs: Sequence[Job], looker: Looker) -> dict[PhotoId, Bytes8]:
        """Return the model input of each job's photo; photos that can't be read become `failed`."""
        inputs: dict[PhotoId, Bytes8] = {}
        for job in jobs:
            try:
                ready_input = self._prepared.take(job.photo_id)
                if ready_input is None or not looker.fits(ready_input):
                    ready_input = looker.prepare(self._store.read_bytes(job.photo_id))
                inputs[job.photo_id] = ready_input
            except PhotoNotFound:
                continue  # deleted since
            except (BadInput, StoreError) as error:
                self._batches.fail(job.photo_id, error)
        return inputs
