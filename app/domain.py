"""What the gallery talks about: plain frozen data, with shapes and units, and no behaviour that needs I/O."""

from collections.abc import Mapping
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


class SimilarityMethod(StrEnum):
    """What "similar" means when photos are compared."""

    EMBEDDING = "embedding"
    SSD = "ssd"
    LAYOUT = "layout"
    HYBRID = "hybrid"


LEAST_CONFIDENCE = 0.3
"""How sure an object must be to be counted or listed under its label: detectors name many that aren't there."""


class Relation(StrEnum):
    """Where one thing stands to another in the picture; `app/search/relations.py` says when each holds."""

    LEFT_OF = "left-of"
    RIGHT_OF = "right-of"
    ABOVE = "above"
    BELOW = "below"
    INSIDE = "inside"


class Size(StrEnum):
    """How much of the picture a thing takes up."""

    BIG = "big"
    SMALL = "small"


class Orientation(StrEnum):
    """The shape of an upright picture."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"
    SQUARE = "square"


class Colour(StrEnum):
    """The colours that people tell apart by name, in the order in which they are offered."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    TURQUOISE = "turquoise"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
    BROWN = "brown"
    BLACK = "black"
    GREY = "grey"
    WHITE = "white"


class KeywordMode(StrEnum):
    """How words are compared with photos."""

    LATE = "late"
    CLASSIC = "classic"


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
    """What a model says of one photo.

    detections: float32 (20, 6), class_id confidence xmin ymin xmax ymax, boxes in pixels of the 300 x 300 model
        input, most confident first, rows of zeros at the end.
    word_vector: float32 (50,), the mean word vector of the class names of the detected objects, zeros for none.
    embedding: float32 (width of the model,), L2-normalised.
    tag_ids: int32 (10,), indexes into the model's tag classes, most probable first.
    tag_probabilities: float32 (10,), 0..1.
    label_scores: float32 (80,), the probability in 0..1 that each label of the detector is in the picture.
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
class StoredExample:
    """A stored photo, or the part of it in `box`, to search with; a negative weight asks for photos unlike it."""

    photo_id: PhotoId
    weight: float = 1.0
    box: Box | None = None


@dataclass(frozen=True)
class PictureExample:
    """A picture from outside, or the part of it in `box`, to search with; it is not stored."""

    name: str
    data: bytes
    weight: float = 1.0
    box: Box | None = None


@dataclass(frozen=True)
class WordsExample:
    """Words to search with; with a negative weight, photos that fit them come later."""

    text: str
    weight: float = 1.0


Example = StoredExample | PictureExample | WordsExample


@dataclass(frozen=True)
class PlacedBox:
    """A thing placed by hand, where photos should show it."""

    label: str
    box: Box


@dataclass(frozen=True)
class WordsSearch:
    """A search by words."""

    text: str
    mode: KeywordMode = KeywordMode.LATE


@dataclass(frozen=True)
class ExamplesSearch:
    """A search for photos that are like some examples and unlike others."""

    examples: tuple[Example, ...]
    method: SimilarityMethod = SimilarityMethod.EMBEDDING
    weights: Mapping[SimilarityMethod, float] | None = None
    """What each signal of a hybrid counts; None for the measured weights."""


@dataclass(frozen=True)
class LayoutSearch:
    """A search for photos that show things where they were placed by hand."""

    boxes: tuple[PlacedBox, ...]


Search = WordsSearch | ExamplesSearch | LayoutSearch


@dataclass(frozen=True)
class LabelReason:
    """A word of the query met a label of the photo."""

    word: str
    label: str
    weight: float
    """What the pair gave to the score, 0..1."""
    source: str
    """Where the label comes from: `picture` (the whole of it), `objects` or `tags`."""


@dataclass(frozen=True)
class EmbeddingReason:
    """The two pictures look alike as a whole."""

    cosine: float
    """-1..1"""


@dataclass(frozen=True)
class ObjectsReason:
    """Both photos hold objects of one kind."""

    label: str
    pairs: int
    """How many pairs of such objects counted."""
    mean: float
    """Their mean similarity."""


@dataclass(frozen=True)
class BoxReason:
    """An object of each photo was matched with one of the other, by place and size."""

    label: str
    query_box: Box
    box: Box
    overlap: float
    """Intersection over union, 0..1."""


@dataclass(frozen=True)
class SignalReason:
    """How much one of a hybrid's signals gave to the score."""

    method: SimilarityMethod | str
    share: float
    """0..1; the shares of a hit sum to 1."""


@dataclass(frozen=True)
class ExampleReason:
    """How well a photo fits one of several examples, in a search with many."""

    example: str
    """The example's file name, or its words."""
    weight: float
    """What it counts; negative: photos should not be like it."""
    score: float
    """-1..1"""


@dataclass(frozen=True)
class CountReason:
    """The photo holds as many things of a kind as were asked for."""

    label: str
    """The word or phrase of the query."""
    count: int
    wanted: str
    """As the query says it: `>=2`."""
    boxes: tuple[Box, ...]
    """Where those stand that were counted."""


@dataclass(frozen=True)
class RelationReason:
    """Two objects stand to each other as was asked for."""

    label: str
    relation: Relation
    other: str
    """The label of the second object, as `label` is of the first."""
    box: Box
    other_box: Box


@dataclass(frozen=True)
class SizeReason:
    """An object is as big or small as was asked for."""

    label: str
    size: Size
    share: float
    """Of the picture's area, 0..1."""
    box: Box


@dataclass(frozen=True)
class FactReason:
    """The photo itself is as was asked for."""

    text: str
    """One plain phrase: `taken on 17 May 2023`."""


Reason = (
    LabelReason
    | EmbeddingReason
    | ObjectsReason
    | BoxReason
    | SignalReason
    | ExampleReason
    | CountReason
    | RelationReason
    | SizeReason
    | FactReason
)


@dataclass(frozen=True)
class Hit:
    """A photo that was found, how well it fits and why."""

    photo: Photo
    score: float
    why: tuple[Reason, ...]
    weak: bool = False
    """It stands past the query's drop in relevance."""


@dataclass(frozen=True)
class SearchResults:
    """Hits, best first."""

    hits: tuple[Hit, ...]
    searched: int
    """How many photos were compared."""
    elapsed_ms: float
    notices: tuple[str, ...] = ()
    """What the person should know, in plain sentences: a word that isn't known, a model server that is away."""


@dataclass(frozen=True)
class PhotoPage:
    """A stretch of the gallery, newest first."""

    photos: tuple[Photo, ...]
    total: int
    """How many photos there are in all, with the same filter."""
    next_cursor: str | None


class PartState(StrEnum):
    """How a part of the gallery is."""

    READY = "ready"
    STARTING = "starting"
    DOWN = "down"


@dataclass(frozen=True)
class Part:
    """One part of the running gallery, for the status page and `/readyz`."""

    name: str
    state: PartState
    message: str
    """One plain sentence."""
    facts: dict[str, str | int | float] = field(default_factory=dict)
