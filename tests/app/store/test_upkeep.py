"""Verifying, repairing, backing up, compacting and migrating a gallery file."""

import shutil
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.domain import PhotoState
from app.errors import PhotoDamaged, PhotoNotFound, StoreError, StoreFormatError
from app.store import gallery_file, migrations, schema
from app.store.hdf5 import Hdf5Store
from app.store.verify import Part
from tests.app.store.older_files import into_format_1
from tests.app.store.photos import MODEL, SMALL, Clock, damage, feature_table, features, id_of, photo, same_features


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


@pytest.fixture
def filled(path: Path) -> Path:
    store = Hdf5Store.open(path, layout=SMALL)
    store.add([photo(n) for n in range(12)], MODEL)
    store.finish(MODEL, {photo(n).id: features(n) for n in range(12)})
    store.delete(photo(5).id)
    store.close()
    return path


def test_a_whole_file_verifies(filled: Path) -> None:
    store = Hdf5Store.open(filled, layout=SMALL)
    told: list[tuple[int, int]] = []
    found = store.verify(lambda done, of: told.append((done, of)))
    assert found.whole
    assert found.photos == 11
    assert found.checked_bytes > 11 * 5000
    assert told[-1] == (11, 11)
    store.close()


def test_every_damaged_part_is_named(filled: Path) -> None:
    damage(filled, photo(1).data, [77])
    damage(filled, photo(2).thumbnail, [7])
    damage(filled, features(3).label_scores.tobytes(), [9])
    damage(filled, features(1).label_scores.tobytes(), [9])
    with h5py.File(filled, "r+") as file:
        row = file["images"][4]
        row["width"] = 9
        file["images"][4] = row
    store = Hdf5Store.open(filled, layout=SMALL)
    found = {(one.photo_id, one.part): one for one in store.verify().damages}
    assert found.keys() == {
        (photo(1).id, Part.PHOTO),
        (photo(2).id, Part.THUMBNAIL),
        (photo(3).id, Part.FEATURES),
        (photo(1).id, Part.FEATURES),
        (photo(4).id, Part.ROW),
    }
    assert [one.name for one in found.values() if one.part is Part.PHOTO] == [photo(1).name]
    recomputable = {one.photo_id for one in found.values() if one.recomputable}
    assert recomputable == {photo(2).id, photo(3).id}
    store.close()


def test_damaged_features_are_computed_anew(filled: Path) -> None:
    damage(filled, features(3).label_scores.tobytes(), [9])
    store = Hdf5Store.open(filled, layout=SMALL)
    assert store.repair(store.verify().damages) == 1
    assert store.get(photo(3).id).state is PhotoState.STORED
    assert [job.photo_id for job in store.jobs()] == [photo(3).id]
    assert store.features(photo(3).id, MODEL) is None
    store.finish(MODEL, {photo(3).id: features(3)})
    assert store.verify().whole
    store.close()


def test_a_damaged_thumbnail_is_replaced_in_one_commit(filled: Path) -> None:
    damage(filled, photo(3).thumbnail, [9])
    store = Hdf5Store.open(filled, layout=SMALL)
    with pytest.raises(PhotoDamaged, match="thumbnail"):
        store.read_thumbnail(photo(3).id)
    store.mend(photo(3).id, photo(3).thumbnail * 20, {"Camera": "Ö"})
    assert store.verify().whole
    with pytest.raises(PhotoNotFound):
        store.mend(photo(5).id, b"webp", {})
    store.close()
    again = Hdf5Store.open(filled, layout=SMALL)
    assert again.verify().whole
    assert again.read_thumbnail(photo(3).id) == photo(3).thumbnail * 20
    assert again.get(photo(3).id).facts.exif == {"Camera": "Ö"}
    assert again.read_bytes(photo(3).id) == photo(3).data
    again.close()


def test_what_is_left_of_a_damaged_photo_can_be_read(filled: Path) -> None:
    damage(filled, photo(3).data, [10, 4000])
    store = Hdf5Store.open(filled, layout=SMALL)
    with pytest.raises(PhotoDamaged, match="damaged"):
        store.read_bytes(photo(3).id)
    left = store.read_bytes(photo(3).id, damaged=True)
    assert [at for at, (a, b) in enumerate(zip(left, photo(3).data, strict=True)) if a != b] == [10, 4000]
    assert store.read_bytes(photo(4).id, damaged=True) == photo(4).data
    store.close()


