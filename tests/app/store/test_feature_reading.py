"""Features are read past HDF5 while they are being written, and never come back half old, half new."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.store.hdf5 import Hdf5Store
from tests.app.store.disks import FailingDisk
from tests.app.store.photos import MODEL, SMALL, Clock, damage, features, photo, same_features

PHOTOS = 40
WIDTH = 1280
"""Wide enough to lie across several sectors."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


@pytest.fixture
def store(path: Path) -> Iterator[Hdf5Store]:
    with_features = Hdf5Store.open(path, layout=SMALL)
    with_features.add([photo(n, 100) for n in range(PHOTOS)], MODEL)
    with_features.finish(MODEL, {photo(n, 100).id: features(n, WIDTH) for n in range(PHOTOS)})
    yield with_features
    with_features.close()


def test_readers_see_old_features_or_new_ones_but_no_mixture(store: Hdf5Store) -> None:
    stop = threading.Event()
    known = {features(seed, WIDTH).embedding.tobytes() for seed in range(200)}
    rows = np.arange(PHOTOS)[::-1]

    def read() -> int:
        reads = 0
        while not stop.is_set():
            assert all(one.tobytes() in known for one in store.embeddings_of(rows, MODEL))
            for block in store.feature_blocks(MODEL, 16):
                assert all(one.tobytes() in known for one in block.embeddings)
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for seed in range(30):
            store.finish(MODEL, {photo(n, 100).id: features(seed + 2 * n, WIDTH) for n in range(PHOTOS)})
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert store.jobs() == []


def test_reading_known_rows_does_not_wait_for_a_commit(store: Hdf5Store) -> None:
    rows = np.arange(PHOTOS)
    before = store.embeddings_of(rows, MODEL)
    with store._file.lock, ThreadPoolExecutor(1) as pool:
        np.testing.assert_array_equal(pool.submit(store.embeddings_of, rows, MODEL).result(timeout=5), before)
        found = pool.submit(store.features, photo(7, 100).id, MODEL).result(timeout=5)
        assert same_features(features(7, WIDTH), found)


def test_a_change_that_fails_leaves_readers_what_was_there(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    store = Hdf5Store(FailingDisk(path), SMALL, Clock())
    store.add([photo(n) for n in range(20)], MODEL)
    store.finish(MODEL, {photo(n).id: features(n) for n in range(16)})
    np.testing.assert_array_equal(store.embeddings_of(np.array([3]), MODEL)[0], features(3).embedding)
    with pytest.raises(ZeroDivisionError), store._file.change():  # noqa: PT012
        store._file.hdf5.create_dataset("half", data=np.arange(5000))
        raise ZeroDivisionError
    store.finish(MODEL, {photo(n).id: features(n) for n in range(16, 20)})
    found = store.embeddings_of(np.arange(20), MODEL)
    np.testing.assert_array_equal(found, np.stack([features(n).embedding for n in range(20)]))
    store.close()


def test_damaged_features_are_left_out_of_the_blocks_and_queued(store: Hdf5Store, path: Path) -> None:
    store.close()
    damage(path, features(17, WIDTH).label_scores.tobytes())
    with_damage = Hdf5Store.open(path, layout=SMALL)
    blocks = [block.rows.tolist() for block in with_damage.feature_blocks(MODEL, 10)]
    assert blocks == [list(range(10)), [10, 11, 12, 13, 14, 15, 16, 18, 19], list(range(20, 30)), list(range(30, 40))]
    assert [job.photo_id for job in with_damage.jobs()] == [photo(17, 100).id]
    with_damage.close()
