"""A dataset with one row a photo, written through HDF5's own calls.

h5py's slicing looks the dataset's type and shape up anew each time, which for rows of many fields takes longer than a
commit to the disk. Values must have exactly the dataset's type.
"""

from itertools import pairwise
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray


class RowDataset:
    """An open dataset that grows along its first axis. The caller holds the file's lock around every call."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._id = dataset.id
        self._type = self._id.get_type()
        self._rest = tuple(dataset.shape[1:])
        self.count = int(dataset.shape[0])

    def grow(self, count: int) -> None:
        """Have at least `count` rows."""
        if count > self.count:
            self._id.set_extent((count, *self._rest))
            self.count = count

    def write(self, rows: list[int], values: NDArray[Any]) -> None:
        """Write values by row, ascending, growing as needed."""
        self.grow(rows[-1] + 1)
        space = self._id.get_space()
        nowhere = (0,) * len(self._rest)
        for start, stop in runs(rows):
            shape = (stop - start, *self._rest)
            space.select_hyperslab((rows[start], *nowhere), shape)
            piece = np.ascontiguousarray(values[start:stop])
            self._id.write(h5py.h5s.create_simple(shape), space, piece, self._type)


def runs(rows: list[int]) -> list[tuple[int, int]]:
    """Split ascending rows into runs without gaps: start and stop indexes into `rows`."""
    breaks = [i for i in range(1, len(rows)) if rows[i] != rows[i - 1] + 1]
    edges = [0, *breaks, len(rows)] if rows else [0]
    return list(pairwise(edges))
