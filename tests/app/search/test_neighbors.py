"""Lists kept step by step are those that comparing all with all gives, whatever came, went and in what order."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from app.search.embedding import EmbeddingIndex
from app.search.neighbor_table import KEPT, NOBODY, NeighbourTable
from app.search.neighbors import Neighbourhood
from app.search.neighbors_reference import neighbours_of_all
from app.search.rows import Rows

Vectors = NDArray[np.float32]
WIDTH = 6


class Kept:
    """A table, the index it is made from, and what both must agree with."""

    def __init__(self) -> None:
        self.vectors: dict[int, Vectors] = {}
        self.index = EmbeddingIndex(WIDTH)
        self.table = NeighbourTable()
        self.neighbourhood = Neighbourhood(self.table, self.index, self.read)

    def read(self, rows: Rows) -> Vectors:
        nothing = np.zeros(WIDTH, np.float32)
        return np.array([self.vectors.get(row, nothing) for row in rows.tolist()], np.float32).reshape(-1, WIDTH)

    def add(self, rows: Rows, vectors: Vectors) -> None:
        self.vectors |= dict(zip(rows.tolist(), vectors, strict=True))
        self.index.add(rows, vectors)
        self.table.put(self.neighbourhood.with_added(rows, rows.astype(np.uint32)))

    def remove(self, rows: Rows) -> None:
        for row in rows.tolist():
            del self.vectors[row]
        self.index.remove(rows)
        self.table.drop(rows)
        self.table.put(self.neighbourhood.made_anew(self.table.naming(rows)))

    def check(self) -> None:
        rows = np.array(sorted(self.vectors), np.int64)
        expected = neighbours_of_all(rows, self.read(rows))
        assert np.flatnonzero(self.table.members).tolist() == rows.tolist()
        found = self.table.lists_of(rows)
        np.testing.assert_array_equal(found.neighbours, expected.neighbours)
        np.testing.assert_array_equal(found.similarities, expected.similarities)
        np.testing.assert_array_equal(found.stamps, rows)
        assert self.table.naming_others().tolist() == []


def spread(random: np.random.Generator, count: int) -> Vectors:
    return random.standard_normal((count, WIDTH)).astype(np.float32)


def alike(random: np.random.Generator, count: int) -> Vectors:
    """Return vectors so near each other that rounded to 32 bits many cosines are equal that aren't."""
    return np.float32(1) + random.standard_normal((count, WIDTH)).astype(np.float32) * np.float32(2e-4)


def few(random: np.random.Generator, count: int) -> Vectors:
    """Return vectors of which many are equal, and some are zero."""
    return random.integers(-1, 2, (count, WIDTH)).astype(np.float32) * (random.random((count, 1)) < 0.9)


@pytest.mark.parametrize("draw", [spread, alike, few])
@pytest.mark.parametrize("seed", range(3))
def test_lists_stay_those_of_comparing_all_with_all(
    draw: Callable[[np.random.Generator, int], Vectors], seed: int
) -> None:
    random, kept, next_row = np.random.default_rng(seed), Kept(), 0
    for _ in range(14):
        count = int(random.choice([1, 3, 16, 40]))
        rows = next_row + random.permutation(count)
        kept.add(rows, draw(random, count).astype(np.float32))
        next_row += count + int(random.integers(0, 3))
        if random.random() < 0.5:
            count = min(len(kept.vectors), int(random.integers(1, 6)))
            kept.remove(random.choice(list(kept.vectors), count, replace=False))
        kept.check()
    assert len(kept.vectors) > KEPT


def test_a_photo_may_be_replaced() -> None:
    random, kept = np.random.default_rng(0), Kept()
    kept.add(np.arange(80), spread(random, 80))
    for row in (3, 40, 79):
        kept.remove(np.array([row]))
        kept.add(np.array([row]), spread(random, 1))
        kept.check()


def test_lists_of_few_photos_are_short() -> None:
    kept = Kept()
    kept.add(np.array([2]), spread(np.random.default_rng(0), 1))
    assert kept.table.lists_of(np.array([2])).neighbours.tolist() == [[NOBODY] * KEPT]
    assert len(kept.table.ranked(2)) == 0
    kept.add(np.array([5, 4]), spread(np.random.default_rng(1), 2))
    kept.check()
    assert sorted(kept.table.ranked(2).rows.tolist()) == [4, 5]
    kept.remove(np.array([4, 2]))
    kept.check()
    kept.remove(np.array([5]))
    assert not kept.table.members.any()


def test_lists_are_found_that_name_gone_photos() -> None:
    kept = Kept()
    kept.add(np.arange(4), spread(np.random.default_rng(0), 4))
    assert kept.table.naming(np.array([9, 1])).tolist() == [0, 2, 3]
    kept.table.drop(np.array([1, 77]))
    assert kept.table.naming(np.array([1])).tolist() == [0, 2, 3]
    assert kept.table.naming_others().tolist() == [0, 2, 3]
    assert kept.table.naming(np.zeros(0, np.int64)).tolist() == []
    assert kept.table.are_members(np.array([0, 1, 99])).tolist() == [True, False, False]
    assert NeighbourTable().naming_others().tolist() == []
