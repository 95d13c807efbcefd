from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from app.text.word_vectors import VECTORS_FILE, WordVectors
from model_server.training.words.evaluate import evaluate
from model_server.training.words.label_words import find_label_words
from model_server.training.words.retrofit import retrofit, unit_rows
from model_server.training.words.train import ModelLabels, TrainSettings, centred, rounded, train, write_word2vec
from model_server.training.words.vocabulary import irregular_forms, searchable_words
from model_server.training.words.walks import WalkSettings
from model_server.training.words.wordnet import WordNet

LABELS = ("cat", "dog")


def test_training_writes_files_that_the_application_reads(wordnet_folder: Path, tmp_path: Path) -> None:
    settings = TrainSettings(dimensions=8, epochs=10, workers=1, walks=WalkSettings(tokens=20_000, at_once=200))
    train(wordnet_folder, tmp_path / "out", ModelLabels(LABELS, (("n00000180", "poodle"),)), settings)
    words = WordVectors.load(tmp_path / "out" / "word_vectors.bin.gz", [tmp_path / "out" / "irregular_forms.txt"])
    assert words.width == 8
    assert words.lemma("mice") == "mouse"
    assert words.lemma("hot dogs") == "hot_dog"
    kitty, cat, hot_dog = (words.vector(word) for word in ("kitty", "cat", "hot dog"))
    assert kitty is not None
    assert cat is not None
    assert hot_dog is not None
    assert kitty @ cat > kitty @ hot_dog
    label_words = (tmp_path / "out" / "label_words.txt").read_text("utf-8").splitlines()
    assert "dog\tbelow\tpoodle" in label_words
    assert "poodle\tabove\tdog animal beast" in label_words


def test_names_rare_verbs_and_insults_are_left_out(wordnet: WordNet) -> None:
    words = searchable_words(wordnet)
    assert {"cat", "true_cat", "hot_dog", "animal"} <= words
    assert words.isdisjoint({"garfield", "genus_felis", "mutt", "purr", "living_thing"})
    assert irregular_forms(wordnet, words) == {"mice": "mouse"}


def test_labels_know_their_other_names_kinds_and_what_is_a_kind_of_them(wordnet: WordNet) -> None:
    cat, dog = find_label_words(wordnet, searchable_words(wordnet), LABELS, [])
    assert cat.same[:2] == ("cat", "true_cat")
    assert "kitty" in cat.same
    assert cat.above[:2] == ("animal", "beast")
    assert "entity" not in cat.above
    assert cat.below == ("kitty", "kitten")
    assert dog.below == ("poodle",)


def test_retrofitting_draws_a_word_to_what_it_is(wordnet: WordNet) -> None:
    words = ["poodle", "dog", "mouse"]
    vectors = unit_rows(np.eye(3, dtype=np.float32))
    moved = retrofit(words, vectors, wordnet)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, rtol=1e-6)
    # poodle = (1 * own + 0.3 * dog) / 1.3; dog has no neighbour among these words and stays.
    np.testing.assert_allclose(moved[0], np.array([1, 0.3, 0]) / np.hypot(1, 0.3), atol=1e-6)
    np.testing.assert_allclose(moved[1:], vectors[1:], atol=1e-6)


def test_vectors_are_centred_and_rounded() -> None:
    vectors = np.random.default_rng(0).normal(2, 1, (200, 5)).astype(np.float32)
    assert np.abs(centred(vectors).mean(axis=0)).max() < 0.15
    steps = rounded(vectors, 128) * 128
    np.testing.assert_array_equal(steps, np.round(steps))
    np.testing.assert_allclose(rounded(vectors, 128), vectors, atol=1 / 256)


def test_evaluation_sees_how_far_vectors_agree_with_people(tmp_path: Path) -> None:
    shipped = KeyedVectors.load_word2vec_format(str(VECTORS_FILE), binary=True, limit=5_000)
    good = evaluate_words(tmp_path, list(shipped.index_to_key), shipped.vectors)
    shuffled = np.random.default_rng(0).permutation(shipped.vectors)
    random = evaluate_words(tmp_path, list(shipped.index_to_key), shuffled)
    assert good > 0.6
    assert random == pytest.approx(0, abs=0.2)


def evaluate_words(folder: Path, words: list[str], vectors: np.ndarray) -> float:
    write_word2vec(folder / "vectors.bin.gz", words, vectors)
    return evaluate(folder / "vectors.bin.gz")["WordSim-353"].spearman
