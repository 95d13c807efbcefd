"""Stands before a model in an older version, which not every model server has any more."""

from collections.abc import Callable

from app.domain import Bytes8
from app.errors import ModelServerUnavailable
from app.inference.base import ModelClient, ModelOutput, ModelStatus
from model_server.catalogue import ModelCard


class OutdatedModelClient:
    """A `ModelClient` before another one that refuses pictures at once while the model's version isn't served."""

    def __init__(self, client: ModelClient, is_served: Callable[[], bool]) -> None:
        self._client = client
        self._is_served = is_served

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`."""
        if not self._is_served():
            raise ModelServerUnavailable(
                f"All photos are being looked at anew, by a newer version of {model.name}. Until then nothing can "
                "be searched with a picture from outside or a part of a photo; all other searches go on. It can "
                f"where the model server has version {model.version} too."
            )
        return self._client.predict(model, images, deadline_s)

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask whether the server has `model`; see `ModelClient.status`."""
        return self._client.status(model)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
