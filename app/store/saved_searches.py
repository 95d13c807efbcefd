"""Saved searches: rows in `saved_searches/rows`, what each of them says in `saved_searches/definitions`."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import h5py
import numpy as np

from app.errors import BadParameter, SavedSearchNotFound
from app.store.base import LONGEST_DEFINITION_BYTES, SavedSearch
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.crc import crc32_of
from app.store.gallery_file import GalleryFile
from app.store.records import microseconds, moment
from app.store.schema import NAME_BYTES, describe, table

_LOG = logging.getLogger(__name__)
_ROWS, _DEFINITIONS = "saved_searches/rows", "saved_searches/definitions"
_ROW = np.dtype(
    [
        ("id", "<u8"),
        ("created_at", "<i8"),
        ("name", h5py.string_dtype("utf-8", NAME_BYTES)),
        ("offset", "<u8"),
        ("length", "<u4"),
        ("definition_crc32", "<u4"),
        ("deleted", "u1"),
        ("row_crc32", "<u4"),
    ]
)
_CHUNK_ROWS, _CHUNK_BYTES = 16, 4096


class Hdf5SavedSearches:
    """Implements `base.SavedSearches`; see there for what each method promises."""

    def __init__(self, file: GalleryFile, commits: CommitQueue, clock: Callable[[], datetime]) -> None:
        self._file = file
        self._commits = commits
        self._clock = clock
        # One change at a time, so that what is known is what the next change finds in the file.
        self._changing = threading.Lock()
        with file.lock:
            self._known = _load(file.hdf5)

    def all(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""
        self._file.expect_open()
        return list(self._known.values())

    def get(self, search_id: int) -> SavedSearch:
        """Return a saved search."""
        self._file.expect_open()
        return expect(self._known, search_id)

    def add(self, name: str, definition: str) -> SavedSearch:
        """Save a search."""
        check(name, definition)
        new = SavedSearch(0, name, self._clock(), definition)
        added: list[SavedSearch] = []
        with self._changing:
            self._change(lambda: added.append(_append(self._file.hdf5, new)))
            self._known = {**self._known, added[-1].id: added[-1]}
        return added[-1]

    def delete(self, search_id: int) -> SavedSearch:
        """Forget a saved search."""
        self._file.expect_open()
        with self._changing:
            gone = expect(self._known, search_id)
            self._change(lambda: _mark_deleted(self._file.hdf5, search_id), use_spare=True)
            self._known = {known: one for known, one in self._known.items() if known != search_id}
        return gone

    def _change(self, write: Callable[[], None], *, use_spare: bool = False) -> None:
        def stage(changes: Changes) -> None:
            changes.also.append(write)

        self._commits.run(stage, use_spare=use_spare)


def check(name: str, definition: str) -> None:
    """Raise BadParameter for a name or a definition that can't be kept."""
    try:
        name_bytes, definition_bytes = len(name.encode()), len(definition.encode())
    except UnicodeEncodeError as error:
        raise BadParameter(f"A saved search can't hold {error.object[error.start : error.end]!a}.") from error
    if not name.strip() or "\0" in name or name_bytes > NAME_BYTES:
        raise BadParameter(f"A saved search needs a name of 1 to {NAME_BYTES} bytes, not {name[:80]!a}.")
    if definition_bytes > LONGEST_DEFINITION_BYTES:
        raise BadParameter(
            f"The search {name[:80]!a} takes {definition_bytes:,} bytes to write down; {LONGEST_DEFINITION_BYTES:,} "
            "can be kept. Make it simpler."
        )


def expect(known: dict[int, SavedSearch], search_id: int) -> SavedSearch:
    """Return a saved search; raise SavedSearchNotFound."""
    if search_id not in known:
        raise SavedSearchNotFound(f"There is no saved search {search_id}. Was it deleted?", id=search_id)
    return known[search_id]


def _load(hdf5: Any) -> dict[int, SavedSearch]:
    found: dict[int, SavedSearch] = {}
    if _ROWS not in hdf5:
        return found
    definitions = hdf5[_DEFINITIONS]
    for number, row in enumerate(hdf5[_ROWS][:]):
        start, definition = int(row["offset"]), b""
        if not row["deleted"]:
            definition = definitions[start : start + int(row["length"])].tobytes()
        if _row_crc32(row) != row["row_crc32"] or (
            not row["deleted"] and crc32_of(definition) != row["definition_crc32"]
        ):
            _LOG.warning("Row %d of the saved searches is damaged in the gallery file and left out.", number)
        elif not row["deleted"]:
            saved = SavedSearch(
                int(row["id"]), row["name"].decode(), moment(int(row["created_at"])), definition.decode()
            )
            found[saved.id] = saved
    return found


def _append(hdf5: Any, new: SavedSearch) -> SavedSearch:
    if _ROWS not in hdf5:
        _create(hdf5)
    rows, definitions, definition = hdf5[_ROWS], hdf5[_DEFINITIONS], new.definition.encode()
    row, start = rows.shape[0], definitions.shape[0]
    saved = replace(new, id=row + 1)
    definitions.resize((start + len(definition),))
    if definition:
        definitions[start:] = np.frombuffer(definition, np.uint8)
    record = np.zeros((), _ROW)
    record["id"], record["created_at"], record["name"] = saved.id, microseconds(saved.created_at), saved.name.encode()
    record["offset"], record["length"], record["definition_crc32"] = start, len(definition), crc32_of(definition)
    rows.resize((row + 1,))
    _write(rows, row, record)
    return saved


def _mark_deleted(hdf5: Any, search_id: int) -> None:
    row = search_id - 1
    record = np.zeros((), _ROW)
    record["id"], record["deleted"] = search_id, 1
    _write(hdf5[_ROWS], row, record)


def _write(rows: Any, row: int, record: Any) -> None:
    record["row_crc32"] = _row_crc32(record)
    rows[row] = record


def _row_crc32(record: Any) -> int:
    plain = np.zeros((), _ROW)
    plain[...] = record
    plain["row_crc32"] = 0
    return crc32_of(plain.tobytes())


def _create(hdf5: Any) -> None:
    rows = table(hdf5, _ROWS, _ROW, _CHUNK_ROWS)
    describe(
        rows,
        axes="saved search",
        meaning="One row a saved search; its definition is f['saved_searches/definitions'][offset:offset+length], "
        "JSON text, with the CRC-32 definition_crc32. deleted: 1 where the search is gone, and all but its id is 0 "
        "then. row_crc32: CRC-32 of the row with row_crc32=0.",
        units="offset, length: bytes; created_at: microseconds since 1970 UTC",
    )
    definitions = table(hdf5, _DEFINITIONS, np.dtype("u1"), _CHUNK_BYTES)
    describe(definitions, meaning="What saved searches say, one behind the other, as UTF-8.")
