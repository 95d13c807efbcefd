"""What becomes of one batch of photos: features, or a failure that is truly the photo's own, or waiting.

A photo is blamed only if the model refuses it alone and then works for a black picture. Whatever else goes wrong is
the server's fault, and the photos wait.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from app.domain import Bytes8, Features, Photo, PhotoId
from app.errors import (
    GalleryError,
    ModelOutOfMemory,
    ModelOutputInvalid,
    ModelRejectedInput,
    ModelServerUnavailable,
    StoreError,
)
from app.inference.proof import prove
from app.services.batch_size import BatchSize
from app.services.looker import Looker
from app.services.prepared import PreparedInputs

log = logging.getLogger(__name__)

INVALID_ANSWERS_ALLOWED = 3
INVALID_PAUSE_S = 0.5
"""How long a photo waits whose answer couldn't be used."""

Inputs = Mapping[PhotoId, Bytes8]


class Results(Protocol):
    """The part of a store that keeps what becomes of photos."""

    def finish(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features and drop the jobs; return the photos."""

    def postpone(self, photo_ids: Sequence[PhotoId], not_before: datetime, error: str) -> None:
        """Put jobs off."""

    def fail(self, photo_id: PhotoId, error: str) -> None:
        """Give a photo's job up."""


class PhotoBatches:
    """Has a model look at batches of photos and stores what it sees; may be used from several threads."""

    def __init__(
        self, store: Results, prepared: PreparedInputs, size: BatchSize, on_doubt: Callable[[str], None]
    ) -> None:
        self._store = store
        self._prepared = prepared
        self._size = size
        self._on_doubt = on_doubt
        self._invalid_answers: Counter[PhotoId] = Counter()

    def look_at(self, inputs: Inputs, looker: Looker, on_answer: Callable[[], None]) -> None:
        """Bring every photo to its end, or else let it wait and raise ModelServerUnavailable or StoreError.

        `on_answer` is called when the model has answered for the first time and what follows is storing.
        """
        settled: set[PhotoId] = set()
        try:
            self._infer(inputs, looker, settled, on_answer)
        except (ModelServerUnavailable, StoreError) as error:
            self._let_wait({one: pixels for one, pixels in inputs.items() if one not in settled}, error)
            raise

    def fail(self, photo_id: PhotoId, error: GalleryError) -> None:
        """Give a photo up, for a reason that its page shows."""
        log.warning("photo %s failed: %s", photo_id, error.message)
        self._store.fail(photo_id, error.message)

    def _infer(self, inputs: Inputs, looker: Looker, settled: set[PhotoId], on_answer: Callable[[], None]) -> None:
        """Run one batch; when the model refuses it, halve it until the photo at fault stands alone."""
        try:
            output = looker.client.predict(looker.card, np.stack(list(inputs.values())))
            features = dict(zip(inputs, looker.maker.make(output), strict=True))
        except ModelOutOfMemory:
            self._size.lacked_memory(len(inputs))
            if len(inputs) == 1:
                raise
            log.warning("the model server lacks memory for %d photos at once; fewer are sent", len(inputs))
            self._infer_halves(inputs, looker, settled, on_answer)
        except (ModelRejectedInput, ModelOutputInvalid) as error:
            if len(inputs) > 1:
                self._infer_halves(inputs, looker, settled, on_answer)
            else:
                self._blame(inputs, looker, error)
                settled.update(inputs)
        else:
            on_answer()
            self._keep(features, looker)
            settled.update(inputs)

    def _infer_halves(
        self, inputs: Inputs, looker: Looker, settled: set[PhotoId], on_answer: Callable[[], None]
    ) -> None:
        entries = list(inputs.items())
        middle = len(entries) // 2
        self._infer(dict(entries[:middle]), looker, settled, on_answer)
        self._infer(dict(entries[middle:]), looker, settled, on_answer)

    def _keep(self, features: Mapping[PhotoId, Features], looker: Looker) -> None:
        photos = self._store.finish(looker.name, features)
        looker.listener.put(photos, [features[photo.id] for photo in photos])
        for photo_id in features:
            self._invalid_answers.pop(photo_id, None)

    def _blame(self, inputs: Inputs, looker: Looker, error: GalleryError) -> None:
        """Give up a photo that the model can't look at, if the model works otherwise."""
        try:
            prove(looker.client, looker.card)
        except ModelServerUnavailable as unusable:
            self._on_doubt(unusable.message)
            raise
        (photo_id,) = inputs
        self._invalid_answers[photo_id] += 1
        if isinstance(error, ModelRejectedInput) or self._invalid_answers[photo_id] >= INVALID_ANSWERS_ALLOWED:
            del self._invalid_answers[photo_id]
            self.fail(photo_id, error)
        else:
            self._let_wait(inputs, error, INVALID_PAUSE_S)

    def _let_wait(self, inputs: Inputs, error: GalleryError, pause_s: float = 0.0) -> None:
        """Put photos off, and keep their inputs for then. Without a pause they are due when the server is back."""
        for photo_id, model_input in inputs.items():
            self._prepared.put(photo_id, model_input)
        self._store.postpone(list(inputs), datetime.now(UTC) + timedelta(seconds=pause_s), error.message)
