from pathlib import Path

import pytest

from app.errors import StoreFull
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing
from tests.app.store.disks import SmallDisk
from tests.app.store.photos import MODEL, SMALL, Clock, feature_table, features, photo, same_features


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gallery.h5"
    Hdf5Store.open(path, layout=SMALL).close()
    return path


def fill(store: Hdf5Store, first: int = 0) -> int:
    """Add photos until the disk is full; return the number of the one that was refused."""
    for number in range(first, first + 10_000):
        try:
            store.add([photo(number)], MODEL)
        except StoreFull:
            return number
    raise AssertionError("the disk never filled")


def test_a_full_disk_refuses_uploads_and_keeps_everything(path: Path) -> None:
    with closing(Hdf5Store(SmallDisk(path, 600_000), SMALL, Clock())) as store:
        assert isinstance(store, Hdf5Store)
        refused = fill(store)
        assert refused > 20
        for again in (refused, refused + 1):
            with pytest.raises(StoreFull, match="make room and try again"):
                store.add([photo(again)], MODEL)
        assert store.rows().tolist() == list(range(refused))
        for number in range(refused):
            assert store.read_bytes(photo(number).id) == photo(number).data


def test_deletes_work_on_a_full_disk_and_make_room(path: Path) -> None:
    with closing(Hdf5Store(SmallDisk(path, 600_000), SMALL, Clock())) as store:
        assert isinstance(store, Hdf5Store)
        refused = fill(store)
        store.fail(photo(1).id, "no")
        for number in range(8):
            store.delete(photo(number).id)
        store.add([photo(refused)], MODEL)
        assert store.read_bytes(photo(refused).id) == photo(refused).data


def test_uploads_work_again_once_there_is_room(path: Path) -> None:
    disk = SmallDisk(path, 600_000)
    with closing(Hdf5Store(disk, SMALL, Clock())) as store:
        assert isinstance(store, Hdf5Store)
        refused = fill(store)
        with pytest.raises(StoreFull):
            store.finish("another_model", {photo(0).id: features(0, width=100_000)})
        disk.room_bytes = 2_000_000
        store.add([photo(refused)], MODEL)
        store.finish(MODEL, {photo(0).id: features(0)})
        assert same_features(features(0), store.features(photo(0).id, MODEL))
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert store.rows().tolist() == list(range(refused + 1))
        assert feature_table(store, MODEL).rows.tolist() == [0]


def test_a_full_disk_survives_reopening(path: Path) -> None:
    with closing(Hdf5Store(SmallDisk(path, 600_000), SMALL, Clock())) as store:
        assert isinstance(store, Hdf5Store)
        refused = fill(store)
    with closing(Hdf5Store(SmallDisk(path, 600_000), SMALL, Clock())) as store:
        assert store.rows().tolist() == list(range(refused))
        store.delete(photo(0).id)
