from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from app.text.spelling import edit_distance, near_words, sound_of

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


@given(SHORT, SHORT)
def test_edit_distance_is_that_of_the_definition(a: str, b: str) -> None:
    assert edit_distance(a, b) == plain_distance(a, b) == edit_distance(b, a)


def test_words_that_sound_alike_are_written_alike() -> None:
    assert sound_of("elefant") == sound_of("elephant")
    assert sound_of("bycicle") == sound_of("bicycle")
    assert sound_of("cat") != sound_of("dog")


def test_the_frequent_one_of_two_equally_near_words_comes_first() -> None:
    assert near_words("cot", ["cat", "dog", "cut"], size=3, n=3) == ["cat", "cut"]
    assert near_words("cot", ["cut", "dog", "cat"], size=3, n=1) == ["cut"]
