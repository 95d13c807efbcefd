from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import QueryError, UnknownWordsError
from app.text.keywords import KeywordMatcher
from app.text.query_tree import CountCondition, Sign, Term
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard

FLOATS = NDArray[np.float32]


@dataclass(frozen=True)
class Photos:
    label_scores: FLOATS
    object_confidences: FLOATS
    word_vectors: FLOATS
    tag_ids: NDArray[np.int32]
    tag_probabilities: FLOATS


class Album:
    """Photos of which one says what they show."""

    def __init__(self, card: ModelCard, words: WordVectors) -> None:
        self._card, self._words = card, words
        self._tag_of = {tag.name: index for index, tag in enumerate(card.tag_classes)}

    def of(self, *shown: Mapping[str, float]) -> Photos:
        """Return photos with these labels and tags and their scores."""
        photos = self.blank(len(shown))
        for row, names in enumerate(shown):
            for place, (name, score) in enumerate(names.items()):
                if name in self._card.labels:
                    photos.label_scores[row, self._card.labels.index(name)] = score
                else:
                    photos.tag_ids[row, place] = self._tag_of[name]
                    photos.tag_probabilities[row, place] = score
            photos.word_vectors[row] = self._words.nlp_feature(list(names))
        return photos

    def blank(self, count: int) -> Photos:
        return Photos(
            label_scores=np.zeros((count, len(self._card.labels)), dtype=np.float32),
            object_confidences=np.zeros((count, len(self._card.labels)), dtype=np.float32),
            word_vectors=np.zeros((count, self._words.width), dtype=np.float32),
            tag_ids=np.zeros((count, 10), dtype=np.int32),
            tag_probabilities=np.zeros((count, 10), dtype=np.float32),
        )


@pytest.fixture
def album(card: ModelCard, words: WordVectors) -> Album:
    return Album(card, words)


def found(matcher: KeywordMatcher, query: str, photos: Photos, at_least: float = 0.05) -> list[int]:
    """Return the photos found, best first."""
    scores = matcher.late(matcher.understand(query), photos)
    return [int(row) for row in np.argsort(-scores, kind="stable") if scores[row] >= at_least]


ONE_OF_EACH: Sequence[Mapping[str, float]] = [
    {"cat": 0.9}, {"dog": 0.9}, {"car": 0.9}, {"train": 0.9}, {"boat": 0.9}, {"bus": 0.9}, {"banana": 0.9},
    {"cake": 0.9}, {"person": 0.9}, {"couch": 0.9}, {"hot dog": 0.9},
]  # fmt: skip
CAT, DOG, CAR, TRAIN, BOAT, BUS, BANANA, CAKE, PERSON, COUCH, HOT_DOG = range(11)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("cat", {CAT}), ("kitty", {CAT}), ("Cats", {CAT}), ("puppies", {DOG}), ("poodle", {DOG}),
        ("vehicle", {CAR, TRAIN, BOAT, BUS}), ("animal", {CAT, DOG}), ("pet", {CAT, DOG}), ("fruit", {BANANA}),
        ("dessert", {CAKE}), ("women", {PERSON}), ("people", {PERSON}), ("sofa", {COUCH}), ("hot dog", {HOT_DOG}),
        ("food", {BANANA, CAKE, HOT_DOG}), ("ferry", {BOAT}),
    ],
)  # fmt: skip
def test_a_word_finds_what_it_means_first(matcher: KeywordMatcher, album: Album, query: str, rows: set[int]) -> None:
    assert set(found(matcher, query, album.of(*ONE_OF_EACH))[: len(rows)]) == rows


def test_the_label_itself_comes_before_everything_near_it(
    matcher: KeywordMatcher, album: Album, card: ModelCard
) -> None:
    photos = album.of(*({label: 0.5} for label in card.labels))
    for row, label in enumerate(card.labels):
        scores = matcher.late(matcher.understand(f'"{label}"'), photos)
        assert scores[row] == scores.max(), label
        assert scores[row] > 1.2 * np.partition(scores, -2)[-2] or label in ("mouse", "remote"), label


