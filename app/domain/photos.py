"""Photos and what models say of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from app.errors import GalleryError

MAX_OBJECTS = 20
OBJECT_FIELDS = 6
MODEL_INPUT_PX = 300

Float32 = NDArray[np.float32]
Bytes8 = NDArray[np.uint8]

PhotoId = NewType("PhotoId", str)
"""The first 32 hex digits of the SHA-256 of the photo's bytes as uploaded."""


class PhotoState(StrEnum):
    """How far a photo has come."""

    STORED = "stored"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


LEAST_CONFIDENCE = 0.3
"""How sure an object must be to be counted or listed under its label: detectors name many that aren't there."""


@dataclass(frozen=True)
class Box:
    """A rectangle in 0..1 of the upright picture, origin at the top left."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def as_list(self) -> list[float]:
        """Return [xmin, ymin, xmax, ymax]."""
        return [self.xmin, self.ymin, self.xmax, self.ymax]


@dataclass(frozen=True)
class DetectedObject:
    """A thing that the detector saw; `class_id` counts from 1 in COCO's order, `confidence` is in 0..1."""

    label: str
    class_id: int
    confidence: float
    box: Box


@dataclass(frozen=True)
class Tag:
    """An ImageNet class of the whole picture with its probability in 0..1."""

    label: str
    probability: float


@dataclass(frozen=True)
class PhotoFacts:
    """What the bytes of a picture say about it; width and height are those of the upright picture, in pixels."""

    media_type: str
    width: int
    height: int
    dominant_colour: str
    """`#rrggbb`"""
    taken_at: datetime | None = None
    """Camera time, without a zone unless the camera wrote one."""
    exif: dict[str, str] = field(default_factory=dict)
    """Readable facts, name to value, in the order in which they are shown."""


@dataclass(frozen=True)
class Photo:
    """One photo as the store knows it. `row` numbers photos in the order in which they came, from 0."""

    row: int
    id: PhotoId
    name: str
    size_bytes: int
    facts: PhotoFacts
    added_at: datetime
    state: PhotoState
    error: str | None = None


@dataclass(frozen=True)
class Features:
    """What a model, or several together, say of one photo; what isn't said is an array without elements.

    detections: float32 (20, 6), class_id confidence xmin ymin xmax ymax, boxes in pixels of the 300 x 300 model
        input, most confident first, rows of zeros at the end.
    word_vector: float32 (50,), the mean word vector of the class names of the detected objects, zeros for none.
    embedding: float32 (width of the model,), L2-normalised.
    tag_ids: int32 (10,), indexes into the model's tag classes, most probable first.
    tag_probabilities: float32 (10,), 0..1.
    label_scores: float32 (labels,), the probability in 0..1 that each label of the detector is in the picture.
    """

    detections: Float32
    word_vector: Float32
    embedding: Float32
    tag_ids: NDArray[np.int32]
    tag_probabilities: Float32
    label_scores: Float32


@dataclass(frozen=True)
class Job:
    """Work that a stored photo waits for: its features by `model`."""

    photo_id: PhotoId
    model: str
    attempts: int
    not_before: datetime
    """Not to be tried earlier than this (UTC)."""
    last_error: str | None


@dataclass(frozen=True)
class PhotoDetails:
    """One photo with everything a page or a program wants to know of it."""

    photo: Photo
    objects: tuple[DetectedObject, ...]
    tags: tuple[Tag, ...]
    models: tuple[str, ...]
    """The models whose features it has."""


@dataclass(frozen=True)
class UploadResult:
    """What became of one uploaded file: a photo, or the reason why not."""

    filename: str
    photo: Photo | None = None
    duplicate: bool = False
    error: GalleryError | None = None


@dataclass(frozen=True)
class PhotoPage:
    """A stretch of the gallery, newest first."""

    photos: tuple[Photo, ...]
    total: int
    """How many photos there are in all, with the same filter."""
    next_cursor: str | None
