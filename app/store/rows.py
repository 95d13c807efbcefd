"""The datasets `images`, `jobs` and `tombstones`: loading them into the table and writing changed rows back."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import StoreError
from app.store.crc import crc32_of
from app.store.row_dataset import Blocks, RowDataset
from app.store.schema import ERROR_BYTES, IMAGE_ROW, JOB_ROW, PHOTO_FIELDS
from app.store.table import RECORD, Entry, PhotoTable

_LOG = logging.getLogger(__name__)
_READ_ROWS = 1024
"""So many rows stay in the processor's cache while they are worked on."""
_FIELDS = [name for name, _ in PHOTO_FIELDS]


def load(file: Any, photos: PhotoTable, blocks: Blocks) -> None:
    """Fill an empty table from a file, an `h5py.File` on `blocks`."""
    images, jobs = RowDataset(file["images"], blocks), RowDataset(file["jobs"], blocks)
    photos.reserve(images.count)
    for start in range(0, images.count, _READ_ROWS):
        rows = images.read(start, start + _READ_ROWS)
        photos.load(_records(rows), rows["name"].tolist(), _errors(rows))
        for row in damaged(rows, start):
            _LOG.warning("Row %d of the gallery file is damaged; run verify to see what that means.", row)
        waiting = jobs.read(start, start + _READ_ROWS)
        for at in np.flatnonzero(waiting["pending"]).tolist():
            _load_job(photos, start + at, waiting[at])


class PhotoRows:
    """The datasets of one opening of the file, for writing. The caller holds the file's lock around every call."""

    def __init__(self, file: Any, blocks: Blocks) -> None:
        """Take the datasets of `file`, an `h5py.File` on `blocks`."""
        self._images = RowDataset(file["images"], blocks)
        self._jobs = RowDataset(file["jobs"], blocks)
        self._tombstones = RowDataset(file["tombstones"], blocks)

    @property
    def count(self) -> int:
        """Return the number of rows, those of deleted photos included."""
        return self._images.count

    def write(self, entries: dict[int, Entry], deleted: list[int]) -> None:
        """Write changed rows and note the deleted ones among them."""
        rows = sorted(entries)
        changed = [entries[row] for row in rows]
        self._images.write(rows, _image_rows(changed))
        self._jobs.write(rows, _job_rows(changed))
        if deleted:
            first = self._tombstones.count
            self._tombstones.write(list(range(first, first + len(deleted))), np.array(deleted, "<u8"))


def damaged(rows: NDArray[Any], first: int) -> list[int]:
    """Return the numbers of rows of `images`, the first being `first`, that don't match their checksum."""
    stored = rows["row_crc32"].tolist()
    copy = rows.astype(IMAGE_ROW)
    copy["row_crc32"] = 0
    data, size = copy.view(np.uint8).data, IMAGE_ROW.itemsize
    return [first + at for at, crc32 in enumerate(stored) if crc32_of(data[at * size : (at + 1) * size]) != crc32]


def clipped(text: str | None, length: int = ERROR_BYTES) -> bytes:
    """Encode a text in at most `length` bytes without cutting a character in two."""
    return (text or "").encode()[:length].decode(errors="ignore").encode()


def _records(rows: NDArray[Any]) -> NDArray[Any]:
    records = np.zeros(len(rows), RECORD)
    for name in _FIELDS:
        records[name] = rows[name]
    return records


def _errors(rows: NDArray[Any]) -> dict[int, bytes]:
    """Return the errors of the rows that have one, by place."""
    # Its first byte tells it; to compare whole texts takes as long as all else.
    errors = rows["error"]
    first_bytes = errors.astype("S1")
    return {at: errors[at] for at in np.flatnonzero(first_bytes).tolist()}


def _load_job(photos: PhotoTable, row: int, job: Any) -> None:
    photos.load_job(
        row,
        job["model"].decode(),
        int(job["attempts"]),
        int(job["not_before"]),
        job["last_error"].decode(errors="replace") or None,
    )


def _image_rows(entries: list[Entry]) -> NDArray[Any]:
    rows = np.zeros(len(entries), IMAGE_ROW)
    records = np.array([entry.record for entry in entries], RECORD)
    for name in _FIELDS:
        rows[name] = records[name]
    rows["name"] = [entry.name.encode() for entry in entries]
    rows["error"] = [clipped(entry.error) for entry in entries]
    data, size = memoryview(rows.tobytes()), IMAGE_ROW.itemsize
    rows["row_crc32"] = [crc32_of(data[at * size : (at + 1) * size]) for at in range(len(rows))]
    return rows


def _job_rows(entries: list[Entry]) -> NDArray[Any]:
    rows = np.zeros(len(entries), JOB_ROW)
    for at, entry in enumerate(entries):
        if entry.job_model is not None:
            rows[at] = (
                1,
                entry["job_attempts"],
                entry["job_not_before"],
                entry.job_model.encode(),
                clipped(entry.job_error),
            )
    return rows


def check_same_length(file: Any) -> None:
    """Raise StoreError if photos and jobs don't belong together."""
    images, jobs = file["images"].shape[0], file["jobs"].shape[0]
    if images != jobs:
        raise StoreError(f"The file has {images} photo rows but {jobs} job rows; restore it from a backup.")
