import numpy as np

from app.store.table import Entry, PhotoTable, blank


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
