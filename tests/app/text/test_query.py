import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QueryError
from app.text.query import STOP_WORDS, Query, Term, parse_query

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).filter(lambda word: word not in STOP_WORDS)
PHRASES = st.lists(WORDS, min_size=1, max_size=4)
COLLOCATIONS = {"hot dog", "fire hydrant", "dining room table", "room table"}


def texts(terms: tuple[Term, ...]) -> list[str]:
    return [term.text for term in terms]


def test_words_phrases_and_exclusions_are_told_apart() -> None:
    query = parse_query('Kitty "teddy bear" -person -"stop sign"')
    assert query == Query(
        terms=(Term(("kitty",), 0), Term(("teddy", "bear"), 6, quoted=True)),
        exclusions=(Term(("person",), 20), Term(("stop", "sign"), 28, quoted=True)),
    )


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("hot dog", ["hot dog"]),
        ("a fire hydrant on the street", ["fire hydrant", "street"]),
        ("dining room table", ["dining room table"]),
        ("hot, dog", ["hot", "dog"]),
        ('hot "dog"', ["hot", "dog"]),
        ("hot_dog", ["hot dog"]),
        ("cats and dogs", ["cats", "dogs"]),
        ("the", ["the"]),
        ("t-shirt", ["t-shirt"]),
        ("“hot dog” café", ["hot dog", "café"]),
        ("cafe\u0301", ["café"]),
        ("cat/dog; (bird) & fish!", ["cat", "dog", "bird", "fish"]),
    ],
)
def test_terms_are_what_a_reader_would_say(text: str, terms: list[str]) -> None:
    assert texts(parse_query(text, COLLOCATIONS.__contains__).terms) == terms


def test_an_exclusion_takes_only_the_word_after_the_minus() -> None:
    query = parse_query("cat -hot dog", COLLOCATIONS.__contains__)
    assert (texts(query.terms), texts(query.exclusions)) == (["cat", "dog"], ["hot"])


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 0, "no words"),
        (" ,. ", 0, "no words"),
        ("cat -", 4, "minus"),
        ("cat - dog", 4, "minus"),
        ('cat "big dog', 4, "never closed"),
        ('cat ""', 4, "no word between"),
        ('"left of":dog', 9, "A colon belongs right behind a key"),
        (": dog", 0, "A colon belongs right behind a key"),
        ("cat *", 4, "“*” is no part of a word"),
        ('"cat *"', 5, "“*” is no part of a word"),
        ("cat \x00", 4, "U+0000"),
        ("🐱", 0, "“🐱” is no part of a word"),
    ],
)
def test_a_refusal_points_at_the_place_and_says_what_to_do(text: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.position == position
    assert said in caught.value.message


def test_a_query_of_ten_thousand_characters_is_refused() -> None:
    with pytest.raises(QueryError, match="10000 characters long; 500 are the most") as caught:
        parse_query("x" * 10_000)
    assert caught.value.position == 500


@given(st.text(max_size=60))
def test_any_text_gives_a_query_or_a_refusal_that_points_into_it(text: str) -> None:
    try:
        query = parse_query(text, COLLOCATIONS.__contains__)
    except QueryError as error:
        places = [error.position]
    else:
        terms = (*query.terms, *query.exclusions)
        assert all(term.words and all(term.words) for term in terms)
        places = [term.position for term in terms]
    assert places
    assert all(place is not None and 0 <= place <= len(text) for place in places)


@given(st.lists(st.tuples(PHRASES, st.booleans()), min_size=1, max_size=6))
def test_what_is_written_is_read_back(clauses: list[tuple[list[str], bool]]) -> None:
    written = " ".join(f'{"-" * excluded}"{" ".join(words)}"' for words, excluded in clauses)
    query = parse_query(written)
    assert [list(term.words) for term in query.terms] == [words for words, excluded in clauses if not excluded]
    assert [list(term.words) for term in query.exclusions] == [words for words, excluded in clauses if excluded]
    assert all(written[term.position] == '"' for term in (*query.terms, *query.exclusions))
