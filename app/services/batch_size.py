"""How many photos go to the model server at once: as many as are set, fewer for a while after it lacked memory."""

import threading
import time
from collections.abc import Callable

REMEMBERED_S = 300.0
"""After each such time without a lack of memory, twice as many are tried again."""


class BatchSize:
    """The size of a batch, which threads share."""

    def __init__(self, largest: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._largest = largest
        self._size = largest
        self._clock = clock
        self._changed_at = clock()
        self._lock = threading.Lock()

    def current(self) -> int:
        """Return how many photos to send now."""
        with self._lock:
            if self._size < self._largest and self._clock() - self._changed_at >= REMEMBERED_S:
                self._set(2 * self._size)
            return self._size

    def lacked_memory(self, photos: int) -> None:
        """Note that a batch of so many photos was too large."""
        with self._lock:
            self._set(min(self._size, photos // 2))

    def _set(self, size: int) -> None:
        self._size = min(max(size, 1), self._largest)
        self._changed_at = self._clock()
