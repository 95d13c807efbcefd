"""An approximate search finds nearly all that the exact one does, among few of the vectors."""

import numpy as np
import pytest

from app.domain import Float32
from app.search.approximate import LEAST_RECALL, ApproximateIndex
from app.search.embedding import EmbeddingIndex
from app.search.ranking import Ranked, top_bounded

WIDTH = 32
PHOTOS = 3000


def vectors(count: int, seed: int = 0) -> Float32:
    """Return vectors about 40 middles, as photos of 40 kinds have, float32 (count, WIDTH)."""
    random = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(size=(40, WIDTH))
    found = middles[random.integers(0, 40, count)] + 0.4 * random.normal(size=(count, WIDTH))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def filled(exact_up_to: int, count: int = PHOTOS) -> tuple[EmbeddingIndex, ApproximateIndex]:
    index = EmbeddingIndex(WIDTH)
    approximate = ApproximateIndex(index, exact_up_to)
    index.add(np.arange(count), vectors(count))
    approximate.refresh()
    approximate.wait()
    return index, approximate


def looked_at(approximate: ApproximateIndex, vector: Float32) -> int:
    return int(np.isfinite(approximate.bounds(vector).uppers).sum())


def best(approximate: ApproximateIndex, vector: Float32, limit: int = 10) -> Ranked:
    return top_bounded(approximate.bounds(vector), limit, above=-np.inf)


def test_up_to_the_limit_every_search_is_exact() -> None:
    index, approximate = filled(exact_up_to=PHOTOS)
    (query,) = vectors(1, seed=5)
    assert approximate.recall is None
    np.testing.assert_array_equal(approximate.bounds(query).uppers, index.bounds(query).uppers)


def test_beyond_it_few_photos_are_looked_at_and_nearly_all_are_found_with_exact_scores() -> None:
    index, approximate = filled(exact_up_to=1000)
    assert approximate.recall is not None
    assert approximate.recall.photos == 100
    assert approximate.recall.share >= LEAST_RECALL
    found, wanted = 0, 0
    for query in vectors(50, seed=5):
        assert looked_at(approximate, query) < PHOTOS / 2
        ours, true = best(approximate, query), index.top(query, 10)
        common, places, true_places = np.intersect1d(ours.rows, true.rows, return_indices=True)
        np.testing.assert_array_equal(ours.scores[places], true.scores[true_places])
        found, wanted = found + len(common), wanted + 10
    assert found / wanted >= LEAST_RECALL - 0.05


def test_photos_that_come_are_found_and_those_that_go_are_not() -> None:
    index, approximate = filled(exact_up_to=1000)
    query, other = vectors(2, seed=7)
    for row in (PHOTOS + 5, 3):
        index.add([row], query[None])
        approximate.add(np.array([row]), query[None])
    assert best(approximate, query, 2).rows.tolist() == [3, PHOTOS + 5]
    index.add([3], other[None])
    approximate.add(np.array([3]), other[None])
    index.remove([PHOTOS + 5])
    assert not {3, PHOTOS + 5} & set(best(approximate, query, 5).rows.tolist())
    assert best(approximate, other, 1).rows.tolist() == [3]


def test_it_is_built_anew_when_the_gallery_has_doubled() -> None:
    index, approximate = filled(exact_up_to=500, count=1000)
    before = approximate.recall
    index.add(np.arange(1000, 1500), vectors(500, seed=1))
    approximate.refresh()
    approximate.wait()
    assert approximate.recall is before
    index.add(np.arange(1500, 2500), vectors(1000, seed=2))
    approximate.refresh()
    approximate.wait()
    assert approximate.recall is not before


def test_photos_too_different_to_be_told_apart_stay_searched_exactly() -> None:
    index = EmbeddingIndex(WIDTH)
    approximate = ApproximateIndex(index, 500)
    noise = np.random.default_rng(0).normal(size=(1000, WIDTH)).astype(np.float32)
    index.add(np.arange(1000), noise)
    approximate.refresh()
    approximate.wait()
    assert approximate.recall is None
    np.testing.assert_array_equal(approximate.bounds(noise[5]).uppers, index.bounds(noise[5]).uppers)


def test_building_that_fails_leaves_searches_exact(caplog: pytest.LogCaptureFixture) -> None:
    def gone(rows: np.ndarray) -> Float32:
        raise OSError("no file")

    index = EmbeddingIndex(WIDTH, gone)
    approximate = ApproximateIndex(index, 100)
    index.add(np.arange(500), vectors(500))
    approximate.refresh()
    approximate.wait()
    assert approximate.recall is None
    assert "could not be built" in caplog.text
    approximate.stop()
