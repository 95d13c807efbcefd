"""What the gallery asks of a model server."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain import Bytes8, Float32
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class ModelOutput:
    """What a model says of n pictures; an output that isn't of its roles is None.

    detections: float32 (n, 20, 6), class_id confidence xmin ymin xmax ymax, boxes in pixels of the model input, most
        confident first, rows of zeros at the end; class_id is a whole number, 0 in the rows of zeros.
    embedding: float32 (n, width of the model), not normalised.
    probabilities: float32 (n, tag classes), 0..1.
    label_scores: float32 (n, labels), 0..1; column k - 1 belongs to class_id k.
    """

    version: int
    """The version of the model that answered."""
    detections: Float32 | None = None
    embedding: Float32 | None = None
    probabilities: Float32 | None = None
    label_scores: Float32 | None = None


class ModelState(StrEnum):
    """How far a model is on its server."""

    LOADED = "loaded"
    LOADING = "loading"
    FAILED = "failed"
    OTHER_VERSION = "another version"
    """The server has the model, but not in the version that the card names."""
    UNKNOWN = "unknown"
    """The server has never heard of it."""


@dataclass(frozen=True)
class ModelStatus:
    """How a model is on its server; `version` is the card's if it is loaded, or else the newest spoken of."""

    state: ModelState
    version: int | None
    message: str
    """One plain sentence."""


class ModelClient(Protocol):
    """A model server as the gallery sees it; every call has a deadline and may come from any thread."""

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3) RGB of the size that its card names, n from 1.

        It answers within `deadline_s`, if given, or else within a time of the client's own. Only the version that the
        card names answers: features of different versions can't be compared.

        Raises ModelServerUnavailable (the same call may work later), ModelRejectedInput (it won't) or
        ModelOutputInvalid (the answer can't be used); ValueError for images of another shape or type.
        """

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask whether the server has `model`; raise ModelServerUnavailable if it doesn't answer."""

    def close(self) -> None:
        """Let go of the connection."""
