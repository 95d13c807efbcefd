"""The keys of a query, such as `left-of:`, and what may stand after them."""

import calendar
import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from app.domain import MAX_OBJECTS, Colour, Orientation, Relation, Size
from app.errors import QueryError
from app.text.query_tree import When

RELATIONS = {relation.value: relation for relation in Relation}
SIZES = {size.value: size for size in Size}
DATES = {when.value: when for when in When}
ORIENTATIONS = {orientation.value: orientation for orientation in Orientation}
COLOURS = {colour.value: colour for colour in Colour} | {
    "gray": Colour.GREY,
    "violet": Colour.PURPLE,
    "cyan": Colour.TURQUOISE,
    "teal": Colour.TURQUOISE,
}
SHAPE_KEY = "is"
COLOUR_KEYS = ("color", "colour")

KEYS = (*RELATIONS, *SIZES, SHAPE_KEY, *DATES, *COLOUR_KEYS)
EXAMPLES = {
    **{key: f"{key}:dog" for key in (*RELATIONS, *SIZES)},
    **{key: f"{key}:2023-05" for key in DATES},
    SHAPE_KEY: "is:portrait",
    **{key: f"{key}:red" for key in COLOUR_KEYS},
}
# What people try, and what it is called here.
_MEANT = {
    "left": "left-of", "leftof": "left-of", "right": "right-of", "rightof": "right-of", "over": "above",
    "under": "below", "beneath": "below", "in": "inside", "within": "inside", "large": "big", "tiny": "small",
    "little": "small", "since": "after", "until": "before", "date": "on", "taken": "on", "year": "on", "shape": "is",
    "orientation": "is",
}  # fmt: skip
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


def unknown_key(key: str, position: int) -> QueryError:
    """Return the error for a word before a colon that is no key."""
    near = [_MEANT[key]] if key in _MEANT else get_close_matches(key, KEYS, n=2, cutoff=0.6)
    advice = f"Did you mean {_listed(f'{one}:' for one in near)}?" if near else f"Keys are {_listed(KEYS)}."
    return QueryError(f"“{key[:40]}:” is nothing that a query can ask. {advice}", position=position, near=near)


def missing_operand(key: str, position: int) -> QueryError:
    """Return the error for a key with nothing behind it."""
    what = 'a word or a "phrase"' if key in RELATIONS or key in SIZES else "a value"
    return QueryError(f"{key}: needs {what} right after it, as in {EXAMPLES[key]}.", position=position)


def read_number(text: str, example: str, position: int) -> int:
    """Read how many things there should be; raise QueryError."""
    if not _NUMBER.fullmatch(text):
        said = f"“{text[:40]}” is no whole number. " if text else ""
        raise QueryError(f"{said}Write one in digits after the sign, as in {example}.", position=position)
    number = int(text)
    if number > MAX_OBJECTS:
        raise QueryError(
            f"At most {MAX_OBJECTS} things are found in a photo; {number} can't be. Write a smaller number.",
            position=position,
        )
    return number


def read_orientation(text: str, position: int) -> Orientation:
    """Read the shape of a picture; raise QueryError."""
    if text not in ORIENTATIONS:
        raise _no_such("shape of a picture", text, ORIENTATIONS, position)
    return ORIENTATIONS[text]


def read_colour(text: str, position: int) -> Colour:
    """Read a colour's name; raise QueryError."""
    if text not in COLOURS:
        raise _no_such("colour that a query knows", text, COLOURS, position)
    return COLOURS[text]


def read_period(text: str, position: int) -> tuple[date, date]:
    """Read a year, month or day; return its first and last day. Raise QueryError."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise QueryError(
            f"“{text[:40]}” is no date. Write a year, a month or a day: 2023, 2023-05 or 2023-05-17.",
            position=position,
        )
    year, month, day = (None if part is None else int(part) for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError as error:
        raise QueryError(f"“{text}” isn't in the calendar. Write a date that is.", position=position) from error
    if month is None:
        return first, date(first.year, 12, 31)
    return first, first if day else date(first.year, month, calendar.monthrange(first.year, month)[1])


def _no_such(kind: str, text: str, choices: Iterable[str], position: int) -> QueryError:
    near = get_close_matches(text, list(choices), n=2, cutoff=0.6)
    advice = f"Did you mean {_listed(near)}?" if near else f"Write {_listed(choices)}."
    return QueryError(f"“{text[:40]}” is no {kind}. {advice}", position=position, near=near)


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
