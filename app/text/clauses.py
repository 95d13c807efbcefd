"""Read a query's clauses one by one, before it is decided which belong together."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import QueryError
from app.text import query_keys as keys
from app.text.query_tree import (
    ColourCondition,
    Condition,
    DateCondition,
    Link,
    ShapeCondition,
    Sign,
    SizeCondition,
    Term,
)
from app.text.scanner import Scanner, not_of_a_word


@dataclass(frozen=True)
class Counted:
    """A term, and how many of it there should be if that is said."""

    term: Term
    excluded: bool
    joins_previous: bool
    """Only spaces stand between it and the clause before, so that both may form a collocation."""
    sign: Sign | None = None
    number: int = 0


@dataclass(frozen=True)
class LinkClause:
    """How the term before it stands to another; `position` is where the clause begins."""

    link: Link
    excluded: bool
    position: int


Clause = Counted | LinkClause | Condition


def read_clauses(scanner: Scanner) -> Iterator[Clause]:
    """Yield the clauses in their order; raise QueryError at the first one that can't be understood."""
    joins = False
    while True:
        space = scanner.space()
        joins = joins and not space.strip(" \t_")
        if scanner.at_end:
            return
        start, excluded = scanner.place, scanner.minus()
        key = scanner.key()
        if key is not None:
            yield _read_keyed(scanner, key, excluded, start)
            joins = False
        else:
            counted = _read_counted(scanner, excluded, joins)
            yield counted
            joins = not (excluded or counted.term.quoted or counted.sign)


def _read_counted(scanner: Scanner, excluded: bool, joins: bool) -> Counted:
    term = scanner.term()
    if term is None:
        raise _refusal(scanner, excluded)
    joins = joins and not excluded and not term.quoted
    sign = scanner.sign()
    if sign is None:
        return Counted(term, excluded, joins)
    sign_place = scanner.place - 1
    text, place = scanner.value()
    number = keys.read_number(text, f"dog{sign}2", place if text else sign_place)
    return Counted(term, excluded, joins, sign, number)


def _refusal(scanner: Scanner, excluded: bool) -> QueryError:
    """Return the error for a place where no term begins."""
    place, character = scanner.place, scanner.next_character
    if excluded:
        place -= 1
        message = 'A minus needs a word or a "phrase" right after it, as in -person. Write that, or take it away.'
    elif scanner.sign():
        message = 'A count needs a word or a "phrase" right before it, as in dog>=2. Write that, or take it away.'
    elif character == ":":
        message = "A colon belongs right behind a key, as in left-of:dog. Write that, or take it away."
    else:
        message = not_of_a_word(character)
    return QueryError(message, position=place)


def _read_keyed(scanner: Scanner, key: str, excluded: bool, start: int) -> LinkClause | Condition:
    """Read what stands behind a key; `start` is where its clause begins."""
    key_place = start + excluded
    if key not in keys.KEYS:
        raise keys.unknown_key(key, key_place)
    if key in keys.RELATIONS or key in keys.SIZES:
        term = scanner.operand()
        if term is None:
            raise keys.missing_operand(key, key_place)
        if key in keys.SIZES:
            return SizeCondition(keys.SIZES[key], term, excluded)
        return LinkClause(Link(keys.RELATIONS[key], term), excluded, start)
    text, place = scanner.value()
    if not text:
        raise keys.missing_operand(key, key_place)
    if key == keys.SHAPE_KEY:
        return ShapeCondition(keys.read_orientation(text, place), excluded)
    if key in keys.COLOUR_KEYS:
        return ColourCondition(keys.read_colour(text, place), excluded)
    return DateCondition(keys.DATES[key], *keys.read_period(text, place), excluded)
