"""The clauses of a query as chips, each of which can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from app.text.clauses import Clause, Counted, LinkClause, read_clauses
from app.text.query_tree import (
    ColourCondition,
    DateCondition,
    Query,
    ShapeCondition,
    SizeCondition,
    Term,
    terms_of,
)
from app.text.scanner import Scanner

KINDS: dict[type, str] = {
    SizeCondition: "size",
    ShapeCondition: "shape",
    DateCondition: "date",
    ColourCondition: "colour",
    LinkClause: "relation",
}


@dataclass(frozen=True)
class Chip:
    """A clause of a query: `text[start:end]` of it, and the address of the search without it."""

    text: str
    kind: str
    """`word`, `phrase`, `excluded`, `count`, `relation`, `size`, `shape`, `date` or `colour`."""
    start: int
    end: int
    without_url: str


@dataclass
class _Group:
    """Clauses that belong together, and where they stand."""

    clauses: list[Clause]
    start: int
    end: int


def chips_of(text: str, query: Query) -> tuple[Chip, ...]:
    """Return a parsed query's clauses in their order, without the words that say nothing.

    Links stay with the term that they are about, and words that mean something together stay together.
    """
    terms = _all_terms(query)
    groups = [group for group in _groups(text, terms) if _says_something(group, terms)]
    return tuple(
        Chip(text[one.start : one.end], _kind(one), one.start, one.end, _url_without(text, one.start, one.end))
        for one in groups
    )


def _all_terms(query: Query) -> dict[int, Term]:
    """Return all terms of a query, by where they begin."""
    terms = [*query.terms, *query.exclusions, *(term for one in query.conditions for term in terms_of(one))]
    return {term.position: term for term in terms}


def _groups(text: str, terms: dict[int, Term]) -> Iterator[_Group]:
    group: _Group | None = None
    missing = 0  # how many words the group's term still has
    for clause, start, end in _clauses(text):
        if group is not None and (missing > 0 or isinstance(clause, LinkClause)):
            group.clauses.append(clause)
            group.end = end
            missing -= not isinstance(clause, LinkClause)
            continue
        if group is not None:
            yield group
        group, missing = _Group([clause], start, end), 0
        if isinstance(clause, Counted) and not clause.term.quoted:
            missing = len(terms.get(clause.term.position, clause.term).words) - 1
    if group is not None:
        yield group


def _clauses(text: str) -> Iterator[tuple[Clause, int, int]]:
    """Yield each clause with where it begins and where it ends."""
    scanner, end = Scanner(text), 0
    for clause in read_clauses(scanner):
        before = Scanner(text)
        before.place = end
        before.space()
        end = scanner.place
        yield clause, before.place, end


def _says_something(group: _Group, terms: dict[int, Term]) -> bool:
    first = group.clauses[0]
    return not isinstance(first, Counted) or first.term.position in terms


def _kind(group: _Group) -> str:
    first, last = group.clauses[0], group.clauses[-1]
    if not isinstance(last, Counted):
        return KINDS[type(last)]
    if last.sign is not None:
        return "count"
    if last.excluded:
        return "excluded"
    return "phrase" if isinstance(first, Counted) and first.term.quoted else "word"


def _url_without(text: str, start: int, end: int) -> str:
    """Return the address of the search without a part of it, of the gallery if nothing is left."""
    rest = " ".join(part.strip() for part in (text[:start], text[end:]) if part.strip())
    return f"/search?{urlencode({'q': rest})}" if rest else "/"
