"""Labelled photos: a folder of pictures beside a file of one JSON object a line.

Each line says which classes were looked for at all (``vocab``). A class outside of it is unknown, not absent:
``Photo.known`` is what every loss and every measurement masks with.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model_server.errors import PhotosError

VOC20 = (
    "person", "bird", "cat", "cow", "dog", "horse", "sheep", "airplane", "bicycle", "boat", "bus", "car",
    "motorcycle", "train", "bottle", "chair", "dining table", "potted plant", "couch", "tv",
)  # fmt: skip
HELD_OUT_SHARE = 0.05


@dataclass(frozen=True)
class Boxes:
    """The labelled objects of one picture.

    corners: float32 (n, 4), xmin ymin xmax ymax, in pixels or in 0..1 as the owner says.
    labels: int64 (n,), 0..79, the column of label_scores (class_id - 1).
    difficult: bool (n,), objects that count neither way.
    """

    corners: NDArray[np.float32]
    labels: NDArray[np.int64]
    difficult: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, keep: NDArray[np.bool_]) -> "Boxes":
        """Return the boxes that *keep* (n,) selects."""
        return Boxes(self.corners[keep], self.labels[keep], self.difficult[keep])


@dataclass(frozen=True)
class Photo:
    """One labelled photo; ``boxes`` in pixels of the picture as it is shown (EXIF orientation applied).

    known: bool (80,), the classes that were looked for. ``is_complete`` says that every object of those classes
    is labelled; otherwise what has no box may still be one.
    """

    path: Path
    vocab: str
    known: NDArray[np.bool_]
    is_complete: bool
    boxes: Boxes

    @property
    def place(self) -> float:
        """A number in 0..1 that depends on the file name alone, evenly spread over names."""
        digest = hashlib.sha256(self.path.name.encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32

    @property
    def is_held_out(self) -> bool:
        """Whether this photo serves for choices instead of training."""
        return self.place < HELD_OUT_SHARE


def split(photos: Sequence[Photo], held_out_share: float = HELD_OUT_SHARE) -> tuple[list[Photo], list[Photo]]:
    """Return the photos to learn from and those that are held out for choices.

    Each part has at least one. Raises PhotosError for fewer than two photos.
    """
    if len(photos) < 2:
        raise PhotosError(f"{len(photos)} labelled photos are too few: one is to learn from, another to check with")
    order = sorted(range(len(photos)), key=lambda index: photos[index].place)
    count = sum(photo.place < held_out_share for photo in photos)
    held_out = set(order[: min(max(count, 1), len(photos) - 1)])
    numbered = list(enumerate(photos))
    return (
        [photo for index, photo in numbered if index not in held_out],
        [photo for index, photo in numbered if index in held_out],
    )


def read_photos(folder: Path, part: str, labels: Sequence[str]) -> list[Photo]:
    """Read ``part``.jsonl ("train" or "eval") of *folder*; the pictures lie in ``folder/part``.

    Raises PhotosError if the file is missing or a line doesn't say what it should.
    """
    source = folder / f"{part}.jsonl"
    try:
        lines = source.read_text("utf-8").splitlines()
        return [_photo(json.loads(line), folder / part, labels) for line in lines if line]
    except OSError as error:
        raise PhotosError(f"cannot read {source}: {error.strerror}; give the folder with train.jsonl") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PhotosError(f"{source} has a line that is no labelled photo: {error!r}") from error


def read_pixels(path: Path) -> Image.Image:
    """Decode a photo upright, in RGB."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def known_classes(vocab: str, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Return bool (len(labels),): which labels a vocabulary covers ("coco80", "voc20", "only:cat,dog").

    Raises ValueError for a vocabulary of another form.
    """
    if vocab == "coco80":
        return np.ones(len(labels), bool)
    names: Iterable[str] = VOC20 if vocab == "voc20" else vocab.partition(":")[2].split(",")
    known = np.zeros(len(labels), bool)
    known[[labels.index(name) for name in names]] = True
    return known


def present_classes(photo: Photo) -> NDArray[np.bool_]:
    """Return bool (80,): classes with at least one object, difficult ones included."""
    present = np.zeros(len(photo.known), bool)
    present[photo.boxes.labels] = True
    return present


def _photo(entry: dict[str, Any], pictures: Path, labels: Sequence[str]) -> Photo:
    boxes = entry["boxes"]
    corners = [[box["xmin"], box["ymin"], box["xmax"], box["ymax"]] for box in boxes]
    return Photo(
        path=pictures / entry["file"],
        vocab=entry["vocab"],
        known=known_classes(entry["vocab"], labels),
        is_complete=bool(entry["complete"]),
        boxes=Boxes(
            np.array(corners, np.float32).reshape(-1, 4),
            np.array([labels.index(box["name"]) for box in boxes], np.int64),
            np.array([bool(box["difficult"]) for box in boxes], bool),
        ),
    )
