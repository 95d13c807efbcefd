import io
from collections import Counter

import numpy as np
import pytest

from model_server.training.words.walks import (
    WalkSettings,
    WeightedLists,
    explained,
    meaning_graph,
    start_probabilities,
    write_training_text,
)
from model_server.training.words.wordnet import WordNet


def test_items_are_drawn_by_their_weights() -> None:
    lists = WeightedLists(np.array([7, 8, 9]), np.array([0, 2, 2, 3]), np.array([1.0, 3.0, 1.0]))
    random = np.random.default_rng(0)
    drawn = Counter(int(item) for item in lists.draw(np.zeros(4000, dtype=np.int64), random))
    assert drawn[8] / 4000 == pytest.approx(0.75, abs=0.03)
    assert set(drawn) == {7, 8}
    assert lists.draw(np.array([2]), random) == [9]


def test_an_explanation_leaves_its_examples_out() -> None:
    assert explained('A Feline; it purrs; "the cat sat"') == "a feline; it purrs"


def test_meanings_neighbour_their_kinds_and_their_explanations(wordnet: WordNet) -> None:
    graph = meaning_graph(wordnet, gloss_weight=0.5)
    mouse, animal, kitty = (wordnet.senses[word, "n"][0] for word in ("mouse", "animal", "kitty"))
    random = np.random.default_rng(0)
    assert set(graph.draw(np.full(50, mouse), random)) == {animal}
    assert mouse in graph.draw(np.full(500, animal), random)
    assert set(graph.draw(np.full(50, kitty), random)) == {wordnet.senses["cat", "n"][0]}


def test_visible_things_are_started_from_more(wordnet: WordNet) -> None:
    chances = start_probabilities(wordnet, visual_weight=4.0)
    mouse, entity = (wordnet.senses[word, "n"][0] for word in ("mouse", "entity"))
    assert chances.sum() == pytest.approx(1)
    assert chances[mouse] == pytest.approx(4 * chances[entity])


def test_the_text_is_long_enough_and_the_same_for_the_same_seed(wordnet: WordNet) -> None:
    settings = WalkSettings(tokens=2000, gloss_rounds=1, at_once=100)
    first, second = io.StringIO(), io.StringIO()
    words = write_training_text(wordnet, settings, first)
    write_training_text(wordnet, settings, second)
    assert words >= 2000
    assert first.getvalue() == second.getvalue()
    assert {"cat", "hot_dog", "sausage"} <= set(first.getvalue().split())
