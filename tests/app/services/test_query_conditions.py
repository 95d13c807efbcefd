"""Conditions of a query judge photos by their objects and by what they say about themselves, and prove it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app.domain import (
    Box,
    CountReason,
    FactReason,
    Features,
    Photo,
    PhotoFacts,
    Relation,
    RelationReason,
    Size,
    SizeReason,
)
from app.errors import UnknownWordsError
from app.search.conditions import ObjectTable
from app.search.facts import FactTable
from app.services.query_conditions import QueryConditions
from app.store.photo_facts import columns_of
from app.text.detectable import DetectorWords
from app.text.keywords import KeywordMatcher
from app.text.word_vectors import WordVectors
from model_server.catalogue import load_card
from tests.app.services.test_feature_index import features, photo

CARD = load_card("gallery_default")
Box4 = tuple[int, int, int, int]
Things = list[tuple[str, Box4]]
LEFT, RIGHT = (10, 100, 110, 290), (180, 150, 290, 290)
NEW = datetime(2026, 3, 1, tzinfo=UTC)


class Gallery:
    """A gallery whose photos a test makes up."""

    def __init__(self) -> None:
        words = WordVectors.load()
        self.matcher = KeywordMatcher(CARD.labels, [tag.name for tag in CARD.tag_classes], words)
        self.objects, self.facts = ObjectTable(), FactTable()
        self.conditions = QueryConditions(
            CARD.labels, DetectorWords(CARD.labels, words, self.matcher.meaning), self.objects, self.facts
        )
        self.photos: list[tuple[Photo, Features | None]] = []

    def add(self, things: Things | None, facts: PhotoFacts | None = None) -> None:
        """Add a photo with things at places in pixels of the model input; None for one that wasn't looked at."""
        row = len(self.photos)
        new = replace(photo(row), added_at=NEW)
        new = new if facts is None else replace(new, facts=facts)
        self.facts.add(**vars(columns_of([new])))
        self.photos.append((new, None if things is None else seen(things)))
        if things is not None:
            self.objects.add([row], seen(things).detections[None])

    def found(self, query: str) -> list[int]:
        """Return the rows that meet the query's conditions."""
        return [int(row) for row in np.flatnonzero(self.conditions.mask(self.matcher.understand(query).conditions))]

    def reasons(self, query: str, row: int) -> tuple[object, ...]:
        new, seen_features = self.photos[row]
        return self.conditions.reasons(self.matcher.understand(query).conditions, new, seen_features)


def seen(things: Things) -> Features:
    made = features(1)
    made.detections[:] = 0
    for place, (label, box) in enumerate(things):
        made.detections[place] = (CARD.labels.index(label) + 1, 0.9, *box)
    return made


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    gallery = Gallery()
    gallery.add(
        [("person", LEFT), ("dog", RIGHT)], PhotoFacts("image/jpeg", 300, 400, "#b01818", datetime(2023, 5, 17))
    )
    gallery.add(
        [("dog", LEFT), ("person", RIGHT)], PhotoFacts("image/jpeg", 400, 300, "#2040c0", datetime(2024, 1, 1))
    )
    gallery.add([("dog", LEFT), ("cat", RIGHT)], PhotoFacts("image/jpeg", 400, 400, "#808080"))
    gallery.add([])
    gallery.add(None)
    return gallery


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("dog>=1", [0, 1, 2]),
        ("puppy>0", [0, 1, 2]),
        ("animal>=2", [2]),
        ("dog=0", [3]),
        ("-dog>=1", [3]),
        ("person left-of:dog", [0]),
        ("lady left-of:animal", [0]),
        ("dog -left-of:person", [0, 2, 3]),
        ("-dog left-of:person", [0, 2, 3]),
        ("animal left-of:kitty", [2]),
        ("dog left-of:person right-of:person", []),
        ("is:portrait", [0]),
        ("-is:square", [0, 1]),
        ("after:2023-05-17 before:2024", [0]),
        ("on:2024", [1]),
        ("after:2024", [1, 2, 3, 4]),
        ("-on:2026-03-01", [0, 1]),
        ("before:0001", []),
        ("color:red", [0]),
        ("dog>=1 colour:grey", [2]),
        ("dog", [0, 1, 2, 3, 4]),
    ],
)
def test_photos_that_meet_the_conditions_are_found(gallery: Gallery, query: str, rows: list[int]) -> None:
    assert gallery.found(query) == rows


def test_what_was_found_is_proved(gallery: Gallery) -> None:
    left, right = Box(*(place / 300 for place in LEFT)), Box(*(place / 300 for place in RIGHT))
    assert gallery.reasons("person left-of:animal", 0) == (
        RelationReason("person", Relation.LEFT_OF, "dog", left, right),
    )
    assert gallery.reasons("animal>=2 -person>=1", 2) == (CountReason("animal", 2, ">=2", (left, right)),)
    assert gallery.reasons("small:dog", 0) == ()
    gallery_of_one = Gallery()
    gallery_of_one.add([("dog", (0, 0, 150, 300))])
    assert gallery_of_one.reasons("big:dog", 0) == (SizeReason("dog", Size.BIG, 0.5, Box(0, 0, 0.5, 1)),)
    assert gallery.reasons("is:portrait on:2023 color:red", 0) == (
        FactReason("portrait, 300 x 400 pixels"),
        FactReason("taken on 17 May 2023"),
        FactReason("mostly red, #b01818"),
    )
    assert gallery.reasons("dog>=0 after:2026", 4) == (FactReason("added on 1 March 2026"),)


@pytest.mark.parametrize(
    ("query", "near"),
    [("lion>=2", "cat"), ("person left-of:guitar", ""), ("dog -left-of:xqzwvjk", ""), ("big:house", "")],
)
def test_what_the_detector_can_not_see_is_said(gallery: Gallery, query: str, near: str) -> None:
    conditions = gallery.matcher.understand(query).conditions
    with pytest.raises(UnknownWordsError) as caught:
        gallery.conditions.mask(conditions)
    with pytest.raises(UnknownWordsError):
        gallery.conditions.check(conditions)
    (word,) = caught.value.words
    assert f"“{word}” is" in caught.value.message
    assert not near or near in caught.value.suggestions[word]


def test_photos_that_come_and_go_are_judged_anew() -> None:
    gallery = Gallery()
    assert gallery.found("is:portrait") == []
    gallery.add([("dog", LEFT)])
    gallery.add(None)
    assert gallery.found("is:square") == [0, 1]
    assert gallery.found("dog>=1 is:square") == [0]
    gallery.objects.remove([0])
    gallery.facts.remove([0])
    assert gallery.found("dog>=0 is:square") == []
    assert gallery.found("is:square") == [1]
