import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.search import embedding
from app.search.embedding import WORTH_COMPACTING, EmbeddingIndex, normalised

WIDTH = 8


def random_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)


def filled(vectors: NDArray[np.float32]) -> EmbeddingIndex:
    index = EmbeddingIndex(vectors.shape[1])
    index.add(range(len(vectors)), vectors)
    return index


def cosines(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float64]:
    exact, wanted = vectors.astype(np.float64), query.astype(np.float64)
    products: NDArray[np.float64] = exact @ wanted
    lengths: NDArray[np.float64] = np.linalg.norm(exact, axis=1)
    return products / (lengths * float(np.linalg.norm(wanted)))


def test_top_is_what_comparing_with_every_photo_finds() -> None:
    vectors = random_vectors(500)
    index = filled(vectors)
    for query in random_vectors(20, seed=1):
        expected = cosines(vectors, query)
        best = np.argsort(-expected)[:10]
        found = index.top(query, 10)
        assert found.rows.tolist() == best.tolist()
        np.testing.assert_allclose(found.scores, expected[best], atol=1e-6)
        np.testing.assert_allclose(index.similarities(query), expected, atol=1e-6)


def test_equal_photos_stand_by_row_however_many_there_are() -> None:
    vectors = np.tile(random_vectors(1), (101, 1))
    found = filled(vectors).top(vectors[0], 5, exclude=[1])
    assert found.rows.tolist() == [0, 2, 3, 4, 5]
    assert len(set(found.scores.tolist())) == 1


def test_limits_at_and_beyond_the_number_of_photos() -> None:
    index = filled(random_vectors(3))
    query = random_vectors(1, seed=2)[0]
    assert len(index.top(query, 0)) == 0
    assert len(index.top(query, 3)) == 3
    assert len(index.top(query, 10)) == 3
    assert len(EmbeddingIndex(WIDTH).top(query, 10)) == 0


def test_vectors_of_zeros_are_like_nothing() -> None:
    index = filled(random_vectors(3))
    nothing = np.zeros(WIDTH)
    index.add([3], nothing[None])
    assert len(index.top(nothing, 3)) == 0
    assert index.similarities(nothing).tolist() == [0, 0, 0, 0]
    assert index.similarities(random_vectors(1)[0])[3] == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=30))
def test_holds_what_a_dict_would_hold(steps: list[tuple[int, int]]) -> None:
    choices = random_vectors(5)
    index, twin = EmbeddingIndex(WIDTH), dict[int, int]()
    for row, choice in steps:
        if choice == len(choices):
            index.remove([row])
            twin.pop(row, None)
        else:
            index.add([row], choices[choice][None])
            twin[row] = choice
    query = choices[0]
    expected = sorted(twin, key=lambda row: (-round(cosines(choices, query)[twin[row]], 6), row))
    assert index.top(query, 10).rows.tolist() == expected
    assert len(index) == len(twin)


def test_dead_vectors_are_dropped_once_they_are_the_most() -> None:
    vectors = random_vectors(WORTH_COMPACTING)
    index = filled(vectors)
    for _ in range(3):
        index.add(range(len(vectors)), vectors)
    assert len(index._vectors) <= 3 * WORTH_COMPACTING
    assert index.top(vectors[7], 1).rows.tolist() == [7]
    assert len(index) == WORTH_COMPACTING


def test_reserving_room_changes_no_result() -> None:
    vectors = random_vectors(50)
    index = EmbeddingIndex(WIDTH)
    index.reserve(1000)
    index.add(range(50), vectors)
    assert index.top(vectors[9], 1).rows.tolist() == [9]


@pytest.mark.parametrize(
    ("rows", "vectors", "message"),
    [
        ([0], np.ones((1, WIDTH + 1)), "shape"),
        ([0], np.full((1, WIDTH), np.inf), "finite"),
        ([0, 1], np.ones((1, WIDTH)), "2 rows came with 1"),
    ],
)
def test_wrong_vectors_are_refused(rows: list[int], vectors: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EmbeddingIndex(WIDTH).add(rows, vectors)


def test_a_search_sees_only_whole_vectors_while_others_write() -> None:
    first, second = random_vectors(2)
    index = filled(np.tile(first, (40, 1)))
    allowed = {1.0, 0.0, round(float(cosines(second[None], first)[0]), 5)}
    stop = threading.Event()

    def write() -> None:
        for turn in range(300):
            index.add([turn % 40, 40 + turn], np.stack([second if turn % 2 else first] * 2))
            index.remove([(turn + 20) % 40])
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: set[float] = set()
    while not stop.is_set():
        seen.update(np.round(index.similarities(first).astype(float), 5).tolist())
        seen.update(np.round(index.top(first, 400).scores, 5).tolist())
    writer.join()
    assert seen <= allowed


def plain_best(vectors: NDArray[np.float32], query: NDArray[np.float32], rows: list[int], limit: int) -> list[int]:
    """Return the best of `rows` by the plain definition: the cosine in float64, equal ones by row."""
    exact = vectors.astype(np.float64)
    exact /= np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-300)
    wanted = query.astype(np.float64) / np.linalg.norm(query.astype(np.float64))
    scores = (exact * wanted).sum(axis=1)
    return sorted(rows, key=lambda row: (-scores[row], row))[:limit]


