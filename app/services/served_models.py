"""What the model server says of each model of the catalogue; no page waits for a server that is slow to say."""

import threading
from collections.abc import Sequence

from app.domain import PartState
from app.errors import InferenceError
from app.inference.base import ModelClient
from app.services.model_server_watch import STATES
from app.services.model_set import name_of
from model_server.catalogue import ModelCard

PATIENCE_S = 0.5
"""How long a caller waits for an answer; then it gets the one before."""

States = dict[str, PartState]


class ServedModels:
    """Asks on a thread of its own whenever somebody wants to know; every method may be called from any thread."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._starting = threading.Lock()
        self._asking: threading.Thread | None = None
        self._states: States = {}

    def states(self, cards: Sequence[ModelCard]) -> States:
        """Return how each model is, by its name with the version, as far as the server has answered."""
        with self._starting:
            if self._asking is None or not self._asking.is_alive():
                self._asking = threading.Thread(target=self._ask, args=(cards,), name="served-models", daemon=True)
                self._asking.start()
            asking = self._asking
        asking.join(PATIENCE_S)
        return self._states

    def _ask(self, cards: Sequence[ModelCard]) -> None:
        states: States = {}
        for card in cards:
            try:
                states[name_of(card)] = STATES.get(self._client.status(card).state, PartState.DOWN)
            except InferenceError:
                break
        self._states = states
