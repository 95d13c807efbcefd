"""People's label files are read alike in both forms, and what is wrong with one is said."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model_server.errors import PhotosError
from model_server.training.label_files import read_labelled
from tests.model_server.training.own_labels import Shape, coco, draw_set, write_coco, write_voc


@pytest.fixture
def shapes(tmp_path: Path) -> dict[str, list[Shape]]:
    return draw_set(tmp_path / "photos", 4)


def test_both_forms_say_the_same(tmp_path: Path, shapes: dict[str, list[Shape]]) -> None:
    labels, photos = read_labelled(tmp_path / "photos", write_coco(tmp_path / "labels.json", shapes))
    assert labels == ("blue box", "red disc")
    assert len(photos) == 4
    by_name = {photo.path.name: photo for photo in photos}
    for file, drawn in shapes.items():
        corners = [[left, top, left + side, top + side] for _, left, top, side in drawn]
        np.testing.assert_array_equal(by_name[file].boxes.corners, corners)
        assert [labels[label] for label in by_name[file].boxes.labels] == [name for name, *_ in drawn]
        assert by_name[file].known.all()
    again, from_voc = read_labelled(tmp_path / "photos", write_voc(tmp_path / "voc", shapes))
    assert again == labels
    for photo in from_voc:
        np.testing.assert_array_equal(photo.boxes.corners, by_name[photo.path.name].boxes.corners)
        np.testing.assert_array_equal(photo.boxes.labels, by_name[photo.path.name].boxes.labels)


def test_crowds_and_difficult_objects_count_neither_way(tmp_path: Path, shapes: dict[str, list[Shape]]) -> None:
    table = coco(shapes)
    table["annotations"][0]["iscrowd"] = 1
    (tmp_path / "labels.json").write_text(json.dumps(table))
    _, photos = read_labelled(tmp_path / "photos", tmp_path / "labels.json")
    assert [photo.boxes.difficult.any() for photo in photos] == [True, False, False, False]
    folder = write_voc(tmp_path / "voc", shapes)
    text = (folder / "0.xml").read_text()
    (folder / "0.xml").write_text(text.replace("<difficult>0", "<difficult>1"))
    _, photos = read_labelled(tmp_path / "photos", folder)
    assert [photo.boxes.difficult.any() for photo in photos] == [True, False, False, False]


def test_boxes_end_at_the_picture(tmp_path: Path, shapes: dict[str, list[Shape]]) -> None:
    table = coco(shapes)
    table["annotations"][0]["bbox"] = [-5, 100, 500, 500]
    table["annotations"].append({**table["annotations"][0], "bbox": [10, 10, 0, 20]})
    (tmp_path / "labels.json").write_text(json.dumps(table))
    _, photos = read_labelled(tmp_path / "photos", tmp_path / "labels.json")
    assert photos[0].boxes.corners.tolist() == [[0, 100, 160, 120]]


def without(key: str) -> Any:
    def change(table: dict[str, Any]) -> None:
        del table[key]

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without("categories"), "'categories'"),
        (lambda table: table["annotations"][0].update(category_id=99), "KeyError(99)"),
        (lambda table: table["annotations"][0].update(image_id=99), "KeyError(99)"),
        (lambda table: table["annotations"][0].update(bbox=[1, 2]), "labels.json is no label file"),
        (lambda table: table["annotations"].clear(), "labels no object"),
        (lambda table: table["images"][0].update(file_name="gone.png"), "gone.png"),
        (lambda table: table["images"][0].update(width=161), "160 x 120 pixels upright, its labels say 161 x 120"),
    ],
)
def test_what_is_wrong_in_a_coco_file_is_said(
    tmp_path: Path, shapes: dict[str, list[Shape]], change: Any, complaint: str
) -> None:
    table = coco(shapes)
    change(table)
    (tmp_path / "labels.json").write_text(json.dumps(table))
    with pytest.raises(PhotosError, match=re.escape(complaint)):
        read_labelled(tmp_path / "photos", tmp_path / "labels.json")


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("labels.json", "{", "labels.json is no label file in COCO's form"),
        ("labels.json", "[]", "labels.json is no label file in COCO's form"),
        ("labels.txt", "cat 0 0 1 1", "labels.txt is no label file in COCO's form"),
        ("a.xml", "<annotation>", "a.xml is no label file in Pascal VOC's form"),
        ("a.xml", "<annotation><size/></annotation>", "lacks <size><width>"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, file: str, content: str, complaint: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(PhotosError, match=re.escape(complaint)):
        read_labelled(tmp_path, tmp_path / file)


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(PhotosError, match=r"nowhere\.json.*COCO"):
        read_labelled(tmp_path, tmp_path / "nowhere.json")
    with pytest.raises(PhotosError, match="no XML file"):
        read_labelled(tmp_path, tmp_path)


def test_a_file_that_is_no_photo_is_named(tmp_path: Path, shapes: dict[str, list[Shape]]) -> None:
    (tmp_path / "photos" / "0.png").write_bytes(b"not a picture")
    with pytest.raises(PhotosError, match=r"0\.png, which can't be read"):
        read_labelled(tmp_path / "photos", write_coco(tmp_path / "labels.json", shapes))


def test_labels_are_of_the_photo_as_it_is_seen(tmp_path: Path) -> None:
    shapes = draw_set(tmp_path / "photos", 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter
    with Image.open(tmp_path / "photos" / "0.png") as image:
        image.rotate(90, expand=True).save(tmp_path / "photos" / "0.png", exif=exif)
    _, photos = read_labelled(tmp_path / "photos", write_coco(tmp_path / "labels.json", shapes))
    assert len(photos) == 2
