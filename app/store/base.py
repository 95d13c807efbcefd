"""The store's contract, in words and types.

The promise: when `add` returns, the photos' bytes, rows and pending jobs are durable, all of them or none. Every
other change is whole or absent as well. Reading never blocks on a writer for longer than one commit. All methods
may be called from any thread. Rows number photos in the order in which they came, from 0; a deleted photo's row is
never given to another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Float32, Job, Photo, PhotoFacts, PhotoId, PhotoState

Rows = NDArray[np.int64]
Shapes = Mapping[str, tuple[int, ...]]
"""Of one photo's features by a model: the shape of each field, without any elements where the model says nothing."""

BLOCK_ROWS = 2048
"""Photos in one table of features that is read at once: about 25 MB with a wide embedding."""


def features_name(model: str, version: int) -> str:
    """Return the name under which the features of one version of a model are kept.

    Features of different versions can't be compared, so each version is a model of its own to the store. The first
    goes by the plain name.
    """
    return model if version == 1 else f"{model}.{version}"


def model_and_version(name: str) -> tuple[str, int]:
    """Return what `features_name` was made of."""
    model, _, version = name.rpartition(".")
    return (model, int(version)) if model and version.isascii() and version.isdecimal() else (name, 1)


def shapes_of(features: Features) -> dict[str, tuple[int, ...]]:
    """Return the shape of each field of a photo's features."""
    return {name: np.shape(array) for name, array in vars(features).items()}


@dataclass(frozen=True)
class Known:
    """What another gallery knew of a photo, for a photo that moves."""

    added_at: datetime
    state: PhotoState
    """`ready` or `failed`, or `stored` for a photo that is to be looked at."""
    error: str | None = None
    """Why it failed."""
    features: Mapping[str, Features] = field(default_factory=dict)
    """By model; all of one model have the same shapes."""


@dataclass(frozen=True)
class NewPhoto:
    """A checked photo on its way into the store."""

    id: PhotoId
    name: str
    data: bytes
    """As uploaded."""
    facts: PhotoFacts
    thumbnail: bytes
    """WebP."""
    known: Known | None = None


@dataclass(frozen=True)
class Added:
    """What became of one photo that was handed to `add`."""

    photo: Photo
    duplicate: bool
    """The gallery had these bytes already; nothing was stored, the name given first stays."""


@dataclass(frozen=True)
class FeatureTable:
    """All features of one model, for n photos, in the order of `rows` (ascending, deleted photos left out).

    detections: float32 (n, 20, 6). word_vectors: float32 (n, 50). embeddings: float32 (n, width).
    tag_ids: int32 (n, 10). tag_probabilities: float32 (n, 10). label_scores: float32 (n, 80).
    """

    rows: Rows
    detections: Float32
    word_vectors: Float32
    embeddings: Float32
    tag_ids: NDArray[np.int32]
    tag_probabilities: Float32
    label_scores: Float32


@dataclass(frozen=True)
class PhotoFactColumns:
    """What n photos say about themselves, in the order of `rows` (ascending, deleted photos left out).

    widths, heights: int32 (n,), pixels of the upright picture. days: datetime64[D] (n,), when each was taken, by its
    camera's clock, else when it came (UTC). colours: uint8 (n, 3), the dominant colour's red, green and blue.
    """

    rows: Rows
    widths: NDArray[np.int32]
    heights: NDArray[np.int32]
    days: NDArray[np.datetime64]
    colours: NDArray[np.uint8]


@dataclass(frozen=True)
class StoreInfo:
    """Facts about the file for the status page."""

    path: Path
    size_bytes: int
    format_version: int
    photos: int
    by_state: dict[PhotoState, int]
    pending_jobs: int
    commits: int = 0
    """How many times the file was changed durably since it was opened."""


NEIGHBOURS_KEPT = 50
NOBODY = -1


@dataclass(frozen=True)
class NeighbourLists:
    """The photos most alike to each of n photos, best first.

    rows: int64 (n,), whose lists they are, each once. neighbours: int32 (n, 50), rows, -1 where there are fewer.
    similarities: float32 (n, 50), 0 where there are fewer. versions: uint32 (n,), those of the features that the
    lists were made from.
    """

    rows: Rows
    neighbours: NDArray[np.int32]
    similarities: Float32
    versions: NDArray[np.uint32]

    def where(self, chosen: NDArray[np.bool_]) -> "NeighbourLists":
        """Return the lists for which `chosen`, bool (n,), is true."""
        return NeighbourLists(**{name: column[chosen] for name, column in vars(self).items()})

    def first(self, count: int) -> "NeighbourLists":
        """Return the first `count` lists, as views."""
        return NeighbourLists(**{name: column[:count] for name, column in vars(self).items()})


class Neighbours(Protocol):
    """The lists of neighbours that a store keeps."""

    def versions(self, rows: Rows, model: str) -> NDArray[np.uint32]:
        """Return of ascending rows a number each, uint32 (n,), that changes with its features; 0 without features."""

    def rows(self, model: str) -> Rows:
        """Return the rows of all photos that have features, which may have lists: int64 (n,), ascending."""

    def lists(self, model: str) -> NeighbourLists:
        """Return all lists of photos whose features are still those that the lists were made from, by row."""

    def put(self, model: str, lists: NeighbourLists) -> None:
        """Store lists in one commit, those of photos that are gone left out; raise StoreFull."""


LONGEST_DEFINITION_BYTES = 16 * 1024
"""Of a saved search, as UTF-8."""


