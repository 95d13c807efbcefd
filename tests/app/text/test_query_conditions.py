"""Conditions in queries: what they say, where they are refused, and that what is written is read back."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import MAX_OBJECTS, Colour, Orientation, Relation, Size
from app.errors import QueryError
from app.text.query import STOP_WORDS, Condition, Query, Term, parse_query
from app.text.query_keys import EXAMPLES, KEYS
from app.text.query_tree import (
    ColourCondition,
    CountCondition,
    DateCondition,
    Link,
    PlaceCondition,
    ShapeCondition,
    Sign,
    SizeCondition,
    When,
)

COLLOCATIONS = {"hot dog", "traffic light"}
DOG, PERSON, CAT = Term(("dog",), 0), Term(("person",), 0), Term(("cat",), 0)
TRAFFIC_LIGHT = Term(("traffic", "light"), 0, quoted=True)


def unplaced(term: Term) -> Term:
    return replace(term, position=0)


def anywhere(condition: Condition) -> Condition:
    """Return the condition with all its terms at the query's beginning, to be compared without their places."""
    match condition:
        case CountCondition(term=term) | SizeCondition(term=term):
            return replace(condition, term=unplaced(term))
        case PlaceCondition(subject=subject, links=links):
            links = tuple(Link(link.relation, unplaced(link.other)) for link in links)
            return replace(condition, subject=unplaced(subject), links=links)
    return condition


def conditions(text: str) -> list[Condition]:
    return [anywhere(condition) for condition in parse_query(text, COLLOCATIONS.__contains__).conditions]


def terms(text: str) -> list[str]:
    return [term.text for term in parse_query(text, COLLOCATIONS.__contains__).terms]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("dog>=2", CountCondition(DOG, Sign.AT_LEAST, 2)),
        ("DOG > 2", CountCondition(DOG, Sign.MORE, 2)),
        ("dog≤2.", CountCondition(DOG, Sign.AT_MOST, 2)),
        ("-dog<3, cat", CountCondition(DOG, Sign.FEWER, 3, excluded=True)),
        ('"traffic light"=0', CountCondition(TRAFFIC_LIGHT, Sign.EQUAL, 0)),
        ("hot dog>=2", CountCondition(Term(("hot", "dog"), 0), Sign.AT_LEAST, 2)),
        ("person left-of:dog", PlaceCondition(PERSON, (Link(Relation.LEFT_OF, DOG),))),
        ("person Above: „traffic light“", PlaceCondition(PERSON, (Link(Relation.ABOVE, TRAFFIC_LIGHT),))),
        ("-person inside:dog", PlaceCondition(PERSON, (Link(Relation.INSIDE, DOG),), excluded=True)),
        ("person -below:dog", PlaceCondition(PERSON, (Link(Relation.BELOW, DOG),), excluded=True)),
        (
            "person left-of:dog right-of:cat",
            PlaceCondition(PERSON, (Link(Relation.LEFT_OF, DOG), Link(Relation.RIGHT_OF, CAT))),
        ),
        ("-big:dog", SizeCondition(Size.BIG, DOG, excluded=True)),
        ('small:"traffic light"', SizeCondition(Size.SMALL, TRAFFIC_LIGHT)),
        ("is:Portrait", ShapeCondition(Orientation.PORTRAIT)),
        ("after:2023", DateCondition(When.AFTER, date(2023, 1, 1), date(2023, 12, 31))),
        ("before:2024-2", DateCondition(When.BEFORE, date(2024, 2, 1), date(2024, 2, 29))),
        ("-on:2023-05-17", DateCondition(When.ON, date(2023, 5, 17), date(2023, 5, 17), excluded=True)),
        ("after:9999", DateCondition(When.AFTER, date(9999, 1, 1), date(9999, 12, 31))),
        ("colour:gray", ColourCondition(Colour.GREY)),
    ],
)
def test_a_condition_says_what_a_reader_would_say(text: str, condition: Condition) -> None:
    assert conditions(text) == [condition]


