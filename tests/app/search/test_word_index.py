"""The word index finds what sorting all plain cosines finds, while photos come and go."""

import threading
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domain import Float32
from app.search import word_best, word_block, word_index
from app.search.ranking import top
from app.search.word_best import oldest_alike
from app.search.word_block import Block, Query, heads, scales_of
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
@given(st.integers(0, 50), st.sampled_from([1, 7, 60, 1000]), st.sampled_from([4, word_best.MANY]), st.booleans())
def test_the_best_are_those_of_all_plain_cosines_sorted(seed: int, limit: int, many: int, alike: bool) -> None:
    """However many are too many to look at all, and whether the query is of the photos' kind or not."""
    vectors = mixtures(700, seed)
    query = vectors[3] if alike else np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    plain = classic_scores(query, vectors)
    allowed = np.random.default_rng(seed).random(len(vectors)) < 0.5
    share = 0.3 if alike else 0.9
    with (
        patch.multiple(word_best, MANY=many, WORTH_TELLING_APART=many),
        patch.object(word_block, "WORTH_READING_ALL", share),
        patch.object(word_index, "MOST_PHOTOS", 256),
    ):
        index = filled(vectors)
        np.testing.assert_array_equal(index.similarities(query), plain)
        for chosen in (None, allowed, allowed[:300]):
            check(index, query, plain, limit, chosen)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.sampled_from([1, 5, 500]))
def test_photos_that_come_change_and_go_are_found_as_they_are_now(seed: int, limit: int) -> None:
    """Few vectors for many photos, so that most are equal to others, some of zeros or of lengths hard to multiply."""
    random, kinds = np.random.default_rng(seed), mixtures(9, seed)
    kinds[:3] = 0 * kinds[3], 1e-30 * kinds[3], 2e37 * kinds[4]
    now = np.zeros((300, WIDTH), np.float32)
    with patch.multiple(word_best, MANY=8, WORTH_TELLING_APART=8), patch.object(word_index, "MOST_PHOTOS", 64):
        index = WordIndex(WIDTH, classic_scores)
        for _ in range(3):
            come, gone = (random.choice(len(now), 80, replace=False) for _ in range(2))
            now[come] = kinds[random.integers(0, len(kinds), len(come))]
            index.add(come, now[come])
            index.remove(gone)
            now[gone] = 0
            for query in kinds[2:5]:
                plain = classic_scores(query, now)
                check(index, query, plain, limit, None)
                similarities = index.similarities(query)
                np.testing.assert_array_equal(similarities, plain[: len(similarities)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.floats(-0.2, 1))
def test_bounds_are_never_below_the_cosine_and_the_closer_ones_never_above_the_others(
    seed: int, floor: float
) -> None:
    random = np.random.default_rng(seed)
    vectors, (query,) = mixtures(300, seed), mixtures(1, seed + 1) + random.standard_normal((1, WIDTH), np.float32)
    turn = np.linalg.qr(random.standard_normal((WIDTH, word_block.TURNED)))[0]
    block, asked = Block(0, vectors, *heads(vectors, turn), scales_of(vectors)), Query.of(query, turn)
    exact, uppers = classic_scores(query, vectors), block.uppers(asked)
    half = word_block.ROUNDING / 2
    assert (uppers >= exact - half).all()
    for share in (0.0, 1.0):
        with patch.object(word_block, "WORTH_READING_ALL", share):
            places, closer = block.reaching(asked, uppers, np.float32(floor))
        assert (closer >= exact[places] - half).all()
        assert (closer <= uppers[places] + half).all()
        assert set(np.flatnonzero(exact >= floor + half)) <= set(places.tolist())
    np.testing.assert_allclose(block.roughly(asked, np.arange(300))[1], exact, atol=half)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 9))
def test_of_equal_vectors_only_the_oldest_are_left(kinds: list[int], limit: int) -> None:
    vectors = np.eye(5, dtype=np.float32)[kinds]
    kept = oldest_alike(vectors, np.array(kinds, np.float32), limit)
    assert kept.tolist() == [at for at, kind in enumerate(kinds) if kinds[:at].count(kind) < limit]
    together = oldest_alike(vectors, np.zeros(len(kinds), np.float32), limit)
    assert set(kept.tolist()) <= set(together.tolist())


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
    vectors = mixtures(4, 3)
    vectors[:] = vectors[vectors.any(axis=1)][0]
    vectors *= np.array([1e-25, 1, 1e25, 0], dtype=np.float32)[:, None]
    with patch.object(word_index, "MOST_PHOTOS", 64):
        index = WordIndex(WIDTH, classic_scores)
        index.add([700, 3, 9, 11], vectors)
        found, similarities = index.top(vectors[1], 9), index.similarities(vectors[1])
    assert sorted(found.rows.tolist()) == [3, 9, 700]
    np.testing.assert_allclose(found.scores, 1, atol=1e-6)
    assert np.flatnonzero(similarities).tolist() == [3, 9, 700]


def test_nothing_is_like_nothing() -> None:
    index = filled(mixtures(50, 0))
    assert len(index.top(np.zeros(WIDTH), 5)) == 0
    assert len(WordIndex(WIDTH, classic_scores).top(np.ones(WIDTH), 5)) == 0
    assert len(index.top(np.ones(WIDTH), 0)) == 0


def test_a_search_reads_what_was_there_when_it_began() -> None:
    vectors = mixtures(300, 4)
    index = filled(vectors)
    before = index._snapshot
    expected = [block.vectors.copy() for block in before.blocks]
    index.add(np.arange(250, 350), mixtures(100, 6))
    for block, vectors_then in zip(before.blocks, expected, strict=True):
        np.testing.assert_array_equal(block.vectors, vectors_then)


def test_searches_beside_writing_find_a_state_that_was() -> None:
    """Photos come and go sixty at a time: a part of them never was."""
    query = mixtures(1, 5)[0]
    index, stopping = WordIndex(WIDTH, classic_scores), threading.Event()

    def write() -> None:
        while not stopping.is_set():
            for start in range(0, 600, 60):
                index.add(np.arange(start, start + 60), np.tile(query, (60, 1)))
            for start in range(0, 600, 60):
                index.remove(np.arange(start, start + 60))

    with patch.multiple(word_best, MANY=8, WORTH_TELLING_APART=8), patch.object(word_index, "MOST_PHOTOS", 128):
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(60):
                rows = index.top(query, 1000).rows
                assert len(rows) % 60 == 0
                assert (np.diff(rows.reshape(-1, 60)) == 1).all()
        finally:
            stopping.set()
            writer.join()


@pytest.mark.parametrize("vectors", [np.ones((2, 3)), np.ones((1, WIDTH)), np.full((2, WIDTH), np.nan)])
def test_wrong_vectors_change_nothing(vectors: NDArray[np.float64]) -> None:
    index = filled(mixtures(10, 0))
    with pytest.raises(ValueError, match="vectors"):
        index.add([20, 21], vectors)
    assert len(index) == 10
