"""Stands for a model in an older version, which no model server has any more."""

from app.domain import Bytes8
from app.errors import ModelServerUnavailable
from app.inference.base import ModelOutput, ModelState, ModelStatus
from model_server.catalogue import ModelCard


class OutdatedModelClient:
    """A `ModelClient` that refuses at once what would have to be looked at by the older version."""

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Raise ModelServerUnavailable."""
        raise ModelServerUnavailable(
            f"All photos are being looked at anew, by a newer version of {model.name}. Until then nothing can "
            "be searched with a picture from outside or a part of a photo; all other searches go on."
        )

    def status(self, model: ModelCard) -> ModelStatus:
        """Tell that another version is there."""
        return ModelStatus(ModelState.OTHER_VERSION, None, f"Version {model.version} of {model.name} is outdated.")

    def close(self) -> None:
        """Let go of nothing."""
