"""Keeping Pillow's warnings about strangers' files off the console."""

import threading
import warnings
from types import TracebackType


class QuietPillow:
    """A context in which warnings raised inside Pillow are dropped; damage is reported by errors, not by them.

    `warnings.catch_warnings` restores what it found, which goes wrong when two threads enter and leave it in
    turn. So all threads share one such context: the first that comes opens it, the last that goes closes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif")
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(kind, error, trace)


quiet_pillow = QuietPillow()
