import json
import os
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.domain import PhotoState
from app.errors import StoreError, StoreFormatError, StoreLocked
from app.store import region
from app.store.base import Known, Store
from app.store.device import FileDevice
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing
from tests.app.store.contract import StoreContract
from tests.app.store.photos import (
    MODEL,
    SMALL,
    START,
    Clock,
    blob,
    damage,
    feature_table,
    features,
    moving,
    photo,
    same_features,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


class TestHdf5Store(StoreContract):
    @pytest.fixture
    def store(self, clock: Clock, path: Path) -> Iterator[Store]:
        with closing(Hdf5Store.open(path, layout=SMALL, clock=clock)) as store:
            yield store


class TestHdf5StoreInItsUsualSizes(StoreContract):
    @pytest.fixture
    def store(self, clock: Clock, path: Path) -> Iterator[Store]:
        with closing(Hdf5Store.open(path, clock=clock)) as store:
            yield store


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_everything_is_there_after_reopening(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(30)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(10)})
        store.finish("vgg16", {photo(3).id: features(33, width=4)})
        store.delete(photo(5).id)
        store.fail(photo(20).id, "Größe")
        store.postpone([photo(21).id], START, "später")
        store.start([photo(22).id])
        before = [store.at(row) for row in store.rows() if row != 22]
        jobs = store.jobs()
    with closing(Hdf5Store.open(path, layout=SMALL, create=False)) as store:
        assert [store.at(row) for row in store.rows() if row != 22] == before
        assert store.at(22).state is PhotoState.STORED
        assert store.jobs() == jobs
        assert feature_table(store, MODEL).rows.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]
        assert same_features(features(33, width=4), store.features(photo(3).id, "vgg16"))
        for row in store.rows():
            kept = store.at(int(row))
            assert store.read_bytes(kept.id) == photo(int(row)).data
            assert store.read_thumbnail(kept.id) == photo(int(row)).thumbnail
        (again,) = store.add([photo(5)], MODEL)
        assert again.photo.row == 30


def test_plain_h5py_reads_what_the_file_says_of_itself(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL, application_version="1.2.3")) as store:
        store.add([photo(n) for n in range(20)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(20)})
        store.delete(photo(7).id)
        store.fail(photo(8).id, "broken")
    with h5py.File(path, "r") as file:
        assert file.attrs["format"] == "image-gallery"
        assert file.attrs["format_version"] == 2
        assert file.attrs["application_version"] == "1.2.3"
        for row in (n for n in range(20) if n != 7):
            image = file["images"][row]
            assert image["id"].decode() == photo(row).id
            assert image["name"].decode() == photo(row).name
            assert (image["width"], image["height"]) == (640 + row, 480)
            assert blob(file, row) == photo(row).data
            assert zlib.crc32(blob(file, row)) == image["crc32"]
            assert blob(file, row, "thumbnail_") == photo(row).thumbnail
            assert row_crc32(image) == image["row_crc32"]
            assert file["ssd_feature_group/ssd_feature"][row].tolist() == features(row).detections.tolist()
            assert file["nlp_feature_group/nlp_feature"][row].tolist() == features(row).word_vector.tolist()
            assert file[f"embeddings/{MODEL}/vectors"][row].tolist() == features(row).embedding.tolist()
            assert file[f"tags/{MODEL}/class_id"][row].tolist() == features(row).tag_ids.tolist()
            assert file[f"tags/{MODEL}/probability"][row].tolist() == features(row).tag_probabilities.tolist()
            assert file[f"label_scores/{MODEL}/scores"][row].tolist() == features(row).label_scores.tolist()
        assert file["tombstones"][:].tolist() == [7]
        assert file["images"]["deleted"].tolist() == [int(n == 7) for n in range(20)]
        assert h5py.check_enum_dtype(file["images"].dtype["state"]) == {"stored": 0, "ready": 1, "failed": 2}
        assert file["images"][8]["state"] == 2
        assert file["images"][8]["error"] == b"broken"
        assert photo(7).name.encode() not in file["images"][:].tobytes()


def test_every_dataset_explains_itself(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
    unexplained = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not {"axes", "meaning"} <= set(item.attrs):
            unexplained.append(name)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    assert unexplained == []


def test_photos_start_on_pages_of_the_file(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(30)], MODEL)
    with h5py.File(path, "r") as file:
        for image in file["images"][:]:
            for prefix in ("", "thumbnail_"):
                place = file[f"segments/{image[prefix + 'segment']:06d}"].id.get_offset()
                assert (place + int(image[prefix + "offset"])) % 4096 == 0


def test_an_almost_empty_gallery_is_small_on_disk(path: Path) -> None:
    with closing(Hdf5Store.open(path)) as store:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1, width=1280)})
        assert store.info().size_bytes < 16 << 20


def test_the_room_of_deleted_photos_is_used_again(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        for number in range(0, 50, 10):
            store.add([photo(n) for n in range(number, number + 10)], MODEL)
            for n in range(number, number + 10):
                store.delete(photo(n).id)
    with h5py.File(path, "r") as file:
        assert len(file["segments"]) == 4


def test_free_room_is_found_again_after_reopening(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(8)], MODEL)
        for n in (2, 5, 6):
            store.delete(photo(n).id)
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(20, 23)], MODEL)
        for row in store.rows():
            assert store.read_bytes(store.at(int(row)).id)
    with h5py.File(path, "r") as file:
        assert len(file["segments"]) == 2