def test_links_that_must_hold_belong_together_and_those_that_must_not_stand_alone() -> None:
    assert conditions("person left-of:dog -above:cat below:cat") == [
        PlaceCondition(PERSON, (Link(Relation.LEFT_OF, DOG), Link(Relation.BELOW, CAT))),
        PlaceCondition(PERSON, (Link(Relation.ABOVE, CAT),), excluded=True),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dog>=2 dog", ["dog"]),
        ("dog=0 dog<3 dog>=0 dog<=4 cat", ["cat"]),
        ("dog>0", ["dog"]),
        ("-dog>=2 -big:car is:square", []),
        ("red person left-of:dog small:cat", ["red", "person", "dog", "cat"]),
        ("person -left-of:dog", ["person"]),
        ("-person left-of:dog", []),
        ("photos of the is:portrait", []),
    ],
)
def test_what_a_condition_wants_to_be_there_is_ranked_by(text: str, wanted: list[str]) -> None:
    assert terms(text) == wanted
    assert not parse_query(text).exclusions


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("cat foo:bar", 4, "“foo:” is nothing that a query can ask. Keys are left-of, right-of"),
        ("cat left:dog", 4, "Did you mean left-of:?"),
        ("cat -colr:red", 5, "Did you mean color: or colour:?"),
        ("cat over:dog", 4, "Did you mean above:?"),
        ("cat 12:30", 4, "“12:”"),
        ("cat dog>=", 8, "Write one in digits after the sign, as in dog>=2."),
        ("cat dog>two", 8, "“two” is no whole number"),
        ("dog>=2.5", 5, "“2.5” is no whole number"),
        ("dog>=-1", 5, "“-1” is no whole number"),
        ("dog==2", 4, "“=2” is no whole number"),
        ("dog>=٢", 5, "“٢” is no whole number"),
        ("dog>=21", 5, "At most 20 things"),
        ("cat, >=2", 5, "A count needs a word"),
        ("person>=2 left-of:dog", 10, "right before it, as in person left-of:dog"),
        ("left-of:dog", 0, "right before it, as in person left-of:dog"),
        ("big:dog above:cat", 8, "right before it, as in person above:dog"),
        ("the below:cat", 4, "right before it, as in person below:dog"),
        ("-person -below:cat", 8, "One minus is enough"),
        ("cat left-of:", 4, 'left-of: needs a word or a "phrase" right after it, as in left-of:dog'),
        ('cat left-of:"dog', 12, "never closed"),
        ("cat big:-dog", 4, "big: needs a word"),
        ("cat is:", 4, "is: needs a value right after it, as in is:portrait"),
        ("is:potrait", 3, "“potrait” is no shape of a picture. Did you mean portrait?"),
        ("is:big", 3, "Write portrait, landscape or square."),
        ("color:rde", 6, "“rde” is no colour that a query knows. Did you mean red?"),
        ("color:mauve", 6, "Write red, orange, yellow"),
        ("after:May", 6, "“may” is no date. Write a year, a month or a day: 2023, 2023-05 or 2023-05-17."),
        ("after:2023/05", 6, "“2023/05” is no date"),
        ("after:17.05.2023", 6, "“17.05.2023” is no date"),
        ("on:2023-02-30", 3, "“2023-02-30” isn't in the calendar"),
        ("on:0000", 3, "“0000” isn't in the calendar"),
        ("cat -", 4, "minus"),
    ],
)
def test_a_condition_that_can_not_be_is_refused_at_its_place(text: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.position == position
    assert said in caught.value.message


def test_every_key_has_an_example_that_can_be_read() -> None:
    assert set(EXAMPLES) == set(KEYS)
    for example in EXAMPLES.values():
        assert parse_query(f"person {example}").conditions


def rendered(condition: Condition) -> str:
    """Write a condition as a person would."""
    minus = "-" * condition.excluded
    match condition:
        case CountCondition(term=term, sign=sign, number=number):
            return f"{minus}{quoted(term)}{sign}{number}"
        case PlaceCondition(subject=subject, links=links):
            chain = " ".join(f"{link.relation}:{quoted(link.other)}" for link in links)
            return f"{minus}{quoted(subject)} {chain}"
        case SizeCondition(size=size, term=term):
            return f"{minus}{size}:{quoted(term)}"
        case ShapeCondition(orientation=orientation):
            return f"{minus}is:{orientation}"
        case ColourCondition(colour=colour):
            return f"{minus}color:{colour}"
        case DateCondition(when=when, first=first, last=last):
            return f"{minus}{when}:{period(first, last)}"


def quoted(term: Term) -> str:
    return f'"{term.text}"' if term.quoted else term.text


def period(first: date, last: date) -> str:
    if first == last:
        return first.isoformat()
    return f"{first.year:04}" if first.month != last.month else f"{first.year:04}-{first.month:02}"


def named_period(day: date, length: str) -> tuple[date, date]:
    if length == "day":
        return day, day
    if length == "year":
        return day.replace(month=1, day=1), day.replace(month=12, day=31)
    next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day.replace(day=1), next_month - timedelta(days=1)


LETTERS = "abcdefghijklmnopqrstuvwxyzéß"
WORDS = st.text(LETTERS, min_size=1, max_size=8).filter(lambda word: word not in STOP_WORDS)
TERMS = st.builds(lambda word: Term((word,), 0), WORDS) | st.builds(
    lambda words: Term(tuple(words), 0, quoted=True), st.lists(WORDS, min_size=1, max_size=3)
)
LINKS = st.builds(Link, st.sampled_from(Relation), TERMS)
DAYS = st.dates(date(1000, 1, 1), date(9000, 1, 1))
PERIODS = st.builds(named_period, DAYS, st.sampled_from(["day", "month", "year"]))
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(CountCondition, TERMS, st.sampled_from(Sign), st.integers(0, MAX_OBJECTS), st.booleans()),
    st.builds(PlaceCondition, TERMS, st.lists(LINKS, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(SizeCondition, st.sampled_from(Size), TERMS, st.booleans()),
    st.builds(ShapeCondition, st.sampled_from(Orientation), st.booleans()),
    st.builds(
        lambda when, days, excluded: DateCondition(when, days[0], days[1], excluded),
        st.sampled_from(When),
        PERIODS,
        st.booleans(),
    ),
    st.builds(ColourCondition, st.sampled_from(Colour), st.booleans()),
)


@given(st.lists(CONDITIONS, min_size=1, max_size=5))
def test_what_is_written_is_read_back(written: list[Condition]) -> None:
    assert conditions(" ".join(map(rendered, written))) == written


PIECES = st.sampled_from(
    [
        *KEYS,
        *Sign,
        *Orientation,
        *Colour,
        "dog",
        "hot",
        '"',
        "“",
        "”",
        ":",
        "-",
        " ",
        "2",
        "2023-05",
        "≥",
        "é",
        "*",
        "\0",
    ]
)


@given(st.lists(PIECES | st.characters(), max_size=14).map("".join))
def test_any_text_gives_a_query_or_a_refusal_that_points_into_it(text: str) -> None:
    places: list[int | None]
    try:
        query = parse_query(text, COLLOCATIONS.__contains__)
    except QueryError as error:
        places = [error.position]
    else:
        assert query != Query(())
        places = [term.position for term in (*query.terms, *query.exclusions)]
    assert all(place is not None and 0 <= place <= len(text) for place in places)
