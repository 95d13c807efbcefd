import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.search.growing import GrowingArray, GrowingColumns


@given(st.lists(st.one_of(st.lists(st.integers(-5, 5), max_size=40), st.just("drop negatives")), max_size=12))
def test_earlier_views_never_change(steps: list[list[int] | str]) -> None:
    growing = GrowingArray[np.int64](np.int64)
    twin: list[int] = []
    seen: list[tuple[object, list[int]]] = []
    for step in steps:
        if isinstance(step, str):
            growing.keep(growing.values >= 0)
            twin = [number for number in twin if number >= 0]
        else:
            growing.append(np.array(step, dtype=np.int64))
            twin = twin + step
        seen.append((growing.values, twin))
    for view, expected in seen:
        assert view.tolist() == expected  # type: ignore[attr-defined]


def test_reserved_room_is_filled_without_copying() -> None:
    growing = GrowingArray[np.float32](np.float32, (3,))
    growing.reserve(100)
    growing.append(np.ones((1, 3)))
    first = growing.values
    growing.append(np.zeros((99, 3)))
    assert np.shares_memory(first, growing.values)
    assert growing.values.shape == (100, 3)


def test_putting_fills_gaps_with_zeros_and_changes_no_view_that_was_given_out() -> None:
    array = GrowingArray[np.int64](np.int64)
    array.put(np.array([2, 1]), np.array([20, 10]))
    before = array.values
    array.put(np.array([4]), np.array([40]))
    array.put(np.array([1]), np.array([11]))
    assert before.tolist() == [0, 10, 20]
    assert array.values.tolist() == [0, 11, 20, 0, 40]


def test_columns_grow_and_drop_at_their_end() -> None:
    columns = GrowingColumns[np.float32](np.float32, (2,))
    for start in range(0, 40, 4):
        columns.append(np.arange(start, start + 4) * np.array([[1], [10]]))
    before = columns.values
    columns.keep(np.arange(40) % 2 == 0)
    assert before.shape == (2, 40)
    assert columns.values.tolist() == [list(range(0, 40, 2)), list(range(0, 400, 20))]
