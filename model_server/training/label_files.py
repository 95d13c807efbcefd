"""A person's labels: COCO's JSON or a folder of Pascal VOC's XML files, beside a folder of photos.

Every class is taken as looked for in every photo, and every object of it as labelled.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_server.errors import PhotosError
from model_server.training.photos import Boxes, Photo, read_pixels

OWN_VOCABULARY = "own"
FORMATS = "COCO's JSON file, or a folder of Pascal VOC's XML files"


@dataclass(frozen=True)
class _Object:
    label: str
    corners: tuple[float, float, float, float]
    """xmin, ymin, xmax, ymax in pixels."""
    is_difficult: bool


@dataclass(frozen=True)
class _Labelled:
    file: str
    size: tuple[int, int]
    objects: Sequence[_Object]


def read_labelled(folder: Path, labels: Path) -> tuple[tuple[str, ...], list[Photo]]:
    """Return the classes that have an object, sorted by name, and the photos of *folder* that *labels* speaks of.

    labels: a file of COCO's JSON, a file of Pascal VOC's XML, or a folder of these. Raises PhotosError if a file
    isn't that, or a photo is missing, unreadable or of another size than is said.
    """
    labelled = _read_voc(labels) if labels.is_dir() or labels.suffix.lower() == ".xml" else _read_coco(labels)
    names = tuple(sorted({each.label for one in labelled for each in one.objects if not each.is_difficult}))
    if not names:
        raise PhotosError(f"{labels} labels no object")
    return names, [_photo(folder, one, names) for one in labelled]


def _read_coco(path: Path) -> list[_Labelled]:
    try:
        table = json.loads(path.read_text("utf-8"))
        names = {category["id"]: str(category["name"]).strip() for category in table["categories"]}
        objects: dict[Any, list[_Object]] = {image["id"]: [] for image in table["images"]}
        for annotation in table["annotations"]:
            objects[annotation["image_id"]].append(_coco_object(annotation, names))
        return [
            _Labelled(str(image["file_name"]), (int(image["width"]), int(image["height"])), objects[image["id"]])
            for image in table["images"]
        ]
    except OSError as error:
        raise PhotosError(f"cannot read the labels {path}: {error.strerror}; give {FORMATS}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PhotosError(f"{path} is no label file in COCO's form ({error!r}); give {FORMATS}") from error


def _coco_object(annotation: Mapping[str, Any], names: Mapping[Any, str]) -> _Object:
    left, top, width, height = (float(value) for value in annotation["bbox"])
    corners = (left, top, left + width, top + height)
    return _Object(names[annotation["category_id"]], corners, bool(annotation.get("iscrowd", 0)))


def _read_voc(path: Path) -> list[_Labelled]:
    files = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    if not files:
        raise PhotosError(f"{path} holds no XML file; give {FORMATS}")
    return [_voc_labelled(file) for file in files]


def _voc_labelled(file: Path) -> _Labelled:
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314 - own files, and expat stops expanding entities
        size = (int(_text(root, "size/width")), int(_text(root, "size/height")))
        objects = [_voc_object(element) for element in root.findall("object")]
        return _Labelled(_text(root, "filename"), size, objects)
    except OSError as error:
        raise PhotosError(f"cannot read the labels {file}: {error.strerror}; give {FORMATS}") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise PhotosError(f"{file} is no label file in Pascal VOC's form ({error}); give {FORMATS}") from error


def _voc_object(element: ElementTree.Element) -> _Object:
    left, top, right, bottom = (float(_text(element, f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax"))
    is_difficult = element.findtext("difficult", "0").strip() == "1"
    return _Object(_text(element, "name"), (left, top, right, bottom), is_difficult)


def _text(element: ElementTree.Element, path: str) -> str:
    """Return the text under *path*; raise ValueError if there is none."""
    found = element.findtext(path, "").strip()
    if not found:
        raise ValueError(f"<{element.tag}> lacks <{path.replace('/', '><')}>")
    return found


def _photo(folder: Path, labelled: _Labelled, names: Sequence[str]) -> Photo:
    path = folder / labelled.file
    _check_size(path, labelled.size)
    counted = [each for each in labelled.objects if each.label in names]
    corners = np.array([each.corners for each in counted], np.float32).reshape(-1, 4)
    corners = np.clip(corners, 0, np.array([*labelled.size] * 2, np.float32))
    boxes = Boxes(
        corners,
        np.array([names.index(each.label) for each in counted], np.int64),
        np.array([each.is_difficult for each in counted], bool),
    )
    with_area: NDArray[np.bool_] = np.all(corners[:, 2:] > corners[:, :2], axis=1)
    return Photo(path, OWN_VOCABULARY, np.ones(len(names), bool), True, boxes.where(with_area))


def _check_size(path: Path, size: tuple[int, int]) -> None:
    """Raise PhotosError unless the photo is there and, upright, as large as its labels say."""
    try:
        found = read_pixels(path).size
    except (OSError, Image.DecompressionBombError) as error:
        raise PhotosError(f"the labels speak of {path}, which can't be read: {error}") from error
    if found != size:
        shown, said = ("{} x {}".format(*one) for one in (found, size))
        raise PhotosError(f"{path} is {shown} pixels upright, its labels say {said}; label the photo as it is")
