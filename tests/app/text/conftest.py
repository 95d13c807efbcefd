from functools import cache

import pytest

from app.text.keywords import KeywordMatcher
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard, load_card


@cache
def _shipped() -> WordVectors:
    return WordVectors.load()


@cache
def _matcher() -> KeywordMatcher:
    card = load_card("gallery_default")
    return KeywordMatcher(card.labels, [tag.name for tag in card.tag_classes], _shipped())


@pytest.fixture
def words() -> WordVectors:
    return _shipped()


@pytest.fixture
def card() -> ModelCard:
    return load_card("gallery_default")


@pytest.fixture
def matcher() -> KeywordMatcher:
    return _matcher()
