"""All rows in memory, compactly: what a photo is and what it waits for, without a read of HDF5.

Fields of the table: those of `schema.PHOTO_FIELDS`, and the photo's job (`job_model`: 0 for none, else 1 + the
model's place in `models`). 100,000 photos take about 30 MB.
"""

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import PhotoId
from app.store import schema
from app.store.base import Rows
from app.store.id_rows import KEY_BYTES, IdRows

RECORD = np.dtype(
    [*schema.PHOTO_FIELDS, ("job_model", "u1"), ("job_attempts", "<u4"), ("job_not_before", "<i8")],
)


@dataclass(frozen=True)
class Entry:
    """One row: `record` is an array of shape () and dtype RECORD."""

    record: NDArray[Any]
    name: str = ""
    error: str | None = None
    job_model: str | None = None
    job_error: str | None = None

    def with_fields(self, **fields: object) -> "Entry":
        """Return a copy whose record has other values in some fields."""
        record = self.record.copy()
        for name, value in fields.items():
            record[name] = value
        return replace(self, record=record)

    def __getitem__(self, field: str) -> Any:
        return self.record[field][()]

    def text(self, field: str) -> str:
        """Return a text field of the record."""
        return bytes(self.record[field][()]).decode(errors="replace")

    @property
    def alive(self) -> bool:
        """Tell whether the photo wasn't deleted."""
        return not self.record["deleted"]


def blank() -> NDArray[Any]:
    """Return a record of zeros."""
    return np.zeros((), RECORD)


_PLACES = (
    "segment", "offset", "length", "thumbnail_segment", "thumbnail_offset", "thumbnail_length", "details_length",
)  # fmt: skip
_BLANK = dict(zip(RECORD.names or (), blank().item(), strict=True))


def filled(**fields: object) -> NDArray[Any]:
    """Return a record with these fields, the others being zero."""
    return np.array(tuple(fields.get(name, nothing) for name, nothing in _BLANK.items()), RECORD)


