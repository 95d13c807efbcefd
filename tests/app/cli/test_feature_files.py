import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.feature_files import FeatureReader, FeatureWriter, RowsFile
from app.domain import Features, PhotoId
from app.errors import BadParameter

IDS = [PhotoId(f"{number:032x}") for number in range(4)]
Places = list[dict[str, dict[str, object]]]


def features(seed: int, width: int = 12) -> Features:
    """Return features with all sorts of numbers, tiny, negative and zero ones too."""
    random = np.random.default_rng(seed)
    detections = random.random((20, 6), np.float32)
    detections[:, 0] = random.integers(0, 81, 20)
    return Features(
        detections=detections,
        word_vector=random.normal(size=50).astype(np.float32),
        embedding=(random.normal(size=width) * 10.0 ** -random.integers(0, 44, width)).astype(np.float32),
        tag_ids=random.integers(0, 1000, 10).astype(np.int32),
        tag_probabilities=np.array([-0.0, *random.random(9)], np.float32),
        label_scores=random.random(80).astype(np.float32),
    )


def bits(features: Features) -> dict[str, bytes]:
    return {one.name: getattr(features, one.name).tobytes() for one in fields(Features)}


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Places]:
    """Return a folder with the features of four photos, of all by one model and of two by another."""
    writer = FeatureWriter(tmp_path / "features")
    places = []
    for number, photo_id in enumerate(IDS):
        by_model = {"first": features(number)} | ({"second": features(9 + number, 5)} if number % 2 else {})
        places.append(writer.add(photo_id, by_model))
    writer.close()
    return tmp_path / "features", places


def test_features_come_back_bit_by_bit(written: tuple[Path, Places]) -> None:
    folder, places = written
    reader = FeatureReader(folder)
    assert reader.problems == []
    for number, photo_id in enumerate(IDS):
        found, notes = reader.read(photo_id, places[number])
        assert notes == []
        assert bits(found["first"]) == bits(features(number))
        assert ("second" in found) == bool(number % 2)


def test_numpy_reads_the_files_as_they_are(written: tuple[Path, Places]) -> None:
    folder, places = written
    embeddings = np.load(folder / "second" / "embedding.npy")
    assert (embeddings.shape, embeddings.dtype.str) == ((2, 5), "<f4")
    assert embeddings[places[3]["second"]["row"]].tolist() == features(12, 5).embedding.tolist()
    assert np.load(folder / "first" / "tag_ids.npy", mmap_mode="r").shape == (4, 10)


def test_a_header_keeps_its_length_while_the_rows_grow(tmp_path: Path) -> None:
    writer = FeatureWriter(tmp_path / "features")
    for number in range(101):
        writer.add(PhotoId(f"{number:032x}"), {"m": features(number, 1280)})
    writer.close()
    array = np.load(tmp_path / "features" / "m" / "embedding.npy")
    assert array.shape == (101, 1280)
    assert array[100].tobytes() == features(100, 1280).embedding.tobytes()


def test_numbers_saved_in_another_type_are_still_the_same(written: tuple[Path, Places]) -> None:
    folder, places = written
    for path in folder.rglob("*.npy"):
        array = np.load(path)
        np.save(path, array.astype(np.int64 if array.dtype.kind == "i" else ">f8"))
    found, notes = FeatureReader(folder).read(IDS[1], places[1])
    assert notes == []
    assert bits(found["second"]) == bits(features(10, 5))


def rewrite(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    return lambda path: np.save(path, change(np.load(path)))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "a folder": make_folder,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "words": lambda path: path.write_text("words" * 1000),
    "another width": rewrite(lambda array: array[:, :10]),
    "flat": rewrite(lambda array: np.float32(1)),
    "one row": rewrite(lambda array: array[:1]),
    "other rows": rewrite(lambda array: array[::-1].copy()),
    "other numbers": rewrite(lambda array: array + np.float32(0.5)),
    "no numbers": rewrite(lambda array: np.full_like(array, np.nan)),
    "texts": rewrite(lambda array: array.astype(str)),
    "objects": lambda path: np.save(path, np.array([{}] * 20, object), allow_pickle=True),
    "columns first": rewrite(np.asfortranarray),
    "too few rows claimed": lambda path: path.write_bytes(path.read_bytes().replace(b"(4,", b"(-4,")),
    "too many rows claimed": lambda path: path.write_bytes(
        path.read_bytes().replace(b"(4, 12), }  ", b"(4000, 12), }")
    ),
    "no header": lambda path: path.write_bytes(path.read_bytes().replace(b"descr", b"desc'")),
}


def test_what_was_damaged_is_said_and_nothing_else_lost(written: tuple[Path, Places], tmp_path: Path) -> None:
    folder, places = written
    for number, (name, damage) in enumerate(DAMAGE.items()):
        copy = Path(shutil.copytree(folder, tmp_path / str(number)))
        damage(copy / "first" / "embedding.npy")
        reader = FeatureReader(copy)
        found, notes = reader.read(IDS[3], places[3])
        assert bits(found["second"]) == bits(features(12, 5)), name
        assert "first" not in found, name
        assert len(reader.problems) + len(notes) == 1, name
        assert "embedding" in (reader.problems + notes)[0] or "aren't those" in notes[0], name


@pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning")
def test_a_header_damaged_anyhow_never_ends_in_a_crash(written: tuple[Path, Places]) -> None:
    path = written[0] / "first" / "embedding.npy"
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    for _ in range(300):
        changed = bytearray(whole)
        for place in random.integers(0, 70, random.integers(1, 4)):
            changed[place] = random.integers(0, 256)
        path.write_bytes(changed)
        try:
            RowsFile.open(path).row(0)
        except BadParameter:
            continue


@pytest.mark.parametrize(
    "place", [None, 7, [], {}, {"row": "0"}, {"row": -1}, {"row": 4}, {"row": 2**70}, {"row": 0, "crc32": 5}]
)
def test_a_place_that_can_not_be_is_said(written: tuple[Path, Places], place: object) -> None:
    found, notes = FeatureReader(written[0]).read(IDS[0], {"first": place})
    assert found == {}
    assert "first" in notes[0]


def test_features_of_another_photo_are_not_taken(written: tuple[Path, Places]) -> None:
    found, notes = FeatureReader(written[0]).read(IDS[0], {"first": written[1][2]["first"]})
    assert found == {}
    assert "aren't those" in notes[0]


def test_models_that_are_not_there_are_passed_over(written: tuple[Path, Places], tmp_path: Path) -> None:
    place = written[1][0]["first"]
    assert FeatureReader(written[0]).read(IDS[0], {"../features/first": place, "third": place}) == ({}, [])
    assert FeatureReader(tmp_path / "nowhere").read(IDS[0], written[1][0]) == ({}, [])


def test_features_of_another_width_are_refused(tmp_path: Path) -> None:
    writer = FeatureWriter(tmp_path)
    writer.add(IDS[0], {"m": features(1)})
    with pytest.raises(BadParameter, match="embedding"):
        writer.add(IDS[1], {"m": replace(features(2), embedding=np.zeros(3, np.float32))})
    writer.close()
