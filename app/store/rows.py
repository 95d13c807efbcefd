"""The datasets `images`, `jobs` and `tombstones`: loading them into the table and writing changed rows back."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import StoreError
from app.store.features import runs
from app.store.schema import ERROR_BYTES, IMAGE_ROW, JOB_ROW, PHOTO_FIELDS
from app.store.table import RECORD, Entry, PhotoTable

_READ_ROWS = 8192
_FIELDS = [name for name, _ in PHOTO_FIELDS]


def load(file: Any, photos: PhotoTable) -> None:
    """Fill an empty table from the file."""
    images, jobs = file["images"], file["jobs"]
    for start in range(0, images.shape[0], _READ_ROWS):
        rows = images[start : start + _READ_ROWS]
        photos.load(_records(rows), rows["name"].tolist(), rows["error"].tolist())
        waiting = jobs[start : start + _READ_ROWS]
        for at in np.flatnonzero(waiting["pending"]).tolist():
            _load_job(photos, start + at, waiting[at])


def write(file: Any, entries: dict[int, Entry], deleted: list[int]) -> None:
    """Write changed rows and note the deleted ones among them."""
    rows = sorted(entries)
    changed = [entries[row] for row in rows]
    _write_runs(file["images"], rows, _image_rows(changed))
    _write_runs(file["jobs"], rows, _job_rows(changed))
    if deleted:
        tombstones = file["tombstones"]
        known = tombstones.shape[0]
        tombstones.resize((known + len(deleted),))
        tombstones[known:] = np.array(deleted, "<u8")


def row_crc32(row: NDArray[Any]) -> int:
    """Return the checksum of a row of `images`, an array of shape () or a record."""
    copy = np.array(row, IMAGE_ROW)
    copy["row_crc32"] = 0
    return zlib.crc32(copy.tobytes())


def clipped(text: str | None, length: int = ERROR_BYTES) -> bytes:
    """Encode a text in at most `length` bytes without cutting a character in two."""
    return (text or "").encode()[:length].decode(errors="ignore").encode()


def _records(rows: NDArray[Any]) -> NDArray[Any]:
    records = np.zeros(len(rows), RECORD)
    for name in _FIELDS:
        records[name] = rows[name]
    return records


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
    for at, entry in enumerate(entries):
        for name in _FIELDS:
            rows[name][at] = entry.record[name]
        rows["name"][at] = entry.name.encode()
        rows["error"][at] = clipped(entry.error)
        rows["row_crc32"][at] = row_crc32(rows[at])
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


def _write_runs(dataset: Any, rows: list[int], values: NDArray[Any]) -> None:
    if rows[-1] >= dataset.shape[0]:
        dataset.resize((rows[-1] + 1,))
    for start, stop in runs(rows):
        first = rows[start]
        dataset[first : first + stop - start] = values[start:stop]


def check_same_length(file: Any) -> None:
    """Raise StoreError if photos and jobs don't belong together."""
    images, jobs = file["images"].shape[0], file["jobs"].shape[0]
    if images != jobs:
        raise StoreError(f"The file has {images} photo rows but {jobs} job rows; restore it from a backup.")
