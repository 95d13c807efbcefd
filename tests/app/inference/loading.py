"""Waiting for a model server to load its models."""

from app.errors import ModelServerUnavailable
from app.inference.base import ModelClient, ModelState
from model_server.catalogue import ModelCard
from tests.waiting import wait_until


def wait_until_loaded(client: ModelClient, model: ModelCard) -> None:
    """Return as soon as the server has `model`."""

    def loaded() -> bool:
        try:
            return client.status(model).state is ModelState.LOADED
        except ModelServerUnavailable:
            return False

    wait_until(loaded, timeout_s=120, what=f"that {model.name} is loaded")