@dataclass(frozen=True)
class SavedSearch:
    """A search that somebody wants to do again. What `definition` says is not the store's business."""

    id: int
    name: str
    created_at: datetime
    definition: str


class SavedSearches(Protocol):
    """The saved searches that a store keeps; each change is one durable commit."""

    def all(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""

    def get(self, search_id: int) -> SavedSearch:
        """Return a saved search; raise SavedSearchNotFound."""

    def add(self, name: str, definition: str) -> SavedSearch:
        """Save a search under an id of its own; raise StoreFull, or BadParameter for what is too long to be kept."""

    def delete(self, search_id: int) -> SavedSearch:
        """Forget a saved search and return what it was; raise SavedSearchNotFound. Its id is never used again."""


LONGEST_CHOICE_BYTES = 48 * 1024


class ModelChoice(Protocol):
    """Which models the gallery works with. What the text says is not the store's business."""

    def get(self) -> str | None:
        """Return the text that was put last, or None if none ever was."""

    def put(self, text: str) -> None:
        """Keep a text in the place of the one before, in one durable commit; raise StoreError for one too long."""


class Store(Protocol):
    """Photos, their features and the work they wait for."""

    @property
    def neighbours(self) -> Neighbours:
        """The photos most alike to each photo."""

    @property
    def saved_searches(self) -> SavedSearches:
        """The searches that people saved."""

    @property
    def model_choice(self) -> ModelChoice:
        """Which models the gallery works with."""

    def add(self, photos: Sequence[NewPhoto], model: str) -> list[Added]:
        """Store photos and a job of `model` for each in one durable commit, in order; raise StoreFull.

        A photo whose id is stored already, or stands twice in `photos`, is a duplicate and changes nothing. What is
        `known` of a photo is stored with it, and only one that is `stored` by then gets a job; StoreError if features
        don't have the shapes that their model's have here, and then nothing was stored.
        """

    def get(self, photo_id: PhotoId) -> Photo:
        """Return a photo; raise PhotoNotFound."""

    def at(self, row: int) -> Photo:
        """Return the photo in a row; raise PhotoNotFound for a row that is deleted or was never used."""

    def rows(self, state: PhotoState | None = None) -> Rows:
        """Return the rows of all photos, or of those in a state: int64 (n,), ascending."""

    def photo_facts(self) -> PhotoFactColumns:
        """Return what all photos say about themselves."""

    def read_bytes(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return the bytes as uploaded; raise PhotoNotFound, or PhotoDamaged if they don't match their checksum.

        With `damaged`, return what stands in their place then, as long as there is anything.
        """

    def read_thumbnail(self, photo_id: PhotoId) -> bytes:
        """Return the thumbnail; raise PhotoNotFound, or PhotoDamaged if it doesn't match its checksum."""

    def delete(self, photo_id: PhotoId) -> Photo:
        """Remove a photo, its features and its job durably and return what it was; raise PhotoNotFound."""

    def features(self, photo_id: PhotoId, model: str) -> Features | None:
        """Return what `model` says of a photo, or None if that isn't computed yet; raise PhotoNotFound."""

    def models(self) -> dict[str, Shapes]:
        """Return the models that have said something of photos, with the shapes that their features have here."""

    def feature_blocks(
        self, model: str, rows_per_block: int = BLOCK_ROWS, among: Rows | None = None
    ) -> Iterator[FeatureTable]:
        """Yield all features of a model by row, in tables of up to so many, each checked against its checksum.

        among: ascending rows, the only ones that are wanted; None for all. Those that came after the first table was
        asked for may be left out; so are damaged ones.
        """

    def embeddings_of(self, rows: Rows, model: str) -> Float32:
        """Return the embeddings of rows in any order, zeros for rows without: float32 (n, width), fast and unchecked.

        Of a model without any features: (n, 0).
        """

    def jobs(self, due: datetime | None = None, limit: int | None = None) -> list[Job]:
        """Return pending jobs, oldest photo first: all, or those that may be tried at `due` (UTC)."""

    def start(self, photo_ids: Sequence[PhotoId]) -> None:
        """Show photos as `processing`, for as long as this process runs; gone ones are skipped."""

    def finish(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features, mark the photos `ready` and drop their jobs in one commit; return the photos.

        Photos that are gone meanwhile are left out. What a model doesn't say of photos is an array without elements,
        for all photos alike; StoreError for features that don't have the shapes that the model's have here.
        """

    def add_features(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features as `finish` does, but leave states and jobs as they are; return the photos."""

    def drop_features(self, model: str) -> int:
        """Forget what a model says of photos and give the room back; return of how many it said something.

        Many photos take several commits, after each of which the rest may be dropped later. States and jobs stay, but
        photos that are `processing` may be shown as `stored` again. The model may say the same things anew.
        """

    def postpone(self, photo_ids: Sequence[PhotoId], not_before: datetime, error: str) -> None:
        """Count an attempt, put the jobs off to `not_before` (UTC) and show the photos as `stored` again."""

    def fail(self, photo_id: PhotoId, error: str) -> None:
        """Give a photo's job up: the photo becomes `failed` with the reason; its bytes stay."""

    def retry(self, photo_id: PhotoId, model: str) -> Photo:
        """Queue a photo's job anew with no attempts counted; raise PhotoNotFound."""

    def info(self) -> StoreInfo:
        """Return facts about the file."""

    def close(self) -> None:
        """Make everything durable and give the file back. Further calls raise StoreError."""
