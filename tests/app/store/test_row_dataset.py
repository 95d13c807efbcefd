"""Rows written past HDF5 are what HDF5 reads, and the other way round, wherever they stand."""

import io

import h5py
import numpy as np
import pytest

from app.store.row_dataset import RowDataset

ROW = np.dtype([("name", "S7"), ("size", "<u8"), ("small", "u1")])


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_hdf5_reads_the_rows_that_were_written(compression: str | None) -> None:
    """A dataset that another program has compressed is written through HDF5, with the same result."""
    file = io.BytesIO()
    expected = np.zeros(21, ROW)
    with h5py.File(file, "w", rdcc_nbytes=0) as hdf5:
        dataset = hdf5.create_dataset("rows", (0,), ROW, maxshape=(None,), chunks=(8,), compression=compression)
        rows = RowDataset(dataset, file)
        for numbers in ([0], [1, 2], [3], [7, 8, 9], [0, 2, 9, 15, 16], [20], [5, 6]):
            values = np.array([(b"%d" % number, 7 * number, len(numbers)) for number in numbers], ROW)
            rows.write(numbers, values)
            expected[numbers] = values
            assert dataset[:].tolist() == expected[: rows.count].tolist()
            for first, stop in ((0, 99), (3, 9), (8, 16), (15, 17), (7, 7), (20, 21), (22, 30)):
                assert rows.read(first, stop).tolist() == dataset[first:stop].tolist()
    with h5py.File(file, "r") as hdf5:
        assert hdf5["rows"][:].tolist() == expected.tolist()


def test_rows_of_arrays_are_written_whole() -> None:
    file, values = io.BytesIO(), np.arange(10 * 6, dtype="<f4").reshape(10, 2, 3)
    with h5py.File(file, "w", rdcc_nbytes=0) as hdf5:
        dataset = hdf5.create_dataset("rows", (0, 2, 3), "<f4", maxshape=(None, 2, 3), chunks=(4, 2, 3))
        rows = RowDataset(dataset, file)
        for row in range(10):
            rows.write([row], values[row : row + 1])
        rows.write([2, 3, 4, 9], -values[[2, 3, 4, 9]])
        values[[2, 3, 4, 9]] *= -1
    with h5py.File(file, "r") as hdf5:
        assert np.array_equal(hdf5["rows"][:], values)
