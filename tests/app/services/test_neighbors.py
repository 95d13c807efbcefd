"""Lists of neighbours are those of comparing all with all, whatever came, went, crashed and in which order."""

import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain import Features, Photo
from app.errors import StoreFull
from app.search.embedding import EmbeddingIndex
from app.search.neighbor_table import KEPT
from app.search.neighbors_reference import neighbours_of_all
from app.search.ranking import Ranked
from app.services.neighbors import AT_ONCE, NeighbourKeeper
from app.store.base import NEIGHBOURS_KEPT, NeighbourLists, Store
from app.store.hdf5 import Hdf5Store
from app.store.memory import MemoryStore
from tests.app.store.photos import MODEL, SMALL, features, photo
from tests.waiting import wait_until

WIDTH = 8


class Bench:
    """A keeper on a store, driven by hand."""

    def __init__(self, store: Store, gathered_s: float = 0.0) -> None:
        self.store = store
        self.gathered_s = gathered_s
        self.begin()

    def begin(self) -> None:
        """Start as after a crash: with nothing in mind but what the store holds."""
        self.index = EmbeddingIndex(WIDTH, lambda rows: self.store.embeddings_of(rows, MODEL))
        for block in self.store.feature_blocks(MODEL):
            self.index.add(block.rows, block.embeddings)
        self.keeper = NeighbourKeeper(self.store, self.index, MODEL, self.gathered_s)

    def put(self, numbers: range, seed: int = 0) -> None:
        """Add photos with features, or compute those of present ones anew."""
        self.store.add([photo(n, 50) for n in numbers], MODEL)
        found = {photo(n, 50).id: features(1000 * seed + n % 90, WIDTH) for n in numbers}
        self.tell(self.store.finish(MODEL, found), list(found.values()))

    def tell(self, photos: list[Photo], found: list[Features]) -> None:
        if photos:
            self.index.add([one.row for one in photos], np.stack([one.embedding for one in found]))
            self.keeper.put(photos, found)

    def delete(self, number: int) -> None:
        row = self.store.delete(photo(number, 50).id).row
        self.index.remove([row])
        self.keeper.remove(row)

    def work(self) -> None:
        while self.keeper.work_once():
            pass

    def neighbours(self, row: int, limit: int = KEPT) -> Ranked | None:
        return self.keeper.neighbours(self.store.at(row), limit)

    def check(self) -> None:
        """Compare what the store and the keeper know with the plain definition."""
        rows = self.store.rows()
        expected = neighbours_of_all(rows, self.store.embeddings_of(rows, MODEL))
        kept = self.store.neighbours.lists(MODEL)
        np.testing.assert_array_equal(kept.rows, rows)
        np.testing.assert_array_equal(kept.neighbours, expected.neighbours)
        np.testing.assert_array_equal(kept.similarities, expected.similarities)
        for row in rows[:3].tolist():
            vector = self.store.embeddings_of(np.array([row]), MODEL)[0]
            best = self.index.top(vector, 20, exclude=[row])
            found = self.neighbours(row, 20)
            assert (found is None) == (len(rows) == 1)
            if found is not None:
                assert found.rows.tolist() == best.rows.tolist()
                np.testing.assert_allclose(found.scores, best.scores, atol=1e-6)


@pytest.fixture
def bench() -> Bench:
    return Bench(MemoryStore())


def test_both_sides_keep_as_many() -> None:
    assert KEPT == NEIGHBOURS_KEPT


def test_lists_are_there_after_photos_came_and_went(bench: Bench) -> None:
    bench.put(range(AT_ONCE + 20))
    bench.work()
    bench.check()
    bench.put(range(200, 216))
    bench.delete(3)
    bench.delete(210)
    bench.work()
    bench.check()


def test_a_gallery_without_lists_gains_them(bench: Bench) -> None:
    bench.put(range(70))
    bench.begin()
    assert bench.neighbours(0) is None
    assert len(bench.store.neighbours.lists(MODEL).rows) == 0
    bench.work()
    bench.check()


def test_features_that_are_computed_anew_change_all_lists(bench: Bench) -> None:
    bench.put(range(70))
    bench.work()
    bench.put(range(5, 8), seed=1)
    assert bench.neighbours(0) is None
    bench.work()
    bench.check()


def test_nothing_is_said_while_photos_wait_to_be_compared(bench: Bench) -> None:
    bench.put(range(60))
    bench.work()
    assert bench.neighbours(0, 5) is not None
    bench.put(range(60, 61))
    assert bench.neighbours(0, 5) is None
    assert bench.keeper.waiting == 1
    bench.work()
    assert bench.neighbours(0, 5) is not None


def test_deleted_photos_are_not_named_even_before_the_lists_are_made_anew(bench: Bench) -> None:
    bench.put(range(60))
    bench.work()
    before = bench.neighbours(0)
    assert before is not None
    gone = int(before.rows[1])
    bench.delete(gone)
    after = bench.neighbours(0, 10)
    assert after is not None
    assert after.rows.tolist() == [row for row in before.rows.tolist() if row != gone][:10]
    assert bench.neighbours(0, KEPT) is None  # The one that takes its place isn't known yet.
    bench.keeper.work_once()
    assert bench.neighbours(0, 10) is None
    bench.work()
    bench.check()


