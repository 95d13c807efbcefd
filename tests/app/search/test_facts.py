from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import Colour, Orientation
from app.search.colours import COLOURS, colour_name, colour_numbers
from app.search.facts import FactTable


@pytest.mark.parametrize(
    ("hexadecimal", "name"),
    [
        ("ff0000", "red"), ("8b0000", "red"), ("ffa500", "orange"), ("ffff00", "yellow"), ("228b22", "green"),
        ("3c4a2a", "green"), ("40e0d0", "turquoise"), ("0000ff", "blue"), ("87ceeb", "blue"), ("800080", "purple"),
        ("ffb6c1", "pink"), ("8b4513", "brown"), ("d2b48c", "brown"), ("0a0a0a", "black"), ("808080", "grey"),
        ("6c7074", "grey"), ("fafafa", "white"), ("fffff0", "white"),
    ],
)  # fmt: skip
def test_a_colour_is_called_what_people_call_it(hexadecimal: str, name: str) -> None:
    red, green, blue = bytes.fromhex(hexadecimal)
    assert colour_name((red, green, blue)) is Colour(name)


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), max_size=30))
def test_many_colours_at_once_are_called_the_same_as_one_by_one(colours: list[tuple[int, int, int]]) -> None:
    numbers = colour_numbers(np.array(colours, dtype=np.uint8).reshape(-1, 3))
    assert [COLOURS[number] for number in numbers] == [colour_name(colour) for colour in colours]


def table_of(*photos: tuple[int, int, str, tuple[int, int, int]]) -> FactTable:
    """Return a table of photos: width, height, day, colour."""
    table = FactTable()
    widths, heights, days, colours = zip(*photos, strict=True)
    table.add(range(len(photos)), widths, heights, np.array(days, "datetime64[D]"), np.array(colours, np.uint8))
    return table


@pytest.mark.parametrize(
    ("width", "height", "orientation"),
    [
        (300, 400, "portrait"),
        (400, 300, "landscape"),
        (300, 300, "square"),
        (95, 100, "square"),
        (94, 100, "portrait"),
    ],
)
def test_every_picture_has_one_shape(width: int, height: int, orientation: str) -> None:
    now = table_of((width, height, "2023-01-01", (0, 0, 0))).snapshot()
    assert [shape for shape in Orientation if now.shaped(shape).tolist() == [True]] == [orientation]


def test_days_at_both_ends_are_included() -> None:
    days = ["2023-04-30", "2023-05-01", "2023-05-31", "2023-06-01", "0001-01-01"]
    now = table_of(*((1, 1, day, (0, 0, 0)) for day in days)).snapshot()
    may = now.taken(date(2023, 5, 1), date(2023, 5, 31))
    assert may.tolist() == [False, True, True, False, False]
    assert now.taken(date(2023, 5, 31), None).tolist() == [False, False, True, True, False]
    assert now.taken(None, date(2023, 4, 30)).tolist() == [True, False, False, False, True]


def test_the_latest_day_is_newest_and_of_one_day_the_photo_that_came_last() -> None:
    days = ["2023-04-30", "2024-05-01", "0001-01-01", "2024-05-01", "9999-12-31", "2023-05-01"]
    table = table_of(*((1, 1, day, (0, 0, 0)) for day in days))
    table.remove([4])
    everything = np.ones(9, dtype=bool)
    assert table.snapshot().newest(everything, 9).tolist() == [3, 1, 5, 0, 2]
    assert table.snapshot().newest(everything, 2).tolist() == [3, 1]
    assert table.snapshot().newest(everything[:3], 5).tolist() == [1, 0, 2]
    assert table.snapshot().newest(everything, 0).tolist() == []


def test_photos_come_and_go() -> None:
    table = table_of((1, 2, "2023-01-01", (255, 0, 0)))
    before = table.snapshot()
    table.add([5000], [1], [2], np.array(["2023-01-01"], "datetime64[D]"), np.array([[250, 5, 5]], np.uint8))
    table.remove([0, 7, 9999])
    assert np.flatnonzero(table.snapshot().coloured(Colour.RED)).tolist() == [5000]
    assert np.flatnonzero(table.snapshot().taken(None, None)).tolist() == [5000]
    assert before.coloured(Colour.RED).tolist() == [True]
    assert FactTable().snapshot().shaped(Orientation.SQUARE).shape == (0,)
