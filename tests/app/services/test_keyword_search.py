"""Words find photos by what the model says they show; made-up scores stand for the model here."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app.domain import KeywordMode, LabelReason
from app.errors import QueryError, UnknownWordsError
from app.search.ranking import top
from app.services.feature_index import FeatureIndex
from app.services.keyword_search import KeywordSearch
from app.text.word_vectors import WordVectors
from model_server.catalogue import load_card
from tests.app.services.test_feature_index import features, photo

CARD = load_card("gallery_default")
SHOWN = ("cat", "dog", "car", "person", "pizza")


@pytest.fixture(scope="module")
def search() -> KeywordSearch:
    """Return a search among photos of which photo n shows SHOWN[n]."""
    words = WordVectors.load()
    index = FeatureIndex(CARD)
    for row, label in enumerate(SHOWN):
        index.put([photo(row)], [features(CARD.labels.index(label) + 1, confidence=0.9)])
    return KeywordSearch(CARD, index, words, lambda photo_id: None)


@pytest.mark.parametrize(
    ("words", "label"),
    [("cat", "cat"), ("kitty", "cat"), ("puppy", "dog"), ("automobile", "car"), ("vehicle", "car"), ("cats", "cat")],
)
def test_words_that_mean_alike_find_the_photo_first_and_say_why(
    search: KeywordSearch, words: str, label: str
) -> None:
    match = search.match(words, KeywordMode.LATE)
    best = int(np.argmax(match.scores))
    assert SHOWN[best] == label
    reasons = search.explain(match, photo(best))
    first = reasons[0]
    assert isinstance(first, LabelReason)
    assert (first.word, first.label) == (words, label)
    assert 0 < first.weight <= 1


def test_an_excluded_word_leaves_its_photos_out(search: KeywordSearch) -> None:
    scores = search.match("animal -dog", KeywordMode.LATE).scores
    assert scores[SHOWN.index("cat")] > 0.1
    assert scores[SHOWN.index("dog")] == 0


def test_unknown_words_are_said_with_near_ones(search: KeywordSearch) -> None:
    with pytest.raises(UnknownWordsError) as caught:
        search.match("hause", KeywordMode.LATE)
    assert "house" in caught.value.suggestions["hause"]


def test_a_known_word_beside_an_unknown_one_is_searched_and_the_other_noted(search: KeywordSearch) -> None:
    match = search.match("cat qwertzuiop", KeywordMode.LATE)
    assert int(np.argmax(match.scores)) == SHOWN.index("cat")
    assert any("qwertzuiop" in notice for notice in match.query.notices)


@pytest.mark.parametrize("mode", list(KeywordMode))
@pytest.mark.parametrize("words", ["cat", "animal -dog", "pet car", "-person", "food", "cat>=1"])
def test_the_best_are_those_of_all_scores_sorted(search: KeywordSearch, words: str, mode: KeywordMode) -> None:
    for allowed in (None, np.array([True, False, True, True])):
        match = replace(search.match(words, mode), allowed=allowed)
        found, plain = match.top(3), top(match.scores, 3)
        assert found.rows.tolist() == plain.rows.tolist()
        np.testing.assert_allclose(found.scores, plain.scores, atol=1e-6)


def test_the_reasons_of_a_photo_are_the_same_alone_and_among_what_was_found(search: KeywordSearch) -> None:
    match, alone = (search.match("pet car", KeywordMode.LATE) for _ in range(2))
    found = match.top(4)
    assert len(found) > 1
    for row in found.rows.tolist():
        assert search.explain(match, photo(row)) == search.explain(alone, photo(row)) != ()


def test_a_photo_that_is_gone_has_no_reasons(search: KeywordSearch) -> None:
    assert search.explain(search.match("cat", KeywordMode.LATE), photo(77)) == ()


def test_conditions_alone_find_the_newest_first_and_what_was_not_looked_at_yet() -> None:
    index = FeatureIndex(CARD)
    days = (17, 3, 20, 17)
    photos = [replace(photo(row), added_at=datetime(2026, 3, day, tzinfo=UTC)) for row, day in enumerate(days)]
    index.come(photos)
    index.put(photos[:2], [features(17), features(18)])
    search = KeywordSearch(CARD, index, WordVectors.load(), lambda photo_id: None)
    for mode in KeywordMode:
        match = search.match("is:square", mode)
        assert match.top(9).rows.tolist() == [2, 3, 0, 1]
        assert match.top(2).rows.tolist() == [2, 3]
        assert match.scores.tolist() == [1, 1, 1, 1]
        assert match.searched == 4
    assert search.match("is:square person=0", KeywordMode.LATE).top(9).rows.tolist() == [0, 1]
    index.remove(2)
    assert search.match("on:2026-03", KeywordMode.LATE).top(9).rows.tolist() == [3, 0, 1]


def test_an_overlong_query_is_refused(search: KeywordSearch) -> None:
    with pytest.raises(QueryError):
        search.match("cat " * 2500, KeywordMode.LATE)


def test_an_empty_gallery_has_no_scores() -> None:
    empty = KeywordSearch(CARD, FeatureIndex(CARD), WordVectors.load(), lambda photo_id: None)
    assert len(empty.match("cat", KeywordMode.LATE).scores) == 0
