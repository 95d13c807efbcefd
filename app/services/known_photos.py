"""What is known of a photo, in the form in which it moves from one gallery to another."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import MAX_OBJECTS, OBJECT_FIELDS, Features, PhotoId, PhotoState
from app.errors import BadParameter
from app.store.base import Shapes
from model_server.catalogue import ModelCard

TAG_CLASSES = 1000
SHAPES: dict[str, tuple[int, ...]] = {
    "detections": (MAX_OBJECTS, OBJECT_FIELDS),
    "word_vector": (50,),
    "tag_ids": (10,),
    "tag_probabilities": (10,),
}
"""Those of the arrays that are as long for every model; what a model doesn't say has no elements."""
LONGEST = {"embedding": 16_384, "label_scores": 10_000}
FIELDS = tuple(one.name for one in fields(Features))
FIELDS_OF_OUTPUT = {
    "detections": ("detections", "word_vector"),
    "embedding": ("embedding",),
    "probabilities": ("tag_ids", "tag_probabilities"),
    "label_scores": ("label_scores",),
}
LARGEST_NUMBER = 1e6
"""No model says more: unit vectors, probabilities, and pixels of its input."""
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC)
INTEGERS = frozenset({"tag_ids"})

Lists = dict[str, object]
"""Features as JSON carries them: each field's numbers as nested lists. They come back as the very same float32."""


@dataclass(frozen=True)
class KnownPhoto:
    """What an export or another gallery says of a photo."""

    id: PhotoId
    name: str
    added_at: datetime
    """With a zone."""
    state: PhotoState
    error: str | None = None
    features: Mapping[str, Features] = field(default_factory=dict)
    """By model."""


def lists_of(features: Features) -> Lists:
    """Return features for JSON."""
    return {name: getattr(features, name).tolist() for name in FIELDS}


def features_of(arrays: Mapping[str, object]) -> Features:
    """Return features from arrays or from what `lists_of` made; raise BadParameter if they can't be a photo's."""
    missing = [name for name in FIELDS if name not in arrays]
    if missing:
        raise BadParameter(f"There is no {', '.join(missing)}.")
    read: dict[str, Any] = {name: _array(name, arrays[name]) for name in FIELDS}
    features = Features(**read)
    _check(features)
    return features


def read_features(by_model: Mapping[str, object]) -> tuple[dict[str, Features], list[str]]:
    """Return what each model says of a photo, and for each whose features can't be used a sentence that says why."""
    found: dict[str, Features] = {}
    notes: list[str] = []
    for model, arrays in by_model.items():
        try:
            found[model] = features_of(arrays if isinstance(arrays, Mapping) else {})
        except BadParameter as error:
            notes.append(unusable(model, error.message))
    return found, notes


def unusable(model: str, why: str) -> str:
    """Return the sentence that says why a model's features aren't taken over."""
    return f"Its features by {model[:64]} can't be used: {why}"


def moment_of(text: str) -> datetime:
    """Read a moment in ISO 8601, taken as UTC where it has no zone; raise BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(f"{text[:40]!r} is no moment in ISO 8601, such as 2026-05-17T09:30:00+00:00.") from error
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_MOMENT <= zoned <= LAST_MOMENT:
        raise BadParameter(f"{text[:40]!r} lies before 1970 or after 9998.")
    return zoned.astimezone(UTC)


def shapes_by(card: ModelCard) -> Shapes:
    """Return the shapes of what a model says of a photo."""
    whole = SHAPES | {"embedding": (card.embedding_width,), "label_scores": (len(card.labels),)}
    said = {field for output in card.outputs for field in FIELDS_OF_OUTPUT.get(output, ())}
    return {field: whole[field] if field in said else (0, *whole[field][1:]) for field in FIELDS}


def _array(name: str, numbers: object) -> NDArray[np.generic]:
    """Return one field as an array of its type; raise BadParameter for what isn't made of such numbers."""
    try:
        array = np.asarray(numbers)
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadParameter(f"{name} is no regular list of numbers.") from error
    if not array.size:
        array = np.zeros((0, *SHAPES.get(name, ())[1:]), np.int32)
    wanted = "iu" if name in INTEGERS else "iuf"
    if array.dtype.kind not in wanted:
        raise BadParameter(f"{name} doesn't hold {'whole numbers' if name in INTEGERS else 'numbers'} only.")
    if array.size and not np.all(np.abs(array.astype(np.float64)) <= LARGEST_NUMBER):  # not a number fails too
        raise BadParameter(f"{name} holds a number that is infinite, no number or beyond {LARGEST_NUMBER:,.0f}.")
    return array.astype(np.int32 if name in INTEGERS else np.float32)


def _check(features: Features) -> None:
    for name, shape in SHAPES.items():
        own = getattr(features, name).shape
        if own not in (shape, (0, *shape[1:])):
            raise BadParameter(f"{name} has the shape {own}, not {shape}.")
    for name, most in LONGEST.items():
        own = getattr(features, name).shape
        if len(own) != 1 or own[0] > most:
            raise BadParameter(f"{name} has the shape {own}, not up to {most:,} numbers.")
    if not any(getattr(features, name).size for name in FIELDS):
        raise BadParameter("they say nothing of the photo.")
    class_ids, most_labels = features.detections[:, 0], len(features.label_scores) or LONGEST["label_scores"]
    if np.any((class_ids != np.round(class_ids)) | (class_ids < 0) | (class_ids > most_labels)):
        raise BadParameter(f"detections hold a class_id that isn't one of 0 to {most_labels}.")
    if np.any((features.tag_ids < 0) | (features.tag_ids >= TAG_CLASSES)):
        raise BadParameter(f"tag_ids hold one that isn't among 0 to {TAG_CLASSES - 1}.")
