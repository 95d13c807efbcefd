"""Model inputs of photos that were just uploaded, so that they needn't be decoded a second time."""

from threading import Lock

from app.domain import Bytes8, PhotoId


class PreparedInputs:
    """A bounded memory of model inputs.

    While it is full, further ones aren't kept: jobs are done oldest first, so what is in it will be wanted sooner.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._inputs: dict[PhotoId, Bytes8] = {}
        self._lock = Lock()

    def put(self, photo_id: PhotoId, model_input: Bytes8) -> None:
        """Remember uint8 (height, width, 3), unless the memory is full."""
        with self._lock:
            if len(self._inputs) < self._capacity:
                self._inputs[photo_id] = model_input

    def take(self, photo_id: PhotoId) -> Bytes8 | None:
        """Return and forget a photo's input, or None if it isn't remembered."""
        with self._lock:
            return self._inputs.pop(photo_id, None)
