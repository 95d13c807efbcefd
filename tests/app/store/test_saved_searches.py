from pathlib import Path

import h5py
import pytest

from app.errors import StoreFull
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing, with_features
from tests.app.store.disks import SmallDisk
from tests.app.store.photos import SMALL, Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


def test_saved_searches_are_there_after_reopening(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert "saved_searches" not in store._file.hdf5  # type: ignore[attr-defined]  # As in files of before.
        saved = [store.saved_searches.add(f"search {n}", "x" * n) for n in range(40)]
        store.saved_searches.delete(saved[7].id)
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert store.saved_searches.all() == [*saved[:7], *saved[8:]]
        assert store.saved_searches.add("later", "{}").id == 41


def test_any_program_reads_them(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.saved_searches.add("Bäume", '{"q": "tree"}')
        store.saved_searches.add("dogs", '{"q": "dog"}')
    with h5py.File(path, "r") as file:
        row = file["saved_searches/rows"][1]
        start, stop = int(row["offset"]), int(row["offset"] + row["length"])
        assert row["name"].decode() == "dogs"
        assert file["saved_searches/definitions"][start:stop].tobytes() == b'{"q": "dog"}'
        assert all(dataset.attrs["meaning"] for dataset in file["saved_searches"].values())


def test_a_damaged_one_is_left_out(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        saved = [store.saved_searches.add(f"search number {n}", f'{{"q": "number {n} of three"}}') for n in range(3)]
    for data in (b"number 1 of three", b"search number 2"):
        place = path.read_bytes().rindex(data)  # Before it, in the journal, it stands too.
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"N")
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert store.saved_searches.all() == saved[:1]


def test_on_a_full_disk_none_is_saved_and_all_stay(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    disk = SmallDisk(path, 10**9)
    with closing(Hdf5Store(disk, SMALL, Clock())) as store:
        with_features(store, range(3))
        kept = [store.saved_searches.add("first", "x" * 16_000)]
        disk.room_bytes = disk.allocated_bytes()
        with pytest.raises(StoreFull):  # noqa: PT012
            while len(kept) < 99:
                kept.append(store.saved_searches.add("more", "x" * 16_000))
        store.saved_searches.delete(kept.pop().id)
        assert store.saved_searches.all() == kept
        disk.room_bytes = 10**9
        kept.append(store.saved_searches.add("last", "y"))
        assert store.saved_searches.all() == kept
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert store.saved_searches.all() == kept
