"""Which photos a model hasn't looked at: the newest first, and soon known in a large gallery too."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.services import missing_features
from app.services.missing_features import MissingFeatures
from app.store.base import Rows
from app.store.memory import MemoryStore
from tests.app.store.photos import MODEL, features, photo

COUNT = 600


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    store = MemoryStore()
    add(store, range(COUNT))
    yield store
    store.close()


def add(store: MemoryStore, numbers: range) -> None:
    store.add([photo(number, 600) for number in numbers], MODEL)
    store.finish(MODEL, {photo(number, 600).id: features(number) for number in numbers})


class Counted(MissingFeatures):
    """Counts how often all rows are compared."""

    compared = 0

    def rows(self) -> Rows:
        self.compared += 1
        return super().rows()


def numbers_of(store: MemoryStore, missing: MissingFeatures, limit: int | None = None) -> list[int]:
    return [store.get(job.photo_id).row for job in missing.jobs(limit=limit)]


def test_all_are_looked_at_once_the_newest_first(store: MemoryStore) -> None:
    missing, seen = Counted(store, "other"), list[int]()
    while rows := numbers_of(store, missing, 50):
        seen += rows
        missing.finish("other", {store.at(row).id: features(row) for row in rows})
    assert seen == list(range(COUNT))[::-1]
    assert missing.compared <= 2
    assert len(missing.rows()) == 0


def test_photos_that_come_are_named_as_soon_as_nothing_else_is_left(store: MemoryStore) -> None:
    missing = Counted(store, "other")
    assert numbers_of(store, missing, 3) == [COUNT - 1, COUNT - 2, COUNT - 3]
    missing.finish("other", {store.at(row).id: features(row) for row in range(COUNT)})
    assert numbers_of(store, missing) == []
    add(store, range(COUNT, COUNT + 2))
    assert numbers_of(store, missing) == [COUNT + 1, COUNT]


def test_photos_that_come_are_first_soon(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Counted(store, "other")
    assert numbers_of(store, missing, 1) == [COUNT - 1]
    add(store, range(COUNT, COUNT + 1))
    assert numbers_of(store, missing, 1) == [COUNT - 1]
    monkeypatch.setattr(missing_features, "REMEMBERED_S", 0.0)
    assert numbers_of(store, missing, 1) == [COUNT]


def test_photos_that_are_refused_deleted_or_put_off_are_passed_over(store: MemoryStore) -> None:
    missing = Counted(store, "other")
    newest = [store.at(COUNT - 1 - place).id for place in range(4)]
    assert len(missing.jobs(limit=2)) == 2
    missing.fail(newest[0], "refused")
    store.delete(newest[1])
    missing.postpone([newest[2]], datetime.now(UTC) + timedelta(minutes=1), "later")
    (job,) = missing.jobs(due=datetime.now(UTC), limit=1)
    assert job.photo_id == newest[3]
    assert missing.compared == 1
    assert missing.refused() == {COUNT - 1: "refused"}
    assert np.array_equal(missing.rows(), np.arange(COUNT - 2))
    missing.forget([COUNT - 1])
    assert missing.jobs(limit=256)[0].photo_id in {newest[0], newest[2]}