def test_tags_are_searched_too(matcher: KeywordMatcher, album: Album) -> None:
    photos = album.of({"acoustic guitar": 0.8}, {"ice cream": 0.7}, {"car": 0.9}, {"tabby": 0.6})
    assert found(matcher, "guitar", photos)[0] == 0
    assert found(matcher, "instrument", photos)[0] == 0
    assert found(matcher, "ice cream", photos)[0] == 1
    assert found(matcher, "cat", photos)[0] == 3


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        ("musical instrument", "cello"), ("instrument", "acoustic guitar"), ("dessert", "ice cream"),
        ("bird of prey", "bald eagle"), ("raptor", "bald eagle"), ("reptile", "common iguana"),
        ("furniture", "rocking chair"), ("vehicle", "tractor"), ("hound", "beagle"), ("animal", "monarch"),
        ("weapon", "cannon"), ("fruit", "lemon"), ("insects", "ladybug"),
    ],
)  # fmt: skip
def test_kinds_of_things_find_their_tags_however_far_above_they_are(
    matcher: KeywordMatcher, album: Album, kind: str, tag: str
) -> None:
    photos = album.of({"espresso": 0.9}, {tag: 0.5}, {"envelope": 0.9})
    assert found(matcher, kind, photos)[:1] == [1]


def test_objects_count_besides_the_whole_picture(matcher: KeywordMatcher, album: Album, card: ModelCard) -> None:
    photos = album.blank(2)
    photos.object_confidences[1, card.labels.index("zebra")] = 0.9
    assert found(matcher, "zebra", photos) == [1]


def test_all_words_together_come_before_one_of_them(matcher: KeywordMatcher, album: Album) -> None:
    photos = album.of({"cat": 0.9}, {"cat": 0.6, "car": 0.6}, {"car": 0.9}, {"cake": 0.9})
    assert found(matcher, "cat car", photos)[0] == 1


def test_a_word_that_no_label_tells_does_not_hide_the_other(matcher: KeywordMatcher, album: Album) -> None:
    photos = album.of({"cake": 0.9}, {"dog": 0.9}, {"person": 0.9})
    assert found(matcher, "happy dog", photos)[0] == 1


def test_words_are_taken_together_only_where_that_names_something_to_find(matcher: KeywordMatcher) -> None:
    assert [meaning.term.text for meaning in matcher.understand("hot dog").wanted] == ["hot dog"]
    # WordNet has "black cat" for a panther.
    assert [meaning.term.text for meaning in matcher.understand("black cat").wanted] == ["black", "cat"]


def test_excluded_things_are_left_out(matcher: KeywordMatcher, album: Album) -> None:
    photos = album.of({"dog": 0.9, "person": 0.9}, {"dog": 0.7})
    assert found(matcher, "dog -person", photos) == [1]
    assert found(matcher, "dog -woman", photos) == [1]
    assert found(matcher, "-person", photos) == [1]


def test_reasons_name_the_label_the_word_and_the_source(
    matcher: KeywordMatcher, album: Album, card: ModelCard
) -> None:
    photos = album.of({"cat": 0.8, "dog": 0.4, "tabby": 0.5})
    photos.object_confidences[0, card.labels.index("cat")] = 0.6
    (reasons,) = matcher.reasons(matcher.understand("kitty dog"), photos)
    assert [(reason.word, reason.label, reason.source) for reason in reasons if reason.weight > 0.1] == [
        ("kitty", "cat", "picture"), ("kitty", "cat", "objects"), ("dog", "dog", "picture"),
    ]  # fmt: skip
    assert reasons[0].weight == pytest.approx(0.8, abs=0.01)
    assert all(0 < reason.weight <= 1 for reason in reasons)


