"""Model inputs of photos that were just uploaded, so that they needn't be decoded a second time.

Decoding a large photo takes as much work as a quick model has with it. Uploads may run far ahead of the model, so
what they prepared is kept in a nameless file: the system's cache holds it, and gives it up where memory is short.
"""

import os
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from app.domain import Bytes8, PhotoId

CAPACITY = 1024
PLACE_BYTES = 1 << 20
"""The room for one input; what none was written to takes no room on the disk."""


@dataclass(frozen=True)
class _Kept:
    """Where an input stands, and its shape."""

    place: int
    shape: tuple[int, ...]


class PreparedInputs:
    """A bounded memory of model inputs, in a file that is gone with the process; any thread may call.

    While it is full, further ones aren't kept: jobs are done oldest first, so what is in it will be wanted sooner.
    """

    def __init__(self, folder: Path | None = None, capacity: int = CAPACITY) -> None:
        """`folder` takes the file; None is the system's folder for such files."""
        self._folder = folder
        self._free = list(range(capacity - 1, -1, -1))
        self._capacity = capacity
        self._kept: dict[PhotoId, _Kept] = {}
        self._lock = Lock()
        self._file: int | None = None

    def put(self, photo_id: PhotoId, model_input: Bytes8) -> None:
        """Remember uint8 (height, width, 3), unless the memory or the disk is full."""
        self.take(photo_id)
        with self._lock:
            if not self._free or model_input.nbytes > PLACE_BYTES:
                return
            place = self._free.pop()
        try:
            os.pwritev(self._opened(), [np.ascontiguousarray(model_input).data], place * PLACE_BYTES)
        except OSError:
            self._give_back(place)  # the photo is decoded again
            return
        with self._lock:
            self._kept[photo_id] = _Kept(place, model_input.shape)

    def take(self, photo_id: PhotoId) -> Bytes8 | None:
        """Return and forget a photo's input, or None if it isn't remembered."""
        with self._lock:
            kept = self._kept.pop(photo_id, None)
        if kept is None:
            return None
        model_input = np.empty(kept.shape, np.uint8)
        try:
            count = os.preadv(self._opened(), [model_input.data], kept.place * PLACE_BYTES)
        except OSError:
            return None
        finally:
            self._give_back(kept.place)
        return model_input if count == model_input.nbytes else None

    def _opened(self) -> int:
        """Return the file's descriptor; raise OSError if none can be made."""
        with self._lock:
            if self._file is None:
                with tempfile.TemporaryFile(dir=self._folder) as file:
                    self._file = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._file)
            return self._file

    def _give_back(self, place: int) -> None:
        with self._lock:
            self._free.append(place)
            if len(self._free) == self._capacity and self._file is not None:
                os.ftruncate(self._file, 0)  # What has gone needn't be written to the disk.
