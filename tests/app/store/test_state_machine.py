"""Random sequences of calls against the store and against plain dicts must come to the same."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain import Photo, PhotoId, PhotoState
from app.errors import PhotoNotFound
from app.store.base import Known, Store
from app.store.hdf5 import Hdf5Store
from app.store.memory import MemoryStore
from tests.app.store.comparing import same_lists
from tests.app.store.photos import (
    MODEL,
    SMALL,
    START,
    Clock,
    feature_table,
    features,
    moving,
    neighbours,
    photo,
    same_features,
)

NUMBERS = st.integers(0, 12)
MODELS = st.sampled_from([MODEL, "vgg16"])


class StoreAgainstDicts(RuleBasedStateMachine):
    """Drives both stores with the same calls; the file is closed, copied as if killed, and reopened in between."""

    @initialize()
    def make(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "gallery.h5"
        self.clock = Clock()
        self.real = Hdf5Store.open(self.path, layout=SMALL, clock=self.clock)
        self.plain = MemoryStore(clock=self.clock)

    def teardown(self) -> None:
        if hasattr(self, "real"):
            self.real.close()
            shutil.rmtree(self.folder)

    @rule(numbers=st.lists(NUMBERS, max_size=4), model=MODELS)
    def add(self, numbers: list[int], model: str) -> None:
        self.clock.advance(1)
        new = [photo(number, 100 + 3000 * (number % 3)) for number in numbers]
        assert self.real.add(new, model) == self.plain.add(new, model)

    @rule(
        number=NUMBERS,
        model=MODELS,
        seed=st.integers(0, 50),
        state=st.sampled_from([PhotoState.READY, PhotoState.FAILED, PhotoState.STORED]),
    )
    def add_a_known_photo(self, number: int, model: str, seed: int, state: PhotoState) -> None:
        error = "no" if state is PhotoState.FAILED else None
        known = Known(START - timedelta(seconds=seed), state, error, {model: features(seed)})
        new = moving(photo(number, 100 + 3000 * (number % 3)), known)
        assert self.real.add([new], MODEL) == self.plain.add([new], MODEL)

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self._both(lambda store: store.delete(_id(number)))

    @rule(numbers=st.lists(NUMBERS, max_size=5), model=MODELS, seed=st.integers(0, 50))
    def finish(self, numbers: list[int], model: str, seed: int) -> None:
        found = {_id(number): features(number + seed) for number in numbers}
        assert self.real.finish(model, found) == self.plain.finish(model, found)

    @rule(model=MODELS)
    def drop_features(self, model: str) -> None:
        assert self.real.drop_features(model) == self.plain.drop_features(model)

    @rule(numbers=st.lists(NUMBERS, max_size=3))
    def start(self, numbers: list[int]) -> None:
        waiting = {job.photo_id for job in self.plain.jobs()}
        for store in self._stores():
            store.start([_id(number) for number in numbers if _id(number) in waiting])

    @rule(numbers=st.lists(NUMBERS, max_size=3, unique=True), error=st.text(min_size=1, max_size=50))
    def postpone(self, numbers: list[int], error: str) -> None:
        error = error.replace("\0", "")
        for store in self._stores():
            store.postpone([_id(number) for number in numbers], START, error or "late")

    @rule(number=NUMBERS)
    def fail(self, number: int) -> None:
        for store in self._stores():
            store.fail(_id(number), "no")

    @rule(number=NUMBERS, model=MODELS)
    def retry(self, number: int, model: str) -> None:
        self._both(lambda store: store.retry(_id(number), model))

    @rule(chosen=st.lists(st.integers(0, 15), max_size=4, unique=True), seed=st.integers(0, 50), stale=st.booleans())
    def put_neighbours(self, chosen: list[int], seed: int, stale: bool) -> None:
        lists = neighbours(self.plain, chosen, seed)
        if stale:
            lists = replace(lists, versions=lists.versions + 1)
        for store in self._stores():
            store.neighbours.put(MODEL, lists)

    @rule(name=st.sampled_from(["dogs", "Äpfel"]), definition=st.text(st.characters(exclude_categories=["Cs"])))
    def save_search(self, name: str, definition: str) -> None:
        real, plain = (store.saved_searches.add(name, definition) for store in self._stores())
        assert real == plain

    @rule(which=st.integers(0, 5))
    def delete_saved_search(self, which: int) -> None:
        for one in self.plain.saved_searches.all()[which : which + 1]:
            assert self.real.saved_searches.delete(one.id) == self.plain.saved_searches.delete(one.id)

    @rule()
    def reopen(self) -> None:
        self._forget_processing()
        self.real.close()
        self.real = Hdf5Store.open(self.path, layout=SMALL, clock=self.clock, create=False)

    @rule()
    def reopen_a_copy_made_while_running(self) -> None:
        self._forget_processing()
        copy = self.folder / "copy.h5"
        shutil.copy(self.path, copy)
        self.real.close()
        copy.replace(self.path)
        self.real = Hdf5Store.open(self.path, layout=SMALL, clock=self.clock, create=False)

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "real"):
            return
        rows = self.plain.rows().tolist()
        assert self.real.rows().tolist() == rows
        assert self.real.jobs() == self.plain.jobs()
        for row in rows:
            expected = self.plain.at(row)
            assert self.real.at(row) == expected
            assert self.real.read_bytes(expected.id) == self.plain.read_bytes(expected.id)
        for model in (MODEL, "vgg16"):
            real, plain = feature_table(self.real, model), feature_table(self.plain, model)
            np.testing.assert_array_equal(real.rows, plain.rows)
            for row in real.rows.tolist():
                photo_id = self.plain.at(row).id
                expected_features = self.plain.features(photo_id, model)
                assert expected_features is not None
                assert same_features(expected_features, self.real.features(photo_id, model))
        assert self.real.saved_searches.all() == self.plain.saved_searches.all()
        assert same_lists(self.real.neighbours.lists(MODEL), self.plain.neighbours.lists(MODEL))
        assert self.real.info().by_state == self.plain.info().by_state
        assert self.real.models() == self.plain.models()

    def _stores(self) -> list[Store]:
        return [self.real, self.plain]

    def _forget_processing(self) -> None:
        """What is being processed isn't kept over a restart."""
        self.plain.restart()

    def _both(self, call: Callable[[Store], Photo]) -> None:
        results: list[Photo | None] = []
        for store in self._stores():
            try:
                results.append(call(store))
            except PhotoNotFound:
                results.append(None)
        assert results[0] == results[1]


def _id(number: int) -> PhotoId:
    return photo(number, 100 + 3000 * (number % 3)).id


TestStoreAgainstDicts = StoreAgainstDicts.TestCase
TestStoreAgainstDicts.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
