"""Why a photo was found."""

from dataclasses import dataclass

from app.domain.conditions import Relation, Size
from app.domain.methods import SimilarityMethod
from app.domain.photos import Box


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
