"""The nearest photos of each photo, kept in `neighbors/<model>`: row i is of photo i, as everywhere.

They are made from the features and can be made anew, so a list that isn't whole, or isn't of the photo's present
features, is as if it weren't there: its checksum covers the photo's features as well.
"""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.store.base import NEIGHBOURS_KEPT, NOBODY, NeighbourLists, Rows
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.feature_reading import FeatureReader
from app.store.features import checksums_of_lines
from app.store.gallery_file import GalleryFile
from app.store.row_dataset import RowDataset
from app.store.schema import describe
from app.store.table import PhotoTable

_LOG = logging.getLogger(__name__)
_GROUP = "neighbors"
_READ_ROWS = 4096
_NEVER = 0
"""The checksum where no list was ever written."""


class Hdf5Neighbours:
    """Implements `base.Neighbours`; see there for what each method promises."""

    def __init__(
        self, file: GalleryFile, commits: CommitQueue, photos: PhotoTable, features: FeatureReader, chunk_rows: int
    ) -> None:
        self._file = file
        self._commits = commits
        self._photos = photos
        self._features = features
        self._chunk_rows = chunk_rows
        self._opening = 0
        self._datasets: dict[str, _Datasets] = {}

    def versions(self, rows: Rows, model: str) -> NDArray[np.uint32]:
        """Return a number for each row that changes with its features."""
        self._file.expect_open()
        return self._features.versions(model, rows)

    def rows(self, model: str) -> Rows:
        """Return the rows of all photos that have features."""
        self._file.expect_open()
        return self._features.rows(model)

    def lists(self, model: str) -> NeighbourLists:
        """Return all lists that are of their photos' present features."""
        self._file.expect_open()
        photos = self._features.rows(model)
        versions = self._features.versions(model, photos)
        found, count, passed_over = _empty(len(photos)), 0, 0
        for start in range(0, len(photos), _READ_ROWS):
            part = slice(start, start + _READ_ROWS)
            with self._file.lock:
                self._file.expect_open()
                datasets = self._known(model)
                neighbours, similarities, sums = datasets.read(photos[part]) if datasets else _nothing(photos[part])
            whole = checksums(neighbours, similarities, versions[part]) == sums
            passed_over += int(np.count_nonzero(~whole & (sums != _NEVER)))
            stop = count + int(np.count_nonzero(whole))
            found.rows[count:stop] = photos[part][whole]
            found.neighbours[count:stop] = neighbours[whole]
            found.similarities[count:stop] = similarities[whole]
            found.versions[count:stop] = versions[part][whole]
            count = stop
        if passed_over:
            _LOG.info("%d lists of neighbours are damaged or of older features; they are made anew.", passed_over)
        return found.first(count)

    def put(self, model: str, lists: NeighbourLists) -> None:
        """Store lists in one commit."""

        def stage(changes: Changes) -> None:
            living = np.array([changes.entry(row) is not None for row in lists.rows.tolist()], bool)
            kept = lists.where(living)
            if len(kept.rows):
                changes.also.append(lambda: self._write(model, kept))

        self._commits.run(stage)

    def _write(self, model: str, lists: NeighbourLists) -> None:
        datasets = self._known(model)
        if datasets is None:
            _create(self._file.hdf5, model, self._chunk_rows)
            datasets = self._datasets[model] = _Datasets(self._file, model)
        datasets.write(lists, self._photos.count)

    def _known(self, model: str) -> "_Datasets | None":
        """Return a model's datasets, found anew after a change failed; the caller holds the file's lock."""
        if self._opening != self._file.openings:
            self._opening, self._datasets = self._file.openings, {}
        if model not in self._datasets and f"{_GROUP}/{model}" in self._file.hdf5:
            self._datasets[model] = _Datasets(self._file, model)
        return self._datasets.get(model)


class _Datasets:
    """The datasets of one model. The caller holds the file's lock around every call."""

    def __init__(self, file: GalleryFile, model: str) -> None:
        group = file.hdf5[f"{_GROUP}/{model}"]
        self._columns = [RowDataset(group[name], file.blocks) for name in ("row", "similarity", "crc32")]

    def write(self, lists: NeighbourLists, count: int) -> None:
        """Write lists, `count` being the number of photo rows."""
        order = np.argsort(lists.rows)
        rows = lists.rows[order].tolist()
        sums = checksums(lists.neighbours, lists.similarities, lists.versions)
        for column, values in zip(self._columns, (lists.neighbours, lists.similarities, sums), strict=True):
            column.grow(count)
            column.write(rows, values[order])

    def read(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint32]]:
        """Return neighbours, similarities and checksums of ascending rows."""
        first, stop = int(rows[0]), int(rows[-1]) + 1
        neighbours, similarities, sums = _nothing(np.arange(first, stop))
        held = max(0, min(stop, self._columns[0].count) - first)
        for column, values in zip(self._columns, (neighbours, similarities, sums), strict=True):
            if held:
                column.dataset.read_direct(values, np.s_[first : first + held], np.s_[:held])
        return neighbours[rows - first], similarities[rows - first], sums[rows - first]


def checksums(
    neighbours: NDArray[np.int32], similarities: NDArray[np.float32], versions: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Return the CRC-32 of each list as it stands in the file, and of its photo's features: uint32 (n,)."""
    columns = [neighbours.astype("<i4"), similarities.astype("<f4"), versions.astype("<u4")[:, None]]
    lines = np.concatenate([column.view(np.uint8) for column in columns], axis=1)
    return np.array(checksums_of_lines(lines), "<u4")


def _create(file: Any, model: str, chunk_rows: int) -> None:
    group = file.require_group(f"{_GROUP}/{model}")
    shape, chunk = (0, NEIGHBOURS_KEPT), (chunk_rows, NEIGHBOURS_KEPT)
    limits = (None, NEIGHBOURS_KEPT)
    row = group.create_dataset("row", shape, "<i4", maxshape=limits, chunks=chunk, fillvalue=NOBODY)
    similarity = group.create_dataset("similarity", shape, "<f4", maxshape=limits, chunks=chunk)
    sums = group.create_dataset("crc32", (0,), "<u4", maxshape=(None,), chunks=(chunk_rows,))
    describe(
        row,
        axes="photo, rank",
        meaning=f"Rows of the {NEIGHBOURS_KEPT} photos most alike, best first, equal ones by row; -1 where there are "
        "fewer. To be believed where crc32 says so.",
    )
    describe(
        similarity,
        axes="photo, rank",
        meaning=f"Cosine of the two photos' embeddings/{model}/vectors; 0 where row is -1.",
        units="-1..1",
    )
    describe(
        sums,
        axes="photo",
        meaning=f"CRC-32 over the photo's row, similarity and checksums/{model}/crc32. Another number means: no list "
        "yet, a damaged one, or one of older features.",
    )
    for dataset in (row, similarity, sums):
        dataset.attrs["model"] = model


def _nothing(rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint32]]:
    empty = _empty(len(rows))
    return empty.neighbours, empty.similarities, np.full(len(rows), _NEVER, "<u4")


def _empty(count: int) -> NeighbourLists:
    return NeighbourLists(
        rows=np.zeros(count, np.int64),
        neighbours=np.full((count, NEIGHBOURS_KEPT), NOBODY, "<i4"),
        similarities=np.zeros((count, NEIGHBOURS_KEPT), "<f4"),
        versions=np.zeros(count, "<u4"),
    )
