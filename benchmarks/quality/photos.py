"""Folders of labelled photos: `detection/eval`, `objects` and `fashion`, each beside a file of one JSON a line.

A photo says which classes it shows and for which classes that is known: what its labels don't cover is unknown, not
absent, and counts neither way.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_server.training.photos import Photo, read_photos

Classes = frozenset[str]


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what is known of it.

    shown: classes that it surely shows. unsure: classes of which it shows only objects that are hard to tell.
    known: the classes that were looked for, completely; None for all there are.
    """

    path: Path
    shown: Classes
    unsure: Classes = frozenset()
    known: Classes | None = None

    def knows(self, classes: Classes) -> bool:
        """Tell whether all of these classes were looked for."""
        return self.known is None or classes <= self.known

    def shows_any(self, classes: Classes) -> bool | None:
        """Tell whether the photo shows any of `classes`; None if that isn't known."""
        if not self.knows(classes):
            return None
        if classes & self.shown:
            return True
        return None if classes & self.unsure else False


@dataclass(frozen=True)
class NamedPhotos:
    """Photos of one class each, and the name that each class goes by."""

    photos: tuple[LabelledPhoto, ...]
    names: dict[str, str]


def detection_photos(folder: Path, part: str, labels: Sequence[str]) -> list[LabelledPhoto]:
    """Read the photos with boxes; raise PhotosError if that fails. Classes are names among `labels`."""
    return [labelled(photo, labels) for photo in read_photos(folder, part, labels)]


def labelled(photo: Photo, labels: Sequence[str]) -> LabelledPhoto:
    """Return what is known of a photo with boxes; where some things have no box, nothing is known."""
    sure = photo.boxes.labels[~photo.boxes.difficult]
    shown = _names(sure, labels)
    difficult = _names(photo.boxes.labels[photo.boxes.difficult], labels)
    known = _names(np.flatnonzero(photo.known), labels) if photo.is_complete else frozenset()
    return LabelledPhoto(photo.path, shown, unsure=difficult - shown, known=known)


def object_photos(folder: Path) -> NamedPhotos:
    """Read `objects`: photos of one ImageNet class each, named by its WordNet id."""
    entries = _read_lines(folder / "objects.jsonl")
    photos = [LabelledPhoto(folder / "objects" / entry["file"], frozenset([entry["wnid"]])) for entry in entries]
    return NamedPhotos(tuple(photos), {entry["wnid"]: entry["label"] for entry in entries})


def fashion_photos(folder: Path) -> list[LabelledPhoto]:
    """Read `fashion`: photos of products, whose class is the type of article."""
    return [
        LabelledPhoto(folder / "fashion" / entry["file"], frozenset([entry["articleType"]]))
        for entry in _read_lines(folder / "fashion.jsonl")
    ]


def _read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def _names(indexes: Iterable[int], labels: Sequence[str]) -> Classes:
    return frozenset(labels[index] for index in indexes)
