"""Rows by id are what a dictionary would tell."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.store.id_rows import KEY_BYTES, IdRows

KEYS = [first + second for first in (bytes(8), b"abcdefgh", b"\xff" * 8) for second in (bytes(8), b"12345678")]
KEYS += [b"", b"short", bytes(KEY_BYTES + 1)]


@given(
    st.lists(st.lists(st.sampled_from(KEYS[:6]), unique=True), max_size=3),
    st.lists(st.tuples(st.sampled_from(["put", "drop"]), st.sampled_from(KEYS)), max_size=20),
)
def test_it_tells_what_a_dictionary_would(loads: list[list[bytes]], changes: list[tuple[str, bytes]]) -> None:
    rows, expected = IdRows(), dict[bytes, int]()
    for keys in loads:
        new = [key for key in keys if key not in expected]
        numbers = range(len(expected), len(expected) + len(new))
        rows.load(b"".join(new), np.array(numbers, np.int64))
        expected |= dict(zip(new, numbers, strict=True))
    for number, (change, key) in enumerate(changes, start=100):
        rows.drop(key)
        expected.pop(key, None)
        if change == "put":
            rows.put(key, number)
            expected[key] = number
    assert [rows.get(key) for key in KEYS] == [expected.get(key) for key in KEYS]
