"""Whole photos out and in: with all that is known of them, so that another gallery needn't find it out anew."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app import imaging
from app.domain import Features, PhotoId, PhotoState, UploadResult
from app.errors import BadFileName
from app.services.known_photos import KnownPhoto, shapes_by, unusable
from app.services.library import Library, Upload
from app.services.outlooks import Outlooks
from app.services.photo_ids import photo_id_of
from app.store.base import Known, Shapes, Store, shapes_of
from model_server.catalogue import ModelCard

MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MODELS_AT_MOST = 32
"""Of how many models features may come in this way; half of what the gallery file has room for."""
LONGEST_ERROR = 1000
"""In characters."""


@dataclass(frozen=True)
class KnownUpload:
    """A file as it was sent, and what another gallery knew of it."""

    filename: str
    data: bytes
    known: KnownPhoto | None = None
    notes: tuple[str, ...] = ()
    """What the person should know of it already."""


@dataclass(frozen=True)
class Restored:
    """What became of one photo."""

    result: UploadResult
    notes: tuple[str, ...]
    """What of the known couldn't be taken over, in plain sentences."""


class Transfer:
    """Takes photos over from other galleries, and gives away what they need."""

    def __init__(self, store: Store, library: Library, outlooks: Outlooks) -> None:
        self._store = store
        self._library = library
        self._outlooks = outlooks

    def features(self, photo_id: PhotoId) -> dict[str, Features]:
        """Return what each model says of a photo; raise PhotoNotFound, or StoreError for damaged features."""
        photo = self._store.get(photo_id)
        found = {model: self._store.features(photo.id, model) for model in self._store.models()}
        return {model: features for model, features in found.items() if features is not None}

    def restore(self, uploads: Sequence[KnownUpload]) -> list[Restored]:
        """Store photos with what was known of them, durably and in one go; return what became of each, in order.

        What doesn't belong to a photo or can't be used is left out, with a note, and the photo is looked at anew. A
        photo that is here already stays as it is. Raises StoreFull if the disk is full; then none was stored.
        """
        notes = [list(upload.notes) for upload in uploads]
        cards = self._outlooks.now.models.cards
        here = {name: shapes_by(card) for name, card in cards.items()} | self._store.models()
        prepared = [self._prepared(upload, here, told) for upload, told in zip(uploads, notes, strict=True)]
        results = self._library.upload(prepared)
        self._make_searchable(prepared, results)
        return [Restored(result, tuple(told)) for result, told in zip(results, notes, strict=True)]

    def _make_searchable(self, uploads: Sequence[Upload], results: Sequence[UploadResult]) -> None:
        new = [
            (result.photo, upload.known.features)
            for upload, result in zip(uploads, results, strict=True)
            if result.photo is not None and not result.duplicate and upload.known is not None
        ]
        self._outlooks.put([photo for photo, _ in new], [features for _, features in new])

    def _prepared(self, upload: KnownUpload, here: dict[str, Shapes], notes: list[str]) -> Upload:
        """Return what the library can store, with what may be believed of the known; add notes on the rest.

        `here` are the models that are known here, with the shapes of what they say; new ones join them.
        """
        known, plain = upload.known, Upload(upload.filename, upload.data)
        if known is None:
            return plain
        if photo_id_of(upload.data) != known.id:
            notes.append("Its bytes aren't those of the photo that it is said to be: it comes in as a new photo.")
            return plain
        features = _admissible(known.features, here, self._outlooks.now.models.cards, notes)
        state = PhotoState.STORED if known.state is PhotoState.PROCESSING else known.state
        missing = self._outlooks.now.models.cards.keys() - features.keys()
        if state is PhotoState.READY and missing:
            notes.append(f"It comes without features by {', '.join(sorted(missing))}, so it is looked at anew.")
            state = PhotoState.STORED
        error = _storable(known.error) if state is PhotoState.FAILED else None
        name = _name(known.name, upload.filename, notes)
        return replace(plain, filename=name, known=Known(known.added_at, state, error, features))


def _admissible(
    features: Mapping[str, Features], here: dict[str, Shapes], cards: Mapping[str, ModelCard], notes: list[str]
) -> dict[str, Features]:
    """Return the features that this gallery has a place for, and names for what those by models in use found."""
    admitted = {}
    for model, found in features.items():
        problem = _problem(model, found, here) or _nameless(found, cards.get(model))
        if problem:
            notes.append(unusable(model, problem))
        else:
            admitted[model] = found
            here[model] = shapes_of(found)
    return admitted


def _problem(model: str, found: Features, here: Mapping[str, Shapes]) -> str | None:
    """Return why features don't fit to what is here, or None."""
    if not MODEL_NAME.fullmatch(model):
        return "no model is called so."
    if model not in here:
        return f"there are features by {len(here)} models here already." if len(here) >= MODELS_AT_MOST else None
    for name, shape in shapes_of(found).items():
        if shape != here[model][name]:
            return f"{name} has the shape {here[model][name]} here, not {shape}."
    return None


def _nameless(found: Features, card: ModelCard | None) -> str | None:
    """Return that a model in use found what it has no name for here, or None."""
    highest = int(found.detections[:, 0].max(initial=0))
    if card is not None and highest > len(card.labels):
        return f"it found an object of class {highest}, but has {len(card.labels)} labels here."
    return None


def _name(name: str, filename: str, notes: list[str]) -> str:
    try:
        return imaging.check_name(name)
    except BadFileName as error:
        notes.append(f"It keeps the name of its file: {error.message}")
        return filename


def _storable(error: str | None) -> str | None:
    """Return a reason as the gallery file can hold it."""
    if error is None:
        return None
    return error[:LONGEST_ERROR].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