def test_classic_is_the_cosine_with_the_mean_vector(
    matcher: KeywordMatcher, album: Album, words: WordVectors
) -> None:
    photos = album.of({"cat": 0.9, "couch": 0.3}, {"truck": 0.9})
    cat, sofa = words.vector("cat"), words.vector("sofa")
    assert cat is not None
    assert sofa is not None
    feature = photos.word_vectors[0]
    mean = (cat + sofa) / 2
    expected = mean @ feature / np.linalg.norm(mean) / np.linalg.norm(feature)
    scores = matcher.classic(matcher.understand("cat sofa"), photos.word_vectors)
    assert scores[0] == pytest.approx(expected, abs=1e-5)
    assert scores[0] > scores[1]


def test_unknown_words_are_refused_with_near_ones(matcher: KeywordMatcher) -> None:
    with pytest.raises(UnknownWordsError, match="Did you mean house or cause or pause") as caught:
        matcher.understand("hause -dog")
    assert caught.value.words == ("hause",)
    assert caught.value.suggestions["hause"][0] == "house"


def test_an_unknown_word_among_known_ones_is_noticed(matcher: KeywordMatcher) -> None:
    query = matcher.understand("cat hause -xqzwvjk")
    assert [meaning.term.text for meaning in query.wanted] == ["cat"]
    assert "house" in query.notices[0]
    assert "“xqzwvjk” is not a word" in query.notices[0]


def test_a_word_that_clearly_is_misspelled_is_put_right_and_noticed(matcher: KeywordMatcher) -> None:
    query = matcher.understand('giraf -persn "traficlight" zeebra>=2')
    assert [meaning.term.text for meaning in query.wanted] == ["giraffe", "traffic light", "zebra"]
    assert [meaning.term.text for meaning in query.excluded] == ["person"]
    assert query.conditions == (CountCondition(Term(("zebra",), 27), Sign.AT_LEAST, 2),)
    assert query.notices[0] == "Showing results for “giraffe”: “giraf” is not a word that the gallery knows."
    assert len(query.notices) == 4


def test_conditions_alone_let_all_photos_fit(matcher: KeywordMatcher, album: Album) -> None:
    photos = album.of({"cat": 0.9}, {"car": 0.3})
    query = matcher.understand("is:portrait -dog>=2")
    assert len(query.conditions) == 2
    for scores in (matcher.late(query, photos), matcher.classic(query, photos.word_vectors)):
        assert scores.tolist() == [1, 1]


def test_conditions_do_not_make_up_for_words_that_are_not_known(matcher: KeywordMatcher) -> None:
    with pytest.raises(UnknownWordsError):
        matcher.understand("xqzwvjk is:portrait")


def test_phrases_of_unknown_words_are_unknown(matcher: KeywordMatcher) -> None:
    with pytest.raises(UnknownWordsError):
        matcher.understand('"xqzwvjk qqzz"')


def test_a_long_query_is_refused_at_once(matcher: KeywordMatcher) -> None:
    started_s = perf_counter()
    with pytest.raises(QueryError):
        matcher.understand("cat " * 2500)
    assert perf_counter() - started_s < 1


@pytest.mark.parametrize("query", ["kitty", "vehicle", "animal -person", "guitar"])
def test_vectorised_search_agrees_with_one_photo_at_a_time(matcher: KeywordMatcher, album: Album, query: str) -> None:
    random = np.random.default_rng(5)
    photos = album.blank(40)
    photos.label_scores[:] = random.random(photos.label_scores.shape) ** 4
    photos.object_confidences[:] = random.random(photos.object_confidences.shape) ** 8
    photos.tag_ids[:] = random.integers(0, 1000, photos.tag_ids.shape)
    photos.tag_probabilities[:] = random.random(photos.tag_probabilities.shape) / 10
    understood = matcher.understand(query)
    alone = [
        matcher.late(understood, Photos(**{name: column[row : row + 1] for name, column in vars(photos).items()}))[0]
        for row in range(40)
    ]
    np.testing.assert_allclose(matcher.late(understood, photos), alone, rtol=1e-5)
