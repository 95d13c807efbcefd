"""Labelled photos are read with what is known of them, and only that."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_server.catalogue import load_card
from model_server.errors import PhotosError
from model_server.training.photos import known_classes, present_classes, read_photos, read_pixels, split
from tests.model_server.training.labelled import draw_photos, entry

LABELS = load_card("gallery_default").labels


def names(known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> set[str]:
    return {LABELS[column] for column in np.flatnonzero(known)}


def test_vocabularies_cover_what_they_say() -> None:
    assert known_classes("coco80", LABELS).all()
    assert known_classes("voc20", LABELS).sum() == 20
    assert {"dining table", "tv", "couch"} <= names(known_classes("voc20", LABELS))
    assert names(known_classes("only:toaster", LABELS)) == {"toaster"}
    assert names(known_classes("animal:cat,cow", LABELS)) == {"cat", "cow"}


def test_a_photo_has_its_boxes_and_its_vocabulary(tmp_path: Path) -> None:
    boxes = [("cat", (1, 2, 30, 40), False), ("dog", (5, 5, 9, 9), True)]
    line = entry("a.png", "only:cat,dog", False, boxes)
    (tmp_path / "train.jsonl").write_text(json.dumps(line) + "\n")
    (photo,) = read_photos(tmp_path, "train", LABELS)
    assert photo.path == tmp_path / "train" / "a.png"
    assert photo.boxes.corners.tolist() == [[1, 2, 30, 40], [5, 5, 9, 9]]
    assert [LABELS[label] for label in photo.boxes.labels] == ["cat", "dog"]
    assert photo.boxes.difficult.tolist() == [False, True]
    assert (names(photo.known), photo.is_complete) == ({"cat", "dog"}, False)
    assert names(present_classes(photo)) == {"cat", "dog"}


def test_about_one_photo_in_twenty_is_held_out_and_always_the_same(tmp_path: Path) -> None:
    lines = [json.dumps(entry(f"{number}.jpg", "coco80", True, [])) for number in range(2000)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    first, again = (read_photos(tmp_path, "train", LABELS) for _ in range(2))
    held_out = [photo.is_held_out for photo in first]
    assert 60 < sum(held_out) < 140
    assert held_out == [photo.is_held_out for photo in again]
    learned_from, apart = split(first)
    assert [photo.path for photo in apart] == [photo.path for photo in first if photo.is_held_out]
    assert [photo.path for photo in learned_from] == [photo.path for photo in first if not photo.is_held_out]


@pytest.mark.parametrize("count", [2, 3, 9])
def test_of_a_few_photos_too_some_are_held_out(tmp_path: Path, count: int) -> None:
    draw_photos(tmp_path, "train", count)
    learned_from, held_out = split(read_photos(tmp_path, "train", LABELS), held_out_share=0.01)
    assert (len(learned_from), len(held_out)) == (count - 1, 1)
    assert len(split(read_photos(tmp_path, "train", LABELS), held_out_share=1.0)[0]) == 1


def test_one_photo_cant_be_split(tmp_path: Path) -> None:
    draw_photos(tmp_path, "train", 1)
    with pytest.raises(PhotosError, match="too few"):
        split(read_photos(tmp_path, "train", LABELS))


@pytest.mark.parametrize("line", ["{", '{"file": "a.jpg"}', json.dumps(entry("a.jpg", "only:unicorn", True, []))])
def test_a_wrong_line_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "train.jsonl").write_text(line)
    with pytest.raises(PhotosError, match=r"train\.jsonl"):
        read_photos(tmp_path, "train", LABELS)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotosError, match="nowhere"):
        read_photos(tmp_path / "nowhere", "train", LABELS)


def test_pixels_are_upright_and_rgb(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter
    Image.new("L", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    image = read_pixels(tmp_path / "turned.jpg")
    assert (image.size, image.mode) == ((20, 40), "RGB")


def test_drawn_photos_have_their_disc_where_the_label_says(tmp_path: Path) -> None:
    draw_photos(tmp_path, "train", 3)
    for photo in read_photos(tmp_path, "train", LABELS):
        pixels = np.asarray(read_pixels(photo.path)).astype(int)
        rows, columns = np.nonzero(np.abs(pixels - 128).sum(axis=2) > 30)
        found = [columns.min(), rows.min(), columns.max(), rows.max()]
        np.testing.assert_allclose(found, photo.boxes.corners[0], atol=1.5)
