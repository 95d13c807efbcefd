import numpy as np

from app.domain import PhotoId
from app.store.table import RECORD, Entry, PhotoTable, blank


def test_what_was_read_of_a_row_does_not_change_with_it() -> None:
    table = PhotoTable()
    first = Entry(blank()).with_fields(id=b"ab" * 16, offset=4096)
    table.put({0: first})
    before = table.entry(0)
    table.put({0: first.with_fields(offset=8192)})
    after = table.entry(0)
    assert before is not None
    assert after is not None
    assert (before["offset"], after["offset"]) == (4096, 8192)
    assert not np.shares_memory(before.record, after.record)


def test_rows_of_a_file_are_loaded_as_they_stand_damaged_ones_too() -> None:
    records = np.zeros(5, RECORD)
    records["id"] = [b"ab" * 16, b"no digits at all", b"c d " * 8, b"", b"ef" * 16]
    records["deleted"] = [0, 0, 0, 1, 0]
    table = PhotoTable()
    table.reserve(5)
    table.load(records[:2], [b"beach.jpg", "Ü \N{GRINNING FACE}.jpg".encode()], {1: b"too dark"})
    table.load(records[2:], [b"cut \xf0\x9f", b"", b"dog.jpg"], {})
    assert [table.row_of(PhotoId(photo_id)) for photo_id in ("ab" * 16, "ef" * 16, "cd" * 16)] == [0, 4, None]
    entries = [table.entry(row) for row in range(5)]
    assert [entry and entry.name for entry in entries] == [
        "beach.jpg", "Ü \N{GRINNING FACE}.jpg", "cut \N{REPLACEMENT CHARACTER}", None, "dog.jpg",
    ]  # fmt: skip
    assert [entry and entry.error for entry in entries] == [None, "too dark", None, None, None]