def test_a_search_never_sees_damaged_features(filled: Path) -> None:
    damage(filled, features(3).embedding.tobytes(), [2])
    store = Hdf5Store.open(filled, layout=SMALL)
    found = feature_table(store, MODEL)
    assert found.rows.tolist() == [0, 1, 2, 4, 6, 7, 8, 9, 10, 11]
    assert found.embeddings.tolist() == [features(n).embedding.tolist() for n in found.rows.tolist()]
    assert [job.photo_id for job in store.jobs()] == [photo(3).id]
    store.close()


def test_a_damaged_row_does_not_keep_the_gallery_from_opening(filled: Path) -> None:
    with h5py.File(filled, "r+") as file:
        row = file["images"][4]
        row["id"], row["taken_at"], row["name"] = b"\xff" * 32, b"yesterday", b"\xff\xfe"
        file["images"][4] = row
    store = Hdf5Store.open(filled, layout=SMALL)
    assert store.at(4).facts.taken_at is None
    assert [one.part for one in store.verify().damages] == [Part.ROW]
    assert store.read_bytes(photo(3).id) == photo(3).data
    store.close()


def test_a_backup_holds_what_was_stored_when_it_began(filled: Path, tmp_path: Path) -> None:
    store = Hdf5Store.open(filled, layout=SMALL)
    copy = tmp_path / "backup" / "copy.h5"
    stop = threading.Event()
    added: list[int] = []

    def upload() -> None:
        number = 100
        while not stop.is_set():
            store.add([photo(number)], MODEL)
            added.append(number)
            number += 1

    uploader = threading.Thread(target=upload)
    uploader.start()
    while len(added) < 5:
        stop.wait(0.01)
    before = list(added)
    store.backup(copy)
    stop.set()
    uploader.join()
    store.close()
    again = Hdf5Store.open(copy, layout=SMALL, create=False)
    kept = {again.at(row).id for row in again.rows().tolist()}
    assert {photo(n).id for n in before} <= kept <= {photo(n).id for n in [*range(12), *added]}
    assert again.verify().whole
    assert same_features(features(3), again.features(photo(3).id, MODEL))
    again.add([photo(99)], MODEL)
    again.close()
    assert list(copy.parent.iterdir()) == [copy]


def test_a_backup_never_replaces_a_file(filled: Path, tmp_path: Path) -> None:
    store = Hdf5Store.open(filled, layout=SMALL)
    other = tmp_path / "other.txt"
    other.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        store.backup(other)
    assert other.read_text() == "mine"
    store.close()


def test_deleting_frees_disk_room_at_once(path: Path) -> None:
    store = Hdf5Store.open(path)
    store.add([photo(n, 1_000_000) for n in range(6)], MODEL)
    full = store.info().size_bytes
    for n in range(4):
        store.delete(photo(n, 1_000_000).id)
    assert store.info().size_bytes <= full - 4_000_000
    store.close()


def test_compacting_empties_the_last_segments(path: Path) -> None:
    store = Hdf5Store.open(path, layout=SMALL)
    store.add([photo(n) for n in range(40)], MODEL)
    for n in range(40):
        if n % 4:
            store.delete(photo(n).id)
    used = {store._photos.entry(row)["segment"] for row in store.rows().tolist()}  # type: ignore[index]
    told: list[tuple[int, int]] = []
    store.compact(lambda done, of: told.append((done, of)))
    used_now = {store._photos.entry(row)["segment"] for row in store.rows().tolist()}  # type: ignore[index]
    assert [done for done, _ in told] == list(range(len(told)))
    assert {of for _, of in told} == {len(told) - 1}
    assert len(used_now) < len(used)
    assert store.verify().whole
    segments = len(store._segments._segments)
    store.add([photo(n) for n in range(50, 70)], MODEL)
    assert len(store._segments._segments) == segments
    store.close()
    again = Hdf5Store.open(path, layout=SMALL)
    assert again.verify().whole
    assert again.verify().photos == 30
    again.close()


