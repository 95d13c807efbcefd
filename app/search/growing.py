"""Arrays that grow at the end while others read them."""

import math
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

MIN_CAPACITY = 16
LINE_BYTES = 64
"""What processors read of memory at once."""


class GrowingArray(Generic[Scalar]):
    """An array that grows at the end; one writer, any number of readers.

    A view that `values` has returned never changes, whatever is appended or dropped later: appending writes
    behind its end or into a larger copy, and dropping always copies. Only the writer may call the methods;
    readers get their views from it.
    """

    def __init__(self, dtype: DTypeLike, width: tuple[int, ...] = ()) -> None:
        """Start empty, with elements of `dtype` and entries of shape `width`."""
        self._buffer: NDArray[Scalar] = np.empty((0, *width), dtype=dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> NDArray[Scalar]:
        """Return the entries so far, shape (n, *width), as a view that must not be written to."""
        return self._buffer[: self._length]

    def append(self, entries: NDArray[Any]) -> None:
        """Add `entries`, shape (m, *width), at the end."""
        end = self._length + len(entries)
        if end > len(self._buffer):
            self.reserve(max(end, 2 * len(self._buffer), MIN_CAPACITY))
        self._buffer[self._length : end] = entries
        self._length = end

    def reserve(self, capacity: int) -> None:
        """Make room for `capacity` entries in all, so that filling up to there copies nothing."""
        if capacity <= len(self._buffer):
            return
        buffer = _empty((capacity, *self._buffer.shape[1:]), self._buffer.dtype)
        buffer[: self._length] = self.values
        self._buffer = buffer

    def put(self, places: NDArray[np.integer], entries: NDArray[Any]) -> None:
        """Set the entries at `places`, int (m,), each once; zeros fill up what was not there yet.

        It costs a copy of everything if one of `places` is there already.
        """
        if not len(places):
            return
        end = max(self._length, int(places.max()) + 1)
        if int(places.min()) < self._length:
            self._buffer = self._buffer[: self._length].copy()
        added = np.zeros((end - self._length, *self._buffer.shape[1:]), dtype=self._buffer.dtype)
        self.append(added)
        self.values[places] = entries

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the entries where `mask`, bool (n,), is false."""
        self._buffer = self.values[mask]
        self._length = len(self._buffer)


class GrowingColumns(Generic[Scalar]):
    """Like GrowingArray, with what belongs to one entry in a column: (*shape, n) instead of (n, *shape).

    So the same number of all entries stands together, which is how arithmetic on many entries is quick.
    """

    def __init__(self, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
        """Start empty, with elements of `dtype` and entries of `shape`."""
        self._buffer: NDArray[Scalar] = np.empty((*shape, 0), dtype=dtype)
        self._length = 0

    @property
    def values(self) -> NDArray[Scalar]:
        """Return the entries so far, shape (*shape, n), as a view that must not be written to."""
        return self._buffer[..., : self._length]

    def append(self, entries: NDArray[Any]) -> None:
        """Add `entries`, shape (*shape, m), at the end."""
        end = self._length + entries.shape[-1]
        if end > self._buffer.shape[-1]:
            capacity = max(end, 2 * self._buffer.shape[-1], MIN_CAPACITY)
            buffer = np.empty((*self._buffer.shape[:-1], capacity), dtype=self._buffer.dtype)
            buffer[..., : self._length] = self.values
            self._buffer = buffer
        self._buffer[..., self._length : end] = entries
        self._length = end

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the entries where `mask`, bool (n,), is false."""
        self._buffer = self.values[..., mask]
        self._length = self._buffer.shape[-1]


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array that begins with a line of memory: to pick out entries as long as one reads no second one."""
    size_bytes = math.prod(shape) * dtype.itemsize
    room = np.empty(size_bytes + LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + size_bytes].view(dtype).reshape(shape)
