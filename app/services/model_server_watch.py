"""Asks the model server every second how it is, so that no page and no call has to wait for it."""

import logging
import threading
from collections.abc import Callable

from app.domain import Part, PartState
from app.errors import InferenceError
from app.inference.base import ModelClient, ModelState
from model_server.catalogue import ModelCard

log = logging.getLogger(__name__)

NAME = "model_server"
CHECK_EVERY_S = 1.0
CHECK_EVERY_WHILE_AWAY_S = 0.2
STATES = {ModelState.LOADED: PartState.READY, ModelState.LOADING: PartState.STARTING}


class ModelServerWatch:
    """One thread that knows how the model server is, and tells `on_return` when it is back."""

    def __init__(self, client: ModelClient, card: ModelCard, on_return: Callable[[], None]) -> None:
        self._client = client
        self._card = card
        self._on_return = on_return
        self._was_ready = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-server-watch", daemon=True)
        self._part = self._described(PartState.DOWN, "The gallery isn't running, and so no model server is either.")

    @property
    def part(self) -> Part:
        """How the model server was when it was asked last."""
        return self._part

    def start(self) -> None:
        """Begin asking in the background."""
        self._part = self._described(PartState.STARTING, "The model server is starting.")
        self._thread.start()

    def stop(self) -> None:
        """Stop asking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Ask once."""
        before = self._part.state
        self._part = self._ask()
        if self._part.state is PartState.READY:
            self._was_ready = True
        if self._part.state is not before:
            log.info("model server: %s: %s", self._part.state, self._part.message)
            if self._part.state is PartState.READY:
                self._on_return()

    def _run(self) -> None:
        ready = False
        while not self._stopping.wait(CHECK_EVERY_S if ready else CHECK_EVERY_WHILE_AWAY_S):
            self.check()
            ready = self._part.state is PartState.READY

    def _ask(self) -> Part:
        try:
            status = self._client.status(self._card)
        except InferenceError as error:
            # Before its first answer it is only late: loading TensorFlow and the model takes seconds.
            return self._described(PartState.DOWN if self._was_ready else PartState.STARTING, error.message)
        return self._described(STATES.get(status.state, PartState.DOWN), status.message, version=status.version or 0)

    def _described(self, state: PartState, message: str, **facts: int) -> Part:
        return Part(NAME, state, message, {"model": self._card.name, **facts})
