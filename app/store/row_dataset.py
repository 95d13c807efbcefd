"""A dataset with one row a photo, read and written without the detours that h5py and HDF5 make.

h5py's slicing looks the dataset's type and shape up anew each time, and HDF5's own writing of a row takes a good part
of a commit's time, as its reading does of opening a large file. Values must have exactly the dataset's type.
"""

import math
from itertools import pairwise
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray


class Blocks(Protocol):
    """The file that HDF5 reads and writes."""

    def seek(self, offset: int) -> int:
        """Move to an offset in bytes."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer from there."""

    def write(self, data: memoryview) -> int:
        """Write there."""


class RowDataset:
    """An open dataset that grows along its first axis. The caller holds the file's lock around every call."""

    def __init__(self, dataset: Any, blocks: Blocks | None = None) -> None:
        """With `blocks`, HDF5's own file, rows are read and written there directly, in the chunk that HDF5 gave them.

        Writing takes a tenth of the time that way, and HDF5 sees it as it keeps no chunk in memory (`rdcc_nbytes=0`).
        """
        self.dataset = dataset
        self._id = dataset.id
        self._type, self._dtype = self._id.get_type(), dataset.dtype
        self._rest = tuple(dataset.shape[1:])
        self._row_bytes = self._type.get_size() * math.prod(self._rest)
        filtered = self._id.get_create_plist().get_nfilters() > 0  # By another program; then bytes aren't values.
        self._blocks = None if filtered else blocks
        self._chunk_rows = int(dataset.chunks[0])
        self._chunks: dict[int, int] = {}
        self.count = int(dataset.shape[0])

    def grow(self, count: int) -> None:
        """Have at least `count` rows."""
        if count > self.count:
            self._id.set_extent((count, *self._rest))
            self.count = count

    def read(self, first: int, stop: int) -> NDArray[Any]:
        """Return the rows from `first` to `stop`, which may be behind the end: (n, …)."""
        values = np.empty((max(0, min(stop, self.count) - first), *self._rest), self._dtype)
        at = 0
        while at < len(values):
            end = min(len(values), at + self._chunk_rows - (first + at) % self._chunk_rows)
            place = self._place(first + at)
            if place is None or self._blocks is None:
                values[at:end] = self.dataset[first + at : first + end]
            else:
                self._blocks.seek(place)
                self._blocks.readinto(values[at:end].reshape(-1).view(np.uint8).data)
            at = end
        return values

    def write(self, rows: list[int], values: NDArray[Any]) -> None:
        """Write values by row, ascending, growing as needed."""
        self.grow(rows[-1] + 1)
        for start, stop in runs(rows, self._chunk_rows):
            piece = np.ascontiguousarray(values[start:stop])
            place = self._place(rows[start])
            if place is None or self._blocks is None:
                self._write_through_hdf5(rows[start], piece)
            else:
                self._blocks.seek(place)
                self._blocks.write(piece.view(np.uint8).data)

    def _write_through_hdf5(self, first: int, values: NDArray[Any]) -> None:
        space = self._id.get_space()
        space.select_hyperslab((first, *(0 for _ in self._rest)), values.shape)
        self._id.write(h5py.h5s.create_simple(values.shape), space, values, self._type)

    def _place(self, row: int) -> int | None:
        """Return where a row stands in the file, in bytes, or None if HDF5 has given its chunk no room yet."""
        chunk, within = divmod(row, self._chunk_rows)
        if chunk not in self._chunks:
            found = self._id.get_chunk_info_by_coord((chunk * self._chunk_rows, *(0 for _ in self._rest)))
            if found.byte_offset is None:
                return None
            self._chunks[chunk] = int(found.byte_offset)
        place: int = self._chunks[chunk] + within * self._row_bytes
        return place


def runs(rows: list[int], chunk_rows: int) -> list[tuple[int, int]]:
    """Split ascending rows into runs without gaps, within chunks: start and stop indexes into `rows`."""
    breaks = [i for i in range(1, len(rows)) if rows[i] != rows[i - 1] + 1 or rows[i] % chunk_rows == 0]
    edges = [0, *breaks, len(rows)] if rows else [0]
    return list(pairwise(edges))
