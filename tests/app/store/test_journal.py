import random
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.errors import StoreError, StoreFormatError, StoreLocked
from app.store import region
from app.store.base import Store
from app.store.device import FileDevice
from app.store.hdf5 import Hdf5Store
from app.store.journal import SECTOR, Fresh, Journal, Record, Run
from app.store.schema import PAGE
from tests.app.store.comparing import closing
from tests.app.store.disks import FailingDisk
from tests.app.store.photos import MODEL, SMALL, Clock, feature_table, features, photo


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


@pytest.fixture
def interrupted(path: Path) -> Path:
    """A copy of the file as a kill leaves it: the last commits are in the journal and in place."""
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(6)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(3)})
        store.delete(photo(1).id)
        copy = path.with_name("interrupted.h5")
        shutil.copy(path, copy)
    return copy


def numbers(store: Store) -> list[int]:
    by_id = {photo(n).id: n for n in range(20)}
    return [by_id[store.at(row).id] for row in store.rows().tolist()]


def test_an_interrupted_file_comes_back_whole(interrupted: Path) -> None:
    with closing(Hdf5Store.open(interrupted, layout=SMALL)) as store:
        assert numbers(store) == [0, 2, 3, 4, 5]
        assert feature_table(store, MODEL).rows.tolist() == [0, 2]


def test_sectors_that_were_not_applied_are_replayed(interrupted: Path) -> None:
    """Take the newest commit's changes back in place: only the journal has them then."""
    device = FileDevice(interrupted)
    found = region.find(device)
    journal = Journal(device, found)
    before, newest = journal._newest()
    sectors = {run.first + i for run in newest.runs for i in range(len(run.old_crc32s))}
    taken_back = 0
    for run in before.runs:
        for i in range(len(run.old_crc32s)):
            if run.first + i in sectors:
                # What the commit before left here is what the newest one found.
                device.pwrite(run.data[i * SECTOR : (i + 1) * SECTOR], (run.first + i) * SECTOR)
                taken_back += 1
    device.close()
    assert taken_back
    with closing(Hdf5Store.open(interrupted, layout=SMALL)) as store:
        assert numbers(store) == [0, 2, 3, 4, 5]


def test_the_length_of_a_body_is_known_before_it_is_packed() -> None:
    runs = (Run(3, (1, 2), bytes(2 * SECTOR)), Run(9, (5,), bytes(SECTOR)))
    for record in (Record(1, 0), Record(1, 0, runs), Record(1, 0, runs, (Fresh(0, 1, 2), Fresh(4096, 1, 2)))):
        assert record.body_bytes() == len(record.body())


def test_a_clean_file_may_be_edited_by_other_programs(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(3)], MODEL)
    with h5py.File(path, "r+") as file:
        file.attrs["note"] = "x" * 3000
        file["mine"] = np.arange(20_000)
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(3, 6)], MODEL)
        assert numbers(store) == [0, 1, 2, 3, 4, 5]
    with h5py.File(path, "r") as file:
        assert file["mine"][:].tolist() == list(range(20_000))


def test_an_interrupted_file_that_was_edited_is_refused_untouched_or_recovered(interrupted: Path) -> None:
    with h5py.File(interrupted, "r+") as file:
        row = file["images"][2]
        row["width"] = 1
        file["images"][2] = row
    content = interrupted.read_bytes()
    with pytest.raises(StoreFormatError, match="changed by another program"):
        Hdf5Store.open(interrupted, layout=SMALL)
    assert interrupted.read_bytes() == content


def test_a_file_whose_parts_another_program_moved_is_refused(path: Path) -> None:
    """What h5repack does: the same content at other places."""
    Hdf5Store.open(path, layout=SMALL).close()
    moved = path.with_name("moved.h5")
    with h5py.File(path, "r") as old, h5py.File(moved, "w") as new:
        new["first"] = np.zeros(50_000)
        for name in old:
            old.copy(name, new)
        new.attrs.update(old.attrs)
    content = moved.read_bytes()
    with pytest.raises(StoreFormatError, match="another program has rewritten it"):
        Hdf5Store.open(moved, layout=SMALL)
    assert moved.read_bytes() == content


