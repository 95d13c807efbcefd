"""What a parsed query says, as a tree of frozen data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.domain import Colour, Orientation, Relation, Size


@dataclass(frozen=True)
class Term:
    """One thing to look for: a word or the words of a phrase, in lower case.

    `position` is the index of its first character in the query, `quoted` whether it stood in quotes.
    """

    words: tuple[str, ...]
    position: int
    quoted: bool = False

    @property
    def text(self) -> str:
        """Return the words as one writes them."""
        return " ".join(self.words)


class Sign(StrEnum):
    """How a count compares with a number."""

    AT_LEAST = ">="
    AT_MOST = "<="
    MORE = ">"
    FEWER = "<"
    EQUAL = "="


class When(StrEnum):
    """On which side of a date."""

    AFTER = "after"
    BEFORE = "before"
    ON = "on"


@dataclass(frozen=True)
class CountCondition:
    """So many of a thing: `dog>=2`."""

    term: Term
    sign: Sign
    number: int
    excluded: bool = False


@dataclass(frozen=True)
class Link:
    """How something stands to another thing: `left-of:dog`."""

    relation: Relation
    other: Term


@dataclass(frozen=True)
class PlaceCondition:
    """One and the same `subject` stands so to other things: `person left-of:dog above:car`. `links` isn't empty."""

    subject: Term
    links: tuple[Link, ...]
    excluded: bool = False


@dataclass(frozen=True)
class SizeCondition:
    """A thing that is big or small in the picture: `big:dog`."""

    size: Size
    term: Term
    excluded: bool = False


@dataclass(frozen=True)
class ShapeCondition:
    """The picture's own shape: `is:portrait`."""

    orientation: Orientation
    excluded: bool = False


@dataclass(frozen=True)
class DateCondition:
    """When the photo was taken, to the named year, month or day, which lasts from `first` to `last`, both in it."""

    when: When
    first: date
    last: date
    excluded: bool = False


@dataclass(frozen=True)
class ColourCondition:
    """The colour that most of the photo has: `color:red`."""

    colour: Colour
    excluded: bool = False


ObjectCondition = CountCondition | PlaceCondition | SizeCondition
"""What the detector's objects decide."""
FactCondition = ShapeCondition | DateCondition | ColourCondition
"""What the photo's own facts decide."""
Condition = ObjectCondition | FactCondition


@dataclass(frozen=True)
class Query:
    """What a query asks for. One of the three isn't empty.

    Photos that meet all `conditions`, that show none of the `exclusions`, and before all that show the `terms`. What
    a condition wants to be there is a term as well.
    """

    terms: tuple[Term, ...]
    exclusions: tuple[Term, ...] = ()
    conditions: tuple[Condition, ...] = ()


def terms_of(condition: Condition) -> tuple[Term, ...]:
    """Return the words that a condition speaks of, in their order."""
    match condition:
        case CountCondition(term=term) | SizeCondition(term=term):
            return (term,)
        case PlaceCondition(subject=subject, links=links):
            return (subject, *(link.other for link in links))
        case _:
            return ()


def with_terms(query: Query, change: Callable[[Term], Term]) -> Query:
    """Return the query with every term, also those in conditions, as `change` makes it."""

    def changed(condition: Condition) -> Condition:
        match condition:
            case CountCondition(term=term) | SizeCondition(term=term):
                return replace(condition, term=change(term))
            case PlaceCondition(subject=subject, links=links):
                new_links = tuple(Link(link.relation, change(link.other)) for link in links)
                return replace(condition, subject=change(subject), links=new_links)
        return condition

    return Query(
        tuple(map(change, query.terms)), tuple(map(change, query.exclusions)), tuple(map(changed, query.conditions))
    )


def wanted_terms(condition: Condition) -> tuple[Term, ...]:
    """Return the things that a photo must show to meet a condition; none if it may show none of them."""
    if condition.excluded:
        return ()
    if isinstance(condition, CountCondition):
        at_least_one = {Sign.AT_LEAST: condition.number > 0, Sign.MORE: True, Sign.EQUAL: condition.number > 0}
        return (condition.term,) if at_least_one.get(condition.sign, False) else ()
    return terms_of(condition)