def test_a_second_process_is_told_who_owns_the_file(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)):
        result = run_python(
            """
            import sys, os
            from pathlib import Path
            from app.errors import StoreLocked
            from app.store.hdf5 import Hdf5Store
            try:
                Hdf5Store.open(Path(sys.argv[1]))
            except StoreLocked as error:
                print(error.detail["pid"], error.message)
            """,
            path,
        )
        assert result.stdout.startswith(f"{os.getpid()} Process {os.getpid()} has {path} open"), result.stderr


def test_a_second_opening_in_this_process_is_refused_and_harmless(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        with pytest.raises(StoreLocked, match="stop it first"):
            Hdf5Store.open(path)
        with pytest.raises(StoreLocked):
            Hdf5Store.open(path)
        store.add([photo(1)], MODEL)
    Hdf5Store.open(path).close()


@pytest.mark.parametrize("content", [b"", b"not a gallery", b"\x89PNG\r\n\x1a\n" + bytes(5000)])
def test_a_file_that_is_not_ours_is_refused_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreFormatError, match="not touched"):
        Hdf5Store.open(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_foreign_hdf5_file_is_refused_untouched(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = np.arange(10)
    content = path.read_bytes()
    with pytest.raises(StoreFormatError, match="HDF5 file, but not one of this gallery"):
        Hdf5Store.open(path)
    assert path.read_bytes() == content


def test_a_newer_format_is_refused_untouched(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    device = FileDevice(path)
    found = region.find(device)
    newer = region.Region(found.offset, found.length, found.format_version + 1, found.file_id)
    device.pwrite(newer.packed(), found.offset)
    device.close()
    content = path.read_bytes()
    with pytest.raises(StoreFormatError, match=r"format version 3.*newer version of the program"):
        Hdf5Store.open(path)
    assert path.read_bytes() == content


def test_a_missing_file_is_made_only_when_asked(path: Path) -> None:
    with pytest.raises(StoreError, match="doesn't exist"):
        Hdf5Store.open(path, create=False)
    assert not path.exists()
    Hdf5Store.open(path.parent / "new" / "folder" / "g.h5", layout=SMALL).close()


def test_making_a_file_leaves_nothing_else_behind(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_photo_is_named_and_the_others_stay(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1), photo(2)], MODEL)
        damage(path, photo(1).data, [2500])
        with pytest.raises(StoreError, match=f"Ürlaub 1.jpg.*{photo(1).id}.*damaged"):
            store.read_bytes(photo(1).id)
        assert store.read_bytes(photo(2).id) == photo(2).data
        assert store.read_thumbnail(photo(1).id) == photo(1).thumbnail
        damage(path, photo(2).thumbnail)
        with pytest.raises(StoreError, match="thumbnail"):
            store.read_thumbnail(photo(2).id)


def test_damaged_facts_leave_the_photo_usable(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1)], MODEL)
        damage(path, json.dumps({"exif": photo(1).facts.exif}, ensure_ascii=False).encode(), [3])
        assert store.get(photo(1).id).facts.exif == {}
        assert store.get(photo(1).id).facts.width == 641


def test_damaged_features_are_named(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1), photo(2)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in (1, 2)})
    damage(path, features(2).embedding.tobytes(), [5])
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert same_features(features(1), store.features(photo(1).id, MODEL))
        with pytest.raises(StoreError, match=f"features of photo {photo(2).id}"):
            store.features(photo(2).id, MODEL)


def test_features_of_another_shape_are_refused_whole(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1), photo(2)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        with pytest.raises(StoreError, match=r"embedding .* shape \(4,\).* keeps \(8,\)"):
            store.finish(MODEL, {photo(1).id: features(3), photo(2).id: features(2, width=4)})
        assert same_features(features(1), store.features(photo(1).id, MODEL))
        assert store.get(photo(2).id).state is PhotoState.STORED
        assert len(store.jobs()) == 1


def test_known_features_of_another_shape_are_refused_whole(path: Path) -> None:
    store = Hdf5Store.open(path, layout=SMALL)
    with closing(store):
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        known = Known(START, PhotoState.READY, features={"vgg16": features(2, width=4), MODEL: features(2, width=4)})
        with pytest.raises(StoreError, match="embedding"):
            store.add([photo(3), moving(photo(2), known)], MODEL)
        assert store.rows().tolist() == [0]
        assert list(store.models()) == [MODEL]
        store.add([photo(2)], MODEL)
        assert store.verify().whole
    with h5py.File(path, "r") as file:
        assert list(file["checksums"]) == [MODEL]


def test_a_model_whose_name_could_point_elsewhere_is_refused(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1)], MODEL)
        with pytest.raises(StoreError, match="can't be called"):
            store.finish("../images", {photo(1).id: features(1)})


def test_a_closed_device_never_touches_a_file_opened_later(path: Path) -> None:
    Hdf5Store.open(path, layout=SMALL).close()
    device = FileDevice(path)
    device.close()
    with (path.parent / "other").open("wb") as other:
        device.pwrite(b"late", 0)
        assert device.pread(4, 0) == b""
        other.flush()
        assert (path.parent / "other").read_bytes() == b""
    Hdf5Store.open(path, layout=SMALL).close()


def row_crc32(row: np.void) -> int:
    """Return the checksum of a row of `images` as its documentation says: over the row with row_crc32=0."""
    copy = row.copy()
    copy["row_crc32"] = 0
    return zlib.crc32(copy.tobytes())