@pytest.mark.parametrize("seed", range(60))
def test_a_journal_damaged_at_random_is_refused_or_recovered(interrupted: Path, seed: int) -> None:
    rng = random.Random(seed)
    device = FileDevice(interrupted)
    found = region.find(device)
    for _ in range(rng.choice((1, 1, 3, 20))):
        at = found.offset + 2 * PAGE + rng.randrange(found.length - 2 * PAGE)
        size = rng.choice((1, 16, 512, 4096))
        device.pwrite(rng.randbytes(size), min(at, found.offset + found.length - size))
    device.close()
    try:
        store = Hdf5Store.open(interrupted, layout=SMALL)
    except StoreFormatError:
        return
    with closing(store):
        assert numbers(store) == [0, 2, 3, 4, 5]
        assert feature_table(store, MODEL).rows.tolist() == [0, 2]
        for n in (0, 2, 3, 4, 5):
            assert store.read_bytes(photo(n).id) == photo(n).data


def test_a_damaged_head_of_the_newest_record_is_refused(interrupted: Path) -> None:
    device = FileDevice(interrupted)
    journal = Journal(device, region.find(device))
    newest = journal._newest()[-1]
    device.pwrite(b"\0" * 64, journal._slot(newest.sequence))
    device.close()
    with pytest.raises(StoreFormatError, match=r"journal .* damaged"):
        Hdf5Store.open(interrupted, layout=SMALL)


def test_a_photo_damaged_after_its_commit_is_no_torn_commit(interrupted: Path, path: Path) -> None:
    """Damage to acknowledged bytes must not make the commit that brought them vanish."""
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(10)], MODEL)
        shutil.copy(path, interrupted)
    content = interrupted.read_bytes()
    with interrupted.open("r+b") as file:
        file.seek(content.index(photo(10).data) + 100)
        file.write(b"damage")
    with closing(Hdf5Store.open(interrupted, layout=SMALL)) as store:
        assert numbers(store)[-1] == 10
        with pytest.raises(StoreError, match="damaged"):
            store.read_bytes(photo(10).id)


def test_after_an_fsync_that_failed_nothing_more_is_changed_until_reopening(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    disk = FailingDisk(path)
    store = Hdf5Store(disk, SMALL, Clock())
    store.add([photo(0)], MODEL)
    disk.failing = True
    with pytest.raises(StoreError, match="Input/output error"):
        store.add([photo(1)], MODEL)
    disk.failing = False
    for change in (lambda: store.add([photo(2)], MODEL), lambda: store.delete(photo(0).id)):
        with pytest.raises(StoreError, match="restarted"):
            change()
    assert store.read_bytes(photo(0).id) == photo(0).data
    assert numbers(store) == [0]
    with pytest.raises(StoreError, match="restarted"):
        store.close()
    with closing(Hdf5Store.open(path, layout=SMALL)) as again:
        assert numbers(again) in ([0], [0, 1])
        for n in numbers(again):
            assert again.read_bytes(photo(n).id) == photo(n).data
        again.add([photo(2)], MODEL)


def test_hdf5_programs_are_kept_out_while_the_gallery_runs(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1)], MODEL)
        with pytest.raises(BlockingIOError):
            h5py.File(path, "r")
    with h5py.File(path, "r") as _, pytest.raises(StoreLocked, match="Another program"):
        Hdf5Store.open(path, layout=SMALL)


def test_a_clean_file_ends_where_hdf5_says(path: Path) -> None:
    with closing(Hdf5Store.open(path)) as store:
        store.add([photo(1)], MODEL)
    size = path.stat().st_size
    for _ in range(3):
        Hdf5Store.open(path).close()
    assert path.stat().st_size == size
