from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.spelling import LONGEST_WORD, Speller, edit_distances, sound_of
from app.text.word_vectors import WordVectors

SHORT = st.text("abc", max_size=6)


@cache
def plain_distance(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    options = [
        plain_distance(a[:-1], b) + 1,
        plain_distance(a, b[:-1]) + 1,
        plain_distance(a[:-1], b[:-1]) + (a[-1] != b[-1]),
    ]
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        options.append(plain_distance(a[:-2], b[:-2]) + 1)
    return min(options)


@given(SHORT, st.lists(SHORT, min_size=1, max_size=4))
def test_edit_distances_are_those_of_the_definition(word: str, others: list[str]) -> None:
    letters = (
        np.array([other.encode() for other in others], f"S{LONGEST_WORD}").view(np.uint8).reshape(len(others), -1)
    )
    lengths = np.array([len(other) for other in others])
    assert edit_distances(word, letters, lengths).tolist() == [plain_distance(word, other) for other in others]


def test_words_that_sound_alike_are_written_alike() -> None:
    assert sound_of("elefant") == sound_of("elephant")
    assert sound_of("bycicle") == sound_of("bicycle")
    assert sound_of("cat") != sound_of("dog")


def test_the_frequent_one_of_two_equally_near_words_comes_first() -> None:
    assert Speller(["cat", "dog", "cut"]).near("cot", 3) == ["cat", "cut"]
    assert Speller(["cut", "dog", "cat"]).near("cot", 1) == ["cut"]


@given(st.text(max_size=40))
def test_any_text_may_be_misspelled(text: str) -> None:
    speller = Speller(["cat", "dog", "x" * (LONGEST_WORD + 1)])
    assert set(speller.near(text, 3)) <= {"cat", "dog"}


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("giraf", "giraffe"), ("elefant", "elephant"), ("bicicle", "bicycle"), ("persn", "person"), ("catt", "cat"),
        ("zeebra", "zebra"), ("refridgerator", "refrigerator"), ("traficlight", "traffic light"), ("flwer", "flower"),
    ],
)  # fmt: skip
def test_a_word_that_clearly_is_misspelled_is_corrected(words: WordVectors, typo: str, meant: str) -> None:
    assert words.correction(typo) == meant


@pytest.mark.parametrize("word", ["dgo", "hause", "puppie", "qwertzuiop", "xyz", "", "katze", "gitarre"])
def test_a_word_that_may_be_several_ones_or_none_is_left_to_the_person(words: WordVectors, word: str) -> None:
    assert words.correction(word) is None
