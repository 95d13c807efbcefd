"""Reads features where HDF5 has put them in the file, past HDF5: as fast as the bytes come, by any number of threads.

HDF5 is asked once where a chunk of rows stands; a chunk that holds committed rows never moves. Rows may be written
anew while they are read: what doesn't match its checksum is read once more while nothing is being written.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Float32
from app.errors import StoreError
from app.store.base import FeatureTable, Rows
from app.store.device import Device
from app.store.features import ModelFeatures, checksums, feature_table
from app.store.gallery_file import GalleryFile
from app.store.table import PhotoTable


class ModelReader:
    """Reads the rows of one model."""

    def __init__(self, model: ModelFeatures, device: Device) -> None:
        self.model = model
        self._device = device
        self._columns = [*model.datasets, model.sums]
        self._types = [column.dtype for column in self._columns]
        self._shapes = [column.shape[1:] for column in self._columns]
        self._row_bytes = [
            dtype.itemsize * math.prod(shape) for dtype, shape in zip(self._types, self._shapes, strict=True)
        ]
        self._chunk_rows = int(model.sums.chunks[0])
        self._places: dict[int, tuple[int, ...]] = {}

    def knows(self, rows: Rows) -> bool:
        """Tell whether it is known where the chunks of `rows` stand."""
        return all(chunk in self._places for chunk in self._chunks(rows))

    def learn(self, rows: Rows) -> None:
        """Ask HDF5 where the chunks of `rows` stand; the caller holds the file's lock, and no change is under way."""
        for chunk in self._chunks(rows):
            if chunk not in self._places:
                self._places[chunk] = tuple(_place(column, chunk * self._chunk_rows) for column in self._columns)

    def read(self, rows: Rows) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """Return the values of ascending rows, an array a column, and which rows match their checksum: bool (n,)."""
        *columns, sums = [self._column(at, rows) for at in range(len(self._columns))]
        return columns, checksums(columns) == sums

    def sums(self, rows: Rows) -> NDArray[np.uint32]:
        """Return the checksums of ascending rows: uint32 (n,)."""
        return self._column(len(self._columns) - 1, rows)

    def embeddings(self, rows: Rows) -> Float32:
        """Return the embeddings of rows in any order, unchecked: float32 (n, width)."""
        found = np.zeros((len(rows), self.model.width), "<f4")
        if not self.model.width:
            return found
        column = self.model.fields.index("embedding")
        size = self._row_bytes[column]
        view = found.reshape(-1).view(np.uint8).data
        for at, row in enumerate(rows.tolist()):
            chunk, within = divmod(row, self._chunk_rows)
            place = self._places[chunk][column] + within * size
            self._device.pread_into(view[at * size : (at + 1) * size], place)
        return found

    def _chunks(self, rows: Rows) -> list[int]:
        chunks: list[int] = np.unique(rows // self._chunk_rows).tolist()
        return chunks

    def _column(self, column: int, rows: Rows) -> NDArray[Any]:
        values = np.empty((len(rows), *self._shapes[column]), self._types[column])
        edges = np.searchsorted(rows, [chunk * self._chunk_rows for chunk in self._chunks(rows)])
        for start, stop in pairwise([*edges.tolist(), len(rows)]):
            self._fill(column, rows[start:stop], values[start:stop])
        return values

    def _fill(self, column: int, rows: Rows, target: NDArray[Any]) -> None:
        """Read ascending rows of one chunk into `target`, at one go and with what may lie between them."""
        first, count = int(rows[0]), int(rows[-1]) - int(rows[0]) + 1
        whole = target if count == len(rows) else np.empty((count, *target.shape[1:]), target.dtype)
        chunk, within = divmod(first, self._chunk_rows)
        place = self._places[chunk][column] + within * self._row_bytes[column]
        self._device.pread_into(whole.reshape(-1).view(np.uint8).data, place)
        if whole is not target:
            target[:] = whole[rows - first]


class FeatureReader:
    """Reads features of all models of an open file.

    datasets: returns the models' datasets, found anew after HDF5 has opened the file anew.
    """

    def __init__(
        self, file: GalleryFile, photos: PhotoTable, datasets: Callable[[], Mapping[str, ModelFeatures]]
    ) -> None:
        self._file = file
        self._photos = photos
        self._datasets = datasets
        self._readers: dict[str, ModelReader] = {}
        self._writings = 0

    @contextmanager
    def writing(self, anything: bool) -> Iterator[None]:
        """Have whoever reads in the meantime without checksums read again, if any features are written."""
        self._writings += anything
        try:
            yield
        finally:
            self._writings += anything

    def has(self, model: str, row: int) -> bool:
        """Tell whether a row has features of a model."""
        known = self._known(model)
        return known is not None and bool(self._photos.have_features(np.array([row]), known.bit)[0])

    def one(self, model: str, row: int) -> Features | None:
        """Return the features of a row that has some, or None if they don't match their checksum."""
        columns, whole = self._read(model, np.array([row]))
        return Features(**{name: column[0] for name, column in columns.items()}) if whole[0] else None

    def blocks(
        self, model: str, rows_per_block: int, among: Rows | None = None
    ) -> Iterator[tuple[FeatureTable, Rows]]:
        """Yield all features of a model, with the rows among them that are damaged and left out.

        among: ascending rows, the only ones that are wanted; None for all.
        """
        known = self._known(model)
        if known is None:
            return
        bit, found = known.bit, self._photos.with_features(known.bit) if among is None else among
        for start in range(0, len(found), rows_per_block):
            rows = found[start : start + rows_per_block]
            rows = rows[self._photos.have_features(rows, bit)]
            if len(rows):
                columns, whole = self._read(model, rows)
                damaged = rows[~whole]
                if len(damaged):
                    rows, columns = rows[whole], {name: column[whole] for name, column in columns.items()}
                yield feature_table(rows, columns), damaged

    def embeddings(self, model: str, rows: Rows) -> Float32:
        """Return the embeddings of rows, zeros for those that have none: float32 (n, width).

        They aren't checked. Of a model without datasets: (n, 0).
        """
        known = self._known(model)
        if known is None:
            return np.zeros((len(rows), 0), np.float32)
        held = self._photos.have_features(rows, known.bit)
        found = np.zeros((len(rows), known.width), np.float32)
        found[held] = self._unmixed(model, rows[held], ModelReader.embeddings)
        return found

    def versions(self, model: str, rows: Rows) -> NDArray[np.uint32]:
        """Return the checksums of ascending rows, 0 for those without features: uint32 (n,)."""
        found, known = np.zeros(len(rows), np.uint32), self._known(model)
        if known is not None:
            held = self._photos.have_features(rows, known.bit)
            found[held] = self._unmixed(model, rows[held], ModelReader.sums)
        return found

    def rows(self, model: str) -> Rows:
        """Return the rows that have features of a model: int64 (n,), ascending."""
        known = self._known(model)
        return np.zeros(0, np.int64) if known is None else self._photos.with_features(known.bit)

    def _unmixed(self, model: str, rows: Rows, read: Callable[[ModelReader, Rows], NDArray[Any]]) -> NDArray[Any]:
        """Read what has no checksum of its own; again with nothing under way, if features were written meanwhile."""
        before = self._writings
        found = read(self._reader(model, rows), rows)
        if before % 2 or before != self._writings:
            with self._file.lock:
                found = read(self._reader(model, rows), rows)
        return found

    def _known(self, model: str) -> ModelFeatures | None:
        """Return a model's datasets, without waiting for a commit if it was read before."""
        return self._readers[model].model if model in self._readers else self._datasets().get(model)

    def _read(self, model: str, rows: Rows) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        reader = self._reader(model, rows)
        values, whole = reader.read(rows)
        if not whole.all():
            with self._file.lock:
                reader = self._reader(model, rows)
                values, whole = reader.read(rows)
        return reader.model.complete(values, len(rows)), whole

    def _reader(self, model: str, rows: Rows) -> ModelReader:
        """Return a model's reader that knows where rows stand; HDF5 is asked for that only once."""
        reader = self._readers.get(model)
        if reader is None or not reader.knows(rows):
            with self._file.lock:
                self._file.expect_open()
                datasets = self._datasets()[model]
                if reader is None or reader.model is not datasets:
                    reader = self._readers[model] = ModelReader(datasets, self._file.device)
                reader.learn(rows)
        return reader


def _place(dataset: Any, first: int) -> int:
    """Return where the chunk that begins with a row stands in the file, in bytes; raise StoreError."""
    place = dataset.id.get_chunk_info_by_coord((first, *(0 for _ in dataset.shape[1:]))).byte_offset
    if place is None:
        raise StoreError(
            f"The rows from {first} on of {dataset.name} are missing in the gallery file: another program has "
            "changed it. Restore it from a backup."
        )
    return int(place)