def test_what_models_said_of_deleted_photos_is_given_back(path: Path) -> None:
    store = Hdf5Store.open(path, layout=SMALL)
    store.add([photo(n) for n in range(70)], MODEL)
    store.finish(MODEL, {photo(n).id: features(n, width=3000) for n in range(70)})
    for n in (*range(16), *range(20, 64)):
        store.delete(photo(n).id)
    before = store.info().size_bytes
    store.compact()
    assert store.info().size_bytes < before - 40 * 4 * 3000
    for n in range(64, 70):
        assert same_features(features(n, width=3000), store.features(photo(n).id, MODEL))
    shutil.copy(path, path.with_name("killed.h5"))
    store.close()
    with h5py.File(path, "r") as file:
        vectors = file[f"embeddings/{MODEL}/vectors"]
        for dead in (range(1, 15), range(33, 47), range(49, 63)):
            assert not vectors[dead.start : dead.stop].any()
        assert vectors[17].tolist() == features(17, width=3000).embedding.tolist()
    again = Hdf5Store.open(path.with_name("killed.h5"), layout=SMALL)
    assert again.verify().whole
    assert again.rows().tolist() == [16, 17, 18, 19, *range(64, 70)]
    again.close()


def test_photos_stay_readable_while_they_move(path: Path) -> None:
    store = Hdf5Store.open(path, layout=SMALL)
    stop = threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        while not stop.is_set():
            for row in store.rows().tolist():
                photo_id = store.at(row).id
                try:
                    assert id_of(store.read_bytes(photo_id)) == photo_id
                    store.read_thumbnail(photo_id)
                except BaseException as error:
                    errors.append(error)
                    return

    store.add([photo(n) for n in range(40)], MODEL)
    for n in range(0, 40, 2):
        store.delete(photo(n).id)
    reader = threading.Thread(target=read)
    reader.start()
    for round_ in range(5):
        store.compact()
        store.add([photo(100 + 10 * round_ + n) for n in range(10)], MODEL)
    stop.set()
    reader.join()
    assert errors == []
    store.close()


def test_an_older_format_is_brought_up_to_date_in_one_commit(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add_a_dataset(file: h5py.File) -> None:
        file["added"] = np.arange(7)

    present = schema.FORMAT_VERSION
    monkeypatch.setattr(schema, "FORMAT_VERSION", present + 1)
    monkeypatch.setattr("app.store.region.FORMAT_VERSION", present + 1)
    monkeypatch.setattr(migrations.migrate, "__defaults__", ({present: add_a_dataset},))
    monkeypatch.setattr(migrations.expect_a_way_up, "__defaults__", ({present: add_a_dataset},))
    Hdf5Store.open(filled, layout=SMALL, clock=Clock()).close()
    with h5py.File(filled, "r") as file:
        assert file.attrs["format_version"] == present + 1
        assert file["added"][:].tolist() == list(range(7))
    monkeypatch.setattr(gallery_file, "migrate", lambda *given: pytest.fail("migrated twice"))
    store = Hdf5Store.open(filled, layout=SMALL)
    assert store.verify().whole
    store.close()


def test_an_older_format_without_a_way_up_is_refused_untouched(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = filled.read_bytes()
    present = schema.FORMAT_VERSION
    monkeypatch.setattr(schema, "FORMAT_VERSION", present + 1)
    monkeypatch.setattr("app.store.region.FORMAT_VERSION", present + 1)
    with pytest.raises(StoreFormatError, match=rf"format version {present}.*older version of the program"):
        Hdf5Store.open(filled, layout=SMALL)
    assert filled.read_bytes() == content


def test_a_file_of_format_1_learns_which_versions_its_features_are_of(filled: Path) -> None:
    into_format_1(filled)
    store = Hdf5Store.open(filled, layout=SMALL)
    assert same_features(features(3), store.features(photo(3).id, MODEL))
    assert store.model_choice.get() is None
    assert store.verify().whole
    store.close()
    with h5py.File(filled, "r") as file:
        assert file.attrs["format_version"] == 2
        assert file["embeddings/gallery_default/vectors"].attrs["version"] == 1
        assert file["ssd_feature_group/ssd_feature"].attrs["version"] == 1


def test_a_backup_into_a_folder_that_is_a_file_is_refused_in_plain_words(filled: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "notes.txt"
    in_the_way.write_text("keep me")
    store = Hdf5Store.open(filled, layout=SMALL)
    with pytest.raises(StoreError, match=r"can't be made"):
        store.backup(in_the_way / "copy.h5")
    store.close()
    assert in_the_way.read_text() == "keep me"
