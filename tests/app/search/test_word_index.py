"""The word index finds what sorting all plain cosines finds, while photos come and go."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domain import Float32
from app.search import word_index
from app.search.ranking import top
from app.search.word_index import WordIndex
from app.text.scoring import classic_scores

WIDTH = 50


def mixtures(count: int, seed: int) -> Float32:
    """Return means of a few class vectors each, many of them equal, some of zeros."""
    random = np.random.default_rng(seed)
    classes = np.random.default_rng(0).standard_normal((12, WIDTH)).astype(np.float32)
    shares = random.multinomial(4, np.ones(12) / 12, size=count) * (random.random((count, 12)) < 0.5)
    return (shares.astype(np.float32) @ classes / 4).astype(np.float32)


def filled(vectors: Float32) -> WordIndex:
    index = WordIndex(WIDTH, classic_scores)
    for start in range(0, len(vectors), 90):
        index.add(np.arange(start, min(start + 90, len(vectors))), vectors[start : start + 90])
    return index


def check(index: WordIndex, query: Float32, plain: Float32, limit: int, allowed: NDArray[np.bool_] | None) -> None:
    found, expected = index.top(query, limit, allowed), top(plain, limit, allowed=allowed)
    assert found.rows.tolist() == expected.rows.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.sampled_from([1, 7, 60, 1000]), st.sampled_from([4, word_index.MANY]), st.booleans())
def test_the_best_are_those_of_all_plain_cosines_sorted(seed: int, limit: int, many: int, alike: bool) -> None:
    """However many rough scores are quick, and whether the query is of the photos' kind or not."""
    vectors = mixtures(700, seed)
    query = vectors[3] if alike else np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    plain = classic_scores(query, vectors)
    allowed = np.random.default_rng(seed).random(len(vectors)) < 0.5
    with patch.object(word_index, "MANY", many), patch.object(word_index, "BLOCK_ROWS", 256):
        index = filled(vectors)
        np.testing.assert_array_equal(index.similarities(query), plain)
        for chosen in (None, allowed, allowed[:300]):
            check(index, query, plain, limit, chosen)


def test_what_is_removed_is_found_no_more_and_what_is_replaced_is_found_as_it_is_now() -> None:
    vectors = mixtures(400, 1)
    index, query = filled(vectors), mixtures(1, 9)[0]
    vectors[100:150] = mixtures(50, 2)
    index.add(np.arange(100, 150), vectors[100:150])
    index.remove(np.arange(0, 400, 3))
    assert len(index) == 266
    plain = classic_scores(query, vectors)
    plain[::3] = 0
    check(index, query, plain, 30, None)
    np.testing.assert_array_equal(index.similarities(query), plain)


def test_rows_far_apart_and_vectors_of_any_length_are_found() -> None:
    index, vectors = WordIndex(WIDTH, classic_scores), mixtures(4, 3)
    vectors[:] = vectors[vectors.any(axis=1)][0]
    vectors *= np.array([1e-25, 1, 1e25, 0], dtype=np.float32)[:, None]
    index.add([70_000, 3, 9, 11], vectors)
    found = index.top(vectors[1], 9)
    assert sorted(found.rows.tolist()) == [3, 9, 70_000]
    np.testing.assert_allclose(found.scores, 1, atol=1e-6)


def test_nothing_is_like_nothing() -> None:
    index = filled(mixtures(50, 0))
    assert len(index.top(np.zeros(WIDTH), 5)) == 0
    assert len(WordIndex(WIDTH, classic_scores).top(np.ones(WIDTH), 5)) == 0
    assert len(index.top(np.ones(WIDTH), 0)) == 0


def test_a_search_reads_what_was_there_when_it_began() -> None:
    vectors, query = mixtures(300, 4), mixtures(1, 5)[0]
    index = filled(vectors)
    before = index._snapshot
    expected = [block.vectors.copy() for block in before.blocks]
    index.add(np.arange(250, 350), mixtures(100, 6))
    for block, vectors_then in zip(before.blocks, expected, strict=True):
        np.testing.assert_array_equal(block.vectors, vectors_then)
    assert query.any()


@pytest.mark.parametrize("vectors", [np.ones((2, 3)), np.ones((1, WIDTH)), np.full((2, WIDTH), np.nan)])
def test_wrong_vectors_change_nothing(vectors: NDArray[np.float64]) -> None:
    index = filled(mixtures(10, 0))
    with pytest.raises(ValueError, match="vectors"):
        index.add([20, 21], vectors)
    assert len(index) == 10