class NamePool:
    """Texts by row in one buffer; a text that is replaced leaves its old bytes behind."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._places: NDArray[np.int64] = np.zeros((0, 2), np.int64)

    def __getitem__(self, row: int) -> str:
        start, length = self._places[row]
        return self._buffer[start : start + length].decode(errors="replace")

    def __setitem__(self, row: int, text: str) -> None:
        self._grow(row + 1)
        data = text.encode()
        self._places[row] = len(self._buffer), len(data)
        self._buffer += data

    def load(self, first: int, texts: list[bytes]) -> None:
        """Set the texts of the rows from `first` on, at once."""
        self._grow(first + len(texts))
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = len(self._buffer) + np.cumsum(lengths)
        self._places[first : first + len(texts)] = np.column_stack([ends - lengths, lengths])
        self._buffer += b"".join(texts)

    def _grow(self, count: int) -> None:
        if count > len(self._places):
            grown = np.zeros((max(1024, 2 * count), 2), np.int64)
            grown[: len(self._places)] = self._places
            self._places = grown


class PhotoTable:
    """The committed rows. Every method may be called from any thread and never waits for the disk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records = np.zeros(0, RECORD)
        self._names = NamePool()
        self._errors: dict[int, str] = {}
        self._job_errors: dict[int, str] = {}
        self._models: list[str] = []
        self._by_id = IdRows()
        self._processing: set[int] = set()
        self.count = 0
        """Rows used so far, those of deleted photos included."""

    def row_of(self, photo_id: PhotoId) -> int | None:
        """Return the row of a photo, or None."""
        return self._by_id.get(_key(photo_id))

    def entry(self, row: int) -> Entry | None:
        """Return a copy of a row, or None if it is deleted or was never used."""
        with self._lock:
            if not 0 <= row < self.count or self._records[row]["deleted"]:
                return None
            # A slice: np.array of a single record is not a copy but a view, which would change with the row.
            record = self._records[row : row + 1].copy().reshape(())
            job_model = self._models[record["job_model"] - 1] if record["job_model"] else None
            return Entry(record, self._names[row], self._errors.get(row), job_model, self._job_errors.get(row))

    def put(self, entries: dict[int, Entry]) -> None:
        """Take over rows that were committed; they are no longer shown as being processed."""
        with self._lock:
            for row, entry in entries.items():
                self._grow(row + 1)
                self._forget_id(row)
                self._records[row] = entry.record
                self._records[row]["job_model"] = self._model_number(entry.job_model)
                self._names[row] = entry.name
                _set_or_drop(self._errors, row, entry.error)
                _set_or_drop(self._job_errors, row, entry.job_error)
                self._processing.discard(row)
                if entry.alive:
                    self._by_id.put(_key(PhotoId(entry.text("id"))), row)
                self.count = max(self.count, row + 1)

    def load(self, records: NDArray[Any], names: list[bytes], errors: Mapping[int, bytes]) -> None:
        """Append rows as they stand in the file, errors by place among them.

        records: (n,) of dtype RECORD, their jobs not yet set.
        """
        with self._lock:
            first = self.count
            self.count += len(records)
            self._grow(self.count)
            self._records[first : self.count] = records
            self._names.load(first, names)
            self._errors.update((first + at, error.decode(errors="replace")) for at, error in errors.items())
            alive = np.flatnonzero(records["deleted"] == 0)
            self._by_id.load(*_keys(records["id"][alive], first + alive))

    def load_job(self, row: int, model: str, attempts: int, not_before: int, error: str | None) -> None:
        """Set the job of a row as it stands in the file."""
        with self._lock:
            record = self._records[row]
            record["job_model"] = self._model_number(model)
            record["job_attempts"], record["job_not_before"] = attempts, not_before
            _set_or_drop(self._job_errors, row, error)

    def set_processing(self, photo_ids: Iterable[PhotoId]) -> None:
        """Show photos as being processed until their rows are put again; gone ones are skipped."""
        with self._lock:
            rows = (self._by_id.get(_key(photo_id)) for photo_id in photo_ids)
            self._processing.update(row for row in rows if row is not None)

    def is_processing(self, row: int) -> bool:
        """Tell whether a row is shown as being processed."""
        return row in self._processing

    def alive(self) -> Rows:
        """Return the rows of all photos."""
        with self._lock:
            return np.flatnonzero(self._records["deleted"][: self.count] == 0)

    def living(self, fields: Sequence[str]) -> tuple[Rows, dict[str, NDArray[Any]]]:
        """Return the rows of all photos with copies of some fields of their records, each (n,)."""
        with self._lock:
            used = self._records[: self.count]
            rows = np.flatnonzero(used["deleted"] == 0)
            # Where nothing was deleted, plain copies take half the time.
            chosen = rows if len(rows) < len(used) else slice(None)
            return rows, {field: np.array(used[field][chosen]) for field in fields}

    def in_state(self, state: int) -> Rows:
        """Return the rows in a state of the file's, those being processed left out."""
        with self._lock:
            used = self._records[: self.count]
            mask = (used["state"] == state) & (used["deleted"] == 0)
            mask[list(self._processing)] = False
            return np.flatnonzero(mask)

    def processing(self) -> Rows:
        """Return the rows being processed."""
        with self._lock:
            return np.array(sorted(self._processing), np.int64)

    def with_features(self, bit: int) -> Rows:
        """Return the rows whose features the model of this bit has computed."""
        with self._lock:
            used = self._records[: self.count]
            return np.flatnonzero((used["features"] >> np.uint64(bit)) & np.uint64(1))

    def have_features(self, rows: Rows, bit: int) -> NDArray[np.bool_]:
        """Tell for each of `rows` whether the model of this bit has computed its features: bool (n,)."""
        with self._lock:
            inside = (rows >= 0) & (rows < self.count)
            features = (
                self._records["features"][np.where(inside, rows, 0)] if self.count else np.zeros(len(rows), "<u8")
            )
            found: NDArray[np.bool_] = inside & ((features >> np.uint64(bit)) & np.uint64(1)).astype(bool)
            return found

    def pending(self, due: int | None, limit: int | None) -> list[int]:
        """Return rows with a job, ascending; `due` in microseconds since 1970."""
        with self._lock:
            used = self._records[: self.count]
            mask = used["job_model"] > 0
            if due is not None:
                mask &= used["job_not_before"] <= due
            rows: list[int] = np.flatnonzero(mask)[:limit].tolist()
            return rows

    def in_segment(self, number: int) -> list[int]:
        """Return the rows that keep something in a segment."""
        with self._lock:
            used = self._records[: self.count]
            inside = (used["segment"] == number) | (used["thumbnail_segment"] == number)
            rows: list[int] = np.flatnonzero(inside & (used["deleted"] == 0)).tolist()
            return rows

    def extents(self) -> NDArray[np.int64]:
        """Return segment, offset and length of everything that living rows keep in segments, int64 (n, 3), bytes."""
        _, fields = self.living(_PLACES)
        segment, offset, length, thumbnail_segment, thumbnail_offset, thumbnail_length, details_length = (
            fields[name].astype(np.int64) for name in _PLACES
        )
        behind = np.column_stack([thumbnail_segment, thumbnail_offset, thumbnail_length + details_length])
        return np.concatenate([np.column_stack([segment, offset, length]), behind])

    def reserve(self, count: int) -> None:
        """Make room for `count` rows in all, so that loading so many copies nothing."""
        with self._lock:
            self._grow(count)

    def _grow(self, count: int) -> None:
        if count > len(self._records):
            grown = np.zeros(max(1024, 2 * count), RECORD)
            grown[: len(self._records)] = self._records
            self._records = grown

    def _forget_id(self, row: int) -> None:
        if row < self.count and not self._records[row]["deleted"]:
            self._by_id.drop(_key(PhotoId(bytes(self._records[row]["id"]).decode(errors="replace"))))

    def _model_number(self, model: str | None) -> int:
        if model is None:
            return 0
        if model not in self._models:
            self._models.append(model)
        return 1 + self._models.index(model)


def _key(photo_id: PhotoId) -> bytes:
    try:
        return bytes.fromhex(photo_id)
    except ValueError:
        return b""


def _keys(photo_ids: NDArray[np.bytes_], rows: Rows) -> tuple[bytes, Rows]:
    """Return the keys of ids, hex digits, bytes (n,), one after the other, and their rows; no damaged ones."""
    try:
        together = bytes.fromhex(photo_ids.tobytes().decode("ascii"))
    except ValueError:
        together = b""
    if len(together) == KEY_BYTES * len(photo_ids):
        return together, rows
    keys = [_key(PhotoId(photo_id.decode(errors="replace"))) for photo_id in photo_ids.tolist()]
    whole = [len(key) == KEY_BYTES for key in keys]
    return b"".join(itertools.compress(keys, whole)), rows[whole]


def _set_or_drop(texts: dict[int, str], row: int, text: str | None) -> None:
    if text:
        texts[row] = text
    else:
        texts.pop(row, None)
