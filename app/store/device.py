"""The gallery file as a block device: the only code that touches the disk."""

import ctypes
import errno
import fcntl
import os
import struct
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from app.errors import StoreError, StoreFull
from app.store.schema import PAGE

_LOCK_START = 1 << 62
"""The owner's lock stands on a byte far behind the file's end, where nothing else locks."""
_KEEP_SIZE_AND_PUNCH = 0x01 | 0x02
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
_LIBC.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
_START_WRITING = 0x02
PIECES_AT_ONCE = os.sysconf("SC_IOV_MAX")
"""How many pieces one write can take."""


def no_room(path: Path) -> StoreFull:
    """Return the error for a disk without room."""
    return StoreFull(
        f"The disk that holds {path} is full. What is stored stays readable; make room and try again.",
        path=str(path),
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Device(Protocol):
    """What the store needs of a disk. Offsets and lengths in bytes; any thread may call."""

    @property
    def path(self) -> Path:
        """The file, for messages."""

    def size(self) -> int:
        """Return the logical size, holes included."""

    def allocated_bytes(self) -> int:
        """Return the room that the file takes on the disk, holes left out."""

    def pread(self, length: int, offset: int) -> bytes:
        """Read up to `length` bytes; fewer where the file ends."""

    def pread_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer; return how many bytes there were before the file's end."""

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write all of `data`; raise StoreFull or StoreError."""

    def pwrite_all(self, pieces: Sequence[bytes], offset: int) -> None:
        """Write pieces one behind the other, at most `PIECES_AT_ONCE`; raise StoreFull or StoreError."""

    def start_writing(self, length: int, offset: int) -> None:
        """Let the disk begin with a range, so that the next sync has less to wait for. Nothing is promised."""

    def reserve(self, start: int, stop: int) -> None:
        """Have disk room for a range, and the file at least that long; raise StoreFull."""

    def truncate(self, size: int) -> None:
        """Let the file end at `size`."""

    def sync(self) -> None:
        """Make everything written so far durable; raise StoreError."""

    def punch(self, length: int, offset: int) -> None:
        """Give a range back to the file system; it reads as zeros then, where there are holes."""

    def noting_writes(self) -> AbstractContextManager[set[int]]:
        """Note the numbers of the pages written in the block, each after it was written."""

    def data_ranges(self) -> list[tuple[int, int]]:
        """Return start and stop of what isn't a hole."""

    def try_lock(self) -> bool:
        """Become the file's one owner; tell whether that worked."""

    def close(self) -> None:
        """Give the file back, lock included."""


class FileDevice:
    """One open file. Reads and writes state their place, so any number of threads may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._fd)
        self._noted: set[int] | None = None

    def size(self) -> int:
        """Return the logical size in bytes, holes included."""
        return os.fstat(self._fd).st_size

    def allocated_bytes(self) -> int:
        """Return the room that the file takes on the disk, holes left out."""
        return os.fstat(self._fd).st_blocks * 512

    def pread(self, length: int, offset: int) -> bytes:
        """Read up to `length` bytes at `offset`; fewer where the file ends. Raise StoreError."""
        try:
            data = os.pread(self._fd, length, offset)
            while len(data) < length and (more := os.pread(self._fd, length - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise self._translated(error) from error
        return data

    def pread_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from `offset` on; return how many bytes there were before the file's end."""
        done = 0
        try:
            while done < len(buffer) and (got := os.preadv(self._fd, [buffer[done:]], offset + done)):
                done += got
        except OSError as error:
            raise self._translated(error) from error
        return done

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write all of `data` at `offset`; raise StoreFull."""
        rest, at = memoryview(data), offset
        try:
            while rest:
                written = os.pwrite(self._fd, rest, at)
                rest, at = rest[written:], at + written
        except OSError as error:
            raise self._translated(error) from error
        finally:
            self._note(len(data), offset)

    def pwrite_all(self, pieces: Sequence[bytes], offset: int) -> None:
        """Write pieces one behind the other, at most `PIECES_AT_ONCE`; raise StoreFull or StoreError."""
        length = sum(map(len, pieces))
        try:
            written = os.pwritev(self._fd, pieces, offset)
        except OSError as error:
            raise self._translated(error) from error
        finally:
            self._note(length, offset)
        if written < length:
            self.pwrite(b"".join(pieces)[written:], offset + written)

    def start_writing(self, length: int, offset: int) -> None:
        """Let the disk begin with a range, so that the next sync has less to wait for. Nothing is promised.

        What goes wrong here, `sync` reports.
        """
        _LIBC.sync_file_range(self._fd, offset, length, _START_WRITING)

    def reserve(self, start: int, stop: int) -> None:
        """Have disk room for a range, and the file at least that long; raise StoreFull."""
        if stop > start:
            try:
                os.posix_fallocate(self._fd, start, stop - start)
            except OSError as error:
                raise self._translated(error) from error

    def truncate(self, size: int) -> None:
        """Let the file end at `size`."""
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Make everything written so far durable; raise StoreError."""
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise self._translated(error) from error

    def punch(self, length: int, offset: int) -> None:
        """Give a range back to the file system; it reads as zeros then.

        A file system without holes keeps the bytes: the range is free for other photos all the same.
        """
        if _LIBC.fallocate(self._fd, _KEEP_SIZE_AND_PUNCH, offset, length) == 0:
            self._note(length, offset)
            return
        number = ctypes.get_errno()
        if number not in (errno.EOPNOTSUPP, errno.ENOSYS):
            raise self._translated(OSError(number, os.strerror(number)))

    @contextmanager
    def noting_writes(self) -> Iterator[set[int]]:
        """Note the numbers of the pages written in the block, each after it was written; once at a time."""
        if self._noted is not None:
            raise StoreError(f"A backup of {self.path} is being made already; wait for its end.", path=str(self.path))
        self._noted = set()
        try:
            yield self._noted
        finally:
            self._noted = None

    def data_ranges(self) -> list[tuple[int, int]]:
        """Return start and stop of what isn't a hole."""
        ranges, at, size = [], 0, self.size()
        while at < size:
            try:
                start = os.lseek(self._fd, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # Nothing but a hole is left.
                    break
                raise self._translated(error) from error
            at = os.lseek(self._fd, start, os.SEEK_HOLE)
            ranges.append((start, at))
        return ranges

    def try_lock(self) -> bool:
        """Become the file's one owner; tell whether that worked. The lock ends with this object or its process.

        It belongs to this open file, not to the process, so a second opening in one process is refused too, and
        closing another descriptor of the same file doesn't drop it, as it would a plain POSIX lock.
        """
        request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _LOCK_START, 1, 0)
        try:
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, request)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise self._translated(error) from error
        return self._keep_hdf5_out()

    def close(self) -> None:
        """Give the file back, lock included.

        Its descriptor leads nowhere from now on but isn't given up before this object is: a thread that still reads
        or writes with it mustn't meet another file that was opened meanwhile.
        """
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(nowhere, self._fd, inheritable=False)
        os.close(nowhere)

    def _note(self, length: int, offset: int) -> None:
        noted = self._noted
        if noted is not None:
            noted.update(range(offset // PAGE, -(-(offset + length) // PAGE)))

    def _keep_hdf5_out(self) -> bool:
        """Take the lock that HDF5 programs respect: what they'd read or write now isn't the committed state."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _translated(self, error: OSError) -> StoreError:
        if error.errno in _NO_ROOM:
            return no_room(self.path)
        return StoreError(f"The disk refused work on {self.path}: {error.strerror}.", path=str(self.path))
