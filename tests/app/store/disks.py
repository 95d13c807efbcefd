"""Disks that fail on purpose, in front of a real file."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from app.errors import StoreError
from app.store.device import FileDevice, no_room


class SmallDisk(FileDevice):
    """A disk with so much room; nothing that needs more is done."""

    def __init__(self, path: Path, room_bytes: int) -> None:
        super().__init__(path)
        self.room_bytes = room_bytes
        self._used = self.allocated_bytes()

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        super().pwrite(data, offset)
        self._take_back_if_full(len(data), offset)

    def pwrite_all(self, pieces: Sequence[bytes], offset: int) -> None:
        self.pwrite(b"".join(pieces), offset)

    def reserve(self, start: int, stop: int) -> None:
        super().reserve(start, stop)
        self._take_back_if_full(stop - start, start)

    def _take_back_if_full(self, length: int, offset: int) -> None:
        """Undo what took more room than there is; what was overwritten takes none and isn't undone."""
        used = self.allocated_bytes()
        if used > max(self.room_bytes, self._used):
            self.punch(length, offset)
            raise no_room(self.path)
        self._used = used

    def punch(self, length: int, offset: int) -> None:
        super().punch(length, offset)
        self._used = self.allocated_bytes()


class FailingDisk(FileDevice):
    """A disk whose next syncs fail on demand."""

    failing = False

    def sync(self) -> None:
        if self.failing:
            raise StoreError(f"The disk refused work on {self.path}: {os.strerror(errno.EIO)}.")
        super().sync()
