"""The background work: photos that wait go to the model server in batches, and what it sees is stored and searched.

A photo's job is durable in the store, so nothing is lost when this process or the model server dies. An answer that
only this photo can be blamed for makes it `failed`; a model server that is away makes all of them wait.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from app.domain import Bytes8, Features, Job, Photo, PhotoId
from app.errors import (
    BadInput,
    GalleryError,
    ModelOutputInvalid,
    ModelRejectedInput,
    ModelServerUnavailable,
    PhotoNotFound,
    StoreError,
)
from app.inference.base import ModelClient
from app.services.features import FeatureMaker
from app.services.prepared import PreparedInputs
from app.store.base import Store
from model_server.catalogue import ModelCard

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 15.0
INVALID_ANSWERS_ALLOWED = 3


class FeatureListener(Protocol):
    """What wants to know of new features, to search in them."""

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`."""


class Ingest:
    """One thread that works through the pending jobs, oldest photo first."""

    def __init__(
        self,
        store: Store,
        client: ModelClient,
        card: ModelCard,
        maker: FeatureMaker,
        listener: FeatureListener,
        prepared: PreparedInputs,
        prepare: Callable[[bytes], Bytes8],
        batch_size: int,
    ) -> None:
        self._store = store
        self._client = client
        self._card = card
        self._maker = maker
        self._listener = listener
        self._prepared = prepared
        self._prepare = prepare
        self._batch_size = batch_size
        self._invalid_answers: Counter[PhotoId] = Counter()
        self._backoff_s = 0.0
        self._problem: str | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why work is standing still, in one sentence, or None."""
        return self._problem

    def start(self) -> None:
        """Begin working in the background."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is new work, or that waiting work may be tried at once."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch in hand and end; pending jobs stay in the store."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def work_once(self) -> bool:
        """Do one batch of what is due; return whether there was anything to do."""
        jobs = self._store.jobs(due=datetime.now(UTC), limit=self._batch_size)
        if not jobs:
            return False
        inputs = self._inputs_of(jobs)
        if inputs:
            self._store.start(list(inputs))
            self._infer(inputs)
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            if not self._work_safely():
                self._wake.wait(self._backoff_s or self._until_next_job_s())

    def _until_next_job_s(self) -> float:
        """Return how long nothing will be due, at most `LONGEST_BACKOFF_S`."""
        times = [job.not_before for job in self._store.jobs()]
        now = datetime.now(UTC)
        wait_s = (min(times) - now).total_seconds() if times else LONGEST_BACKOFF_S
        return min(max(wait_s, 0.0), LONGEST_BACKOFF_S)

    def _work_safely(self) -> bool:
        """Do one batch; turn trouble with the server or the file into a pause, never into the thread's end."""
        try:
            worked = self.work_once()
        except (ModelServerUnavailable, StoreError) as error:
            self._pause(error.message)
            return False
        except Exception as error:  # the edge of a thread: dying silently would strand every photo
            log.exception("ingest: unexpected error")
            self._pause(f"Unexpected error: {error!r}. The log has the details.")
            return False
        self._backoff_s, self._problem = 0.0, None
        return worked

    def _pause(self, reason: str) -> None:
        if self._problem != reason:
            log.warning("ingest waits: %s", reason)
        self._problem = reason
        self._backoff_s = min(max(2 * self._backoff_s, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)

    def _inputs_of(self, jobs: Sequence[Job]) -> dict[PhotoId, Bytes8]:
        """Return the model input of each job's photo; photos that can't be read become `failed`."""
        inputs: dict[PhotoId, Bytes8] = {}
        for job in jobs:
            try:
                ready_input = self._prepared.take(job.photo_id)
                if ready_input is None:
                    ready_input = self._prepare(self._store.read_bytes(job.photo_id))
                inputs[job.photo_id] = ready_input
            except PhotoNotFound:
                continue  # deleted since
            except (BadInput, StoreError) as error:
                self._fail(job.photo_id, error)
        return inputs

    def _infer(self, inputs: dict[PhotoId, Bytes8]) -> None:
        """Run one batch; when the model refuses it, halve it until the photo at fault stands alone."""
        try:
            output = self._client.predict(self._card, np.stack(list(inputs.values())))
            features = dict(zip(inputs, self._maker.make(output), strict=True))
        except (ModelRejectedInput, ModelOutputInvalid) as error:
            self._blame(inputs, error)
        except ModelServerUnavailable as error:
            self._put_off(inputs, error)
            raise
        else:
            photos = self._store.finish(self._card.name, features)
            self._listener.put(photos, [features[photo.id] for photo in photos])
            for photo in photos:
                self._invalid_answers.pop(photo.id, None)

    def _blame(self, inputs: dict[PhotoId, Bytes8], error: GalleryError) -> None:
        if len(inputs) > 1:
            entries = list(inputs.items())
            middle = len(entries) // 2
            self._infer(dict(entries[:middle]))
            self._infer(dict(entries[middle:]))
            return
        (photo_id,) = inputs
        self._invalid_answers[photo_id] += 1
        if isinstance(error, ModelRejectedInput) or self._invalid_answers[photo_id] >= INVALID_ANSWERS_ALLOWED:
            del self._invalid_answers[photo_id]
            self._fail(photo_id, error)
        else:
            self._put_off(inputs, error)

    def _put_off(self, photo_ids: dict[PhotoId, Bytes8], error: GalleryError) -> None:
        """Let the photos wait as long as the pause that follows, and keep their inputs for then."""
        wait_s = max(self._backoff_s, FIRST_BACKOFF_S)
        self._store.postpone(list(photo_ids), datetime.now(UTC) + timedelta(seconds=wait_s), error.message)
        for photo_id, model_input in photo_ids.items():
            self._prepared.put(photo_id, model_input)

    def _fail(self, photo_id: PhotoId, error: GalleryError) -> None:
        log.warning("photo %s failed: %s", photo_id, error.message)
        self._store.fail(photo_id, error.message)