@pytest.mark.parametrize("shape", ["anywhere", "close together", "few numbers that count", "copies"])
@pytest.mark.parametrize("kept", [True, False])
def test_top_is_exact_whatever_the_vectors_are_like(shape: str, kept: bool) -> None:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(3000, 64)).astype(np.float32)
    match shape:
        case "close together":
            vectors = (np.ones(64) + 1e-3 * vectors).astype(np.float32)
        case "few numbers that count":
            vectors *= np.float32(10) ** random.integers(-6, 6, size=64)
        case "copies":
            vectors = vectors[random.integers(0, 40, size=3000)]
    index = EmbeddingIndex(64, None if kept else lambda rows: vectors[rows])
    index.add(range(3000), vectors)
    allowed = random.random(3000) < 0.2
    for query in vectors[:10] + np.float32(0.1) * vectors[10:20]:
        found = index.top(query, 12, exclude=[5, 6])
        assert found.rows.tolist() == plain_best(vectors, query, [r for r in range(3000) if r not in (5, 6)], 12)
        some = index.top(query, 12, allowed=allowed)
        assert some.rows.tolist() == plain_best(vectors, query, np.flatnonzero(allowed).tolist(), 12)


@given(st.lists(st.lists(st.floats(-(2.0**127), 2.0**127, width=32), min_size=4, max_size=4), min_size=2, max_size=6))
def test_no_cosine_is_above_its_bound(numbers: list[list[float]]) -> None:
    vectors = np.array(numbers, dtype=np.float32)
    index = EmbeddingIndex(4)
    index.add(range(len(vectors)), vectors)
    for bounds in index.bounds_of_many(vectors):
        exact = bounds.exact(np.arange(len(vectors)))
        assert (exact <= bounds.uppers).all()
    unit = normalised(vectors)
    np.testing.assert_allclose(exact, (unit * unit[-1]).sum(axis=1), atol=1e-9)


@pytest.mark.parametrize(("remembered", "reads"), [(1, 8 * (50 + 15)), (20, 8 * 50 + 15), (1000, 50 + 5)])
def test_several_queries_find_what_each_finds_alone_and_read_less(
    remembered: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "REMEMBERED", remembered)
    vectors, read = random_vectors(60), list[int]()

    def source(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        read.extend(rows.tolist())
        return vectors[rows]

    index = EmbeddingIndex(WIDTH, source)
    index.add(range(60), vectors)
    for query, bounds in zip(vectors[:8], index.bounds_of_many(vectors[:8]), strict=True):
        for rows in (np.arange(50), np.arange(59, 30, -2)):
            np.testing.assert_array_equal(bounds.exact(rows), index.bounds(query).exact(rows))
    assert len(read) == reads + 8 * (50 + 15)


def test_bounds_are_close_enough_to_rule_nearly_everything_out() -> None:
    vectors = np.random.default_rng(0).normal(size=(5000, 128)).astype(np.float32)
    index = filled(vectors)
    bounds = index.bounds(vectors[0])
    assert (bounds.uppers - cosines(vectors, vectors[0])).max() < 0.04


def test_photos_that_went_or_never_came_have_no_bound_and_no_cosine() -> None:
    vectors = random_vectors(4)
    index = EmbeddingIndex(WIDTH)
    index.add([1, 2, 5], vectors[:3])
    index.remove([2])
    bounds = index.bounds(vectors[0])
    assert np.isneginf(bounds.uppers).tolist() == [True, False, True, True, True, False]
    assert bounds.exact(np.array([0, 2])).tolist() == [0, 0]
    assert index.top(vectors[0], 10).rows.tolist() == plain_best(
        np.stack([vectors[3], vectors[0], vectors[3], vectors[3], vectors[3], vectors[2]]), vectors[0], [1, 5], 10
    )


def test_with_a_source_no_vector_is_kept_and_replaced_ones_are_read_anew() -> None:
    stored = random_vectors(20)
    index = EmbeddingIndex(WIDTH, lambda rows: stored[rows])
    index.add(range(20), stored)
    assert index._vectors.values.nbytes == 0
    stored[3] = stored[7]
    index.add([3], stored[3:4])
    found = index.top(stored[7], 2)
    assert found.rows.tolist() == [3, 7]
    assert found.scores[0] == found.scores[1] == pytest.approx(1)
