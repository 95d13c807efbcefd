import json
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from app.text.word_vectors import VECTORS_FILE, WordVectors
from model_server.catalogue import ModelCard


def cosine(words: WordVectors, a: str, b: str) -> float:
    first, second = words.vector(a), words.vector(b)
    assert first is not None
    assert second is not None
    return float(first @ second)


@pytest.mark.parametrize(
    ("word", "nearer", "farther"),
    [
        ("kitty", "cat", "dog"),
        ("puppy", "dog", "cat"),
        ("doggy", "dog", "bicycle"),
        ("vehicle", "car", "cat"),
        ("lorry", "truck", "horse"),
        ("plane", "airplane", "car"),
        ("dessert", "cake", "chair"),
        ("fruit", "banana", "bus"),
        ("sofa", "couch", "chair"),
        ("hot dog", "frankfurter", "dog"),
    ],
)
def test_words_that_mean_alike_stand_together(words: WordVectors, word: str, nearer: str, farther: str) -> None:
    assert cosine(words, word, nearer) > cosine(words, word, farther) + 0.05


@pytest.mark.parametrize(
    ("inflected", "lemma"),
    [
        ("Dogs", "dog"), ("puppies", "puppy"), ("mice", "mouse"), ("women", "woman"), ("geese", "goose"),
        ("buses", "bus"), ("knives", "knife"), ("hot dogs", "hot_dog"), ("fire hydrants", "fire_hydrant"),
        ("dog's", "dog"), ("café", "cafe"), ("cell phone", "cellphone"), ("wine glasses", "wineglass"),
        ("smartphones", "cellular_telephone"), ("jumped", "jump"), ("sitting", "sitting"),
    ],
)  # fmt: skip
def test_inflected_and_new_words_are_found_by_their_dictionary_form(
    words: WordVectors, inflected: str, lemma: str
) -> None:
    assert words.lemma(inflected) == lemma


def test_nonsense_has_no_vector(words: WordVectors) -> None:
    assert words.vector("xqzwv") is None
    assert words.phrase_vector(["xqzwv", "qqq"]) is None
    assert not words.known("xqzwv")
    assert not words.known("")


def test_all_labels_and_tags_have_vectors_of_length_one(words: WordVectors, card: ModelCard) -> None:
    names = [*card.labels, *(tag.name for tag in card.tag_classes)]
    vectors = [words.phrase_vector(name.split()) for name in names]
    assert [name for name, vector in zip(names, vectors, strict=True) if vector is None] == []
    np.testing.assert_allclose(np.linalg.norm(np.array(vectors, dtype=np.float32), axis=1), 1, atol=1e-5)


def test_a_phrase_without_an_entry_is_the_mean_of_its_words(words: WordVectors) -> None:
    dog, bicycle = words.vector("dog"), words.vector("bicycle")
    assert dog is not None
    assert bicycle is not None
    mean = (dog + bicycle) / np.linalg.norm(dog + bicycle)
    phrase = words.phrase_vector(["dog", "xqzwv", "bicycle"])
    assert phrase is not None
    np.testing.assert_allclose(phrase, mean, atol=1e-6)


def test_nlp_feature_is_the_mean_of_the_names(words: WordVectors) -> None:
    hot_dog, cat = words.vector("hot dog"), words.vector("cat")
    assert hot_dog is not None
    assert cat is not None
    feature = words.nlp_feature(["hot dog", "cat", "cat"])
    assert feature.shape == (50,)
    assert feature.dtype == np.float32
    np.testing.assert_allclose(feature, (hot_dog + 2 * cat) / 3, atol=1e-6)
    assert not words.nlp_feature([]).any()


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("giraf", "giraffe"), ("elefant", "elephant"), ("motorcicle", "motorcycle"), ("bycicle", "bicycle"),
        ("umbrela", "umbrella"), ("vehical", "vehicle"), ("zeebra", "zebra"), ("refridgerator", "refrigerator"),
        ("hores", "horse"), ("sandwhich", "sandwich"), ("kittie", "kitty"), ("appel", "apple"),
    ],
)  # fmt: skip
def test_the_word_meant_is_among_those_near_a_typo(words: WordVectors, typo: str, meant: str) -> None:
    assert meant in words.near_words(typo)


@pytest.mark.parametrize("nonsense", ["", "x", "xqzwvjk", "z" * 500])
def test_nothing_is_near_nonsense(words: WordVectors, nonsense: str) -> None:
    assert words.near_words(nonsense) == []


def test_gensim_reads_the_file_and_finds_the_same(words: WordVectors) -> None:
    read = KeyedVectors.load_word2vec_format(str(VECTORS_FILE), binary=True, limit=2000)
    assert read.vector_size == words.width == 50
    for word in read.index_to_key[::100]:
        ours = words.vector(word)
        assert ours is not None
        np.testing.assert_allclose(read.get_vector(word, norm=True), ours, atol=1e-3)


def test_the_committed_figures_are_what_was_promised() -> None:
    figures = json.loads(VECTORS_FILE.with_name("word_vectors.json").read_text("utf-8"))
    assert figures["WordSim-353"]["spearman"] >= 0.65
    assert figures["SimLex-999"]["spearman"] >= 0.50


def test_the_file_is_small() -> None:
    assert Path(VECTORS_FILE).stat().st_size < 8_000_000