def test_more_than_is_kept_is_not_answered(bench: Bench) -> None:
    bench.put(range(60))
    bench.work()
    assert bench.neighbours(0, KEPT + 1) is None
    few = Bench(MemoryStore())
    few.put(range(9))
    few.work()
    found = few.neighbours(0, 100)
    assert found is not None
    assert len(found) == 8


def test_features_that_change_while_the_list_is_made_are_not_forgotten(bench: Bench) -> None:
    bench.put(range(60))
    bench.work()
    put, told = bench.store.neighbours.put, list[bool]()

    def put_after_a_change(model: str, lists: NeighbourLists) -> None:
        if not told:
            told.append(True)
            bench.put(range(60, 61), seed=1)
        put(model, lists)

    bench.put(range(60, 61))
    bench.store.neighbours.put = put_after_a_change  # type: ignore[method-assign]
    bench.work()
    assert told
    bench.check()


class FullOnDemand(MemoryStore):
    """A store on a disk that is full now and then; it counts how often lists are put there."""

    full = False
    puts = 0

    def __init__(self) -> None:
        super().__init__()
        put = self.neighbours.put

        def refuse(model: str, lists: NeighbourLists) -> None:
            if self.full:
                raise StoreFull("The disk is full.")
            self.puts += 1
            put(model, lists)

        self.neighbours.put = refuse  # type: ignore[method-assign]


def test_a_full_disk_makes_it_wait(bench: Bench) -> None:
    store = FullOnDemand()
    full = Bench(store)
    full.put(range(20))
    store.full = True
    full.keeper.start()
    wait_until(lambda: full.keeper.problem is not None)
    assert full.keeper.problem == "The disk is full."
    assert full.neighbours(0) is None
    store.full = False
    full.put(range(20, 21))
    wait_until(lambda: full.keeper.waiting == 0)
    assert full.keeper.problem is None
    full.keeper.stop()
    full.check()


def test_photos_that_come_one_behind_the_other_are_compared_together() -> None:
    store = FullOnDemand()
    bench = Bench(store, gathered_s=0.3)
    bench.keeper.start()
    for number in range(AT_ONCE // 2):
        bench.put(range(number, number + 1))
    wait_until(lambda: bench.keeper.waiting == 0)
    assert store.puts < AT_ONCE // 8
    bench.keeper.stop()
    bench.check()


def test_enough_photos_wait_for_no_more_and_stopping_waits_for_none() -> None:
    bench = Bench(MemoryStore(), gathered_s=60)
    bench.keeper.start()
    bench.put(range(AT_ONCE - 1))
    bench.put(range(AT_ONCE - 1, AT_ONCE))
    wait_until(lambda: bench.keeper.waiting == 0)
    bench.put(range(AT_ONCE, AT_ONCE + 1))
    bench.keeper.stop()


@pytest.fixture
def on_file(tmp_path: Path) -> Iterator[Bench]:
    store = Hdf5Store.open(tmp_path / "gallery.h5", layout=SMALL)
    bench = Bench(store)
    yield bench
    bench.keeper.stop()
    store.close()


def test_a_crowd_comes_and_goes_while_it_works(on_file: Bench) -> None:
    on_file.keeper.start()
    on_file.put(range(60))

    def come_and_go(first: int) -> None:
        for n in range(first, first + 12):
            on_file.put(range(n, n + 1))
            on_file.put(range(n, n + 1), seed=n)
            if n % 3 == 0:
                on_file.delete(n)

    crowd = [threading.Thread(target=come_and_go, args=(first,)) for first in (100, 200, 300)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    wait_until(lambda: on_file.keeper.waiting == 0 and on_file.neighbours(0, 5) is not None)
    on_file.keeper.stop()
    on_file.work()
    on_file.check()


class ComingAndGoing(RuleBasedStateMachine):
    """Photos come, go and change; the keeper works now and then, and now and then everything in mind is lost."""

    @initialize()
    def make(self) -> None:
        self.bench = Bench(MemoryStore())
        self.bench.put(range(KEPT + 3))

    @rule(first=st.integers(0, 120), count=st.integers(1, 20), seed=st.integers(0, 3))
    def put(self, first: int, count: int, seed: int) -> None:
        self.bench.put(range(first, first + count), seed)

    @rule(which=st.integers(0, 1000))
    def delete(self, which: int) -> None:
        ids = {self.bench.store.at(row).id for row in self.bench.store.rows().tolist()}
        living = [number for number in range(140) if photo(number, 50).id in ids]
        if len(living) > 1:
            self.bench.delete(living[which % len(living)])

    @rule(pieces=st.integers(1, 3))
    def work(self, pieces: int) -> None:
        for _ in range(pieces):
            self.bench.keeper.work_once()

    @rule()
    def crash(self) -> None:
        self.bench.begin()

    @rule()
    def finish(self) -> None:
        self.bench.work()
        self.bench.check()

    @invariant()
    def answers_are_those_of_the_index(self) -> None:
        if not hasattr(self, "bench"):
            return
        for row in self.bench.store.rows()[::20].tolist():
            found = self.bench.neighbours(row, 10)
            if found is not None:
                vector = self.bench.store.embeddings_of(np.array([row]), MODEL)[0]
                assert found.rows.tolist() == self.bench.index.top(vector, 10, exclude=[row]).rows.tolist()

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.finish()


TestComingAndGoing = ComingAndGoing.TestCase
TestComingAndGoing.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
