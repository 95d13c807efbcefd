"""What the commands need of a gallery, whichever way it is reached."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.domain import Features, KeywordMode, PhotoId, SimilarityMethod
from app.services.known_photos import KnownPhoto

Json = dict[str, Any]
"""An answer in the shape of the HTTP API, version 1."""

Progress = Callable[[int, int], None]
"""Told how much is done of how much."""


@dataclass(frozen=True)
class PhotoFile:
    """A photo on its way into the gallery."""

    filename: str
    data: bytes
    known: KnownPhoto | None = None
    """What another gallery knew of it."""
    notes: tuple[str, ...] = ()
    """What the person should know of it already."""


class Gateway(Protocol):
    """A gallery, over HTTP or on its file. Every method may raise GalleryError."""

    def upload(self, files: Sequence[PhotoFile]) -> list[Json]:
        """Store photos; return what became of each, in order: id, state and duplicate, or an error.

        Where something was known of the photos, `notes` say what of it couldn't be taken over.
        """

    def photos(self) -> Iterator[Json]:
        """Return all photos, newest first, as lists show them."""

    def details(self, photo_id: PhotoId) -> Json:
        """Return all that is known of a photo; raise PhotoNotFound."""

    def original(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return a photo's bytes as uploaded; raise PhotoNotFound, or PhotoDamaged unless `damaged` ones will do."""

    def features(self, photo_id: PhotoId) -> dict[str, Features]:
        """Return what each model says of a photo; raise PhotoNotFound, or StoreError for damaged features."""

    def thumbnail(self, photo_id: PhotoId, size_px: int) -> bytes:
        """Return a WebP thumbnail; raise PhotoNotFound."""

    def search(self, words: str, mode: KeywordMode, limit: int) -> Json:
        """Find photos by words; raise QueryError or UnknownWordsError."""

    def like_photo(self, photo_id: PhotoId, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like a stored one; raise PhotoNotFound or PhotoNotReady."""

    def like_picture(self, file: PhotoFile, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like one from outside; raise BadInput or ModelServerUnavailable."""

    def searches(self) -> list[Json]:
        """Return the saved searches, oldest first."""

    def save_search(self, name: str, search: object) -> None:
        """Save a search; raise GalleryError for one that can't be done."""

    def status(self) -> Json:
        """Return `running`, `ready` and each of the `parts` with its state and message."""

    def models(self) -> Json:
        """Return the models in `items`, and how far the `change` between them is."""

    def drop_features(self, name: str) -> Json:
        """Forget what a model says of photos; return its name and their number.

        Raises ModelNotFound or BadParameter.
        """

    def change_models(self, action: str, name: str | None) -> Json:
        """Begin (`activate`, with the model's name), `pause`, `resume` or undo (`rollback`) a change; return it.

        Raises ModelNotFound, BadParameter or ModelServerUnavailable.
        """

    def verify(self, progress: Progress) -> Json:
        """Check everything stored; return `whole`, the `damages` and how many photos are `queued` therefore."""

    def compact(self, progress: Progress) -> Json:
        """Give unused room back to the file system; return `freed_bytes`."""

    def backup(self, path: Path, progress: Progress) -> Json:
        """Copy the gallery file to `path`, which must not exist; return `size_bytes`."""
