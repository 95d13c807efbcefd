"""Searches and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.methods import KeywordMode, SimilarityMethod
from app.domain.photos import Box, Photo, PhotoId
from app.domain.reasons import Reason


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
