"""Asks the model server every second how it is, so that no page and no call has to wait for it.

What it says of itself isn't enough: at the start, at every return, whenever calls have failed and now and then while
nothing else asks it, the model must look at a black picture, and its answer must be usable.
"""

import logging
import threading
import time
from collections.abc import Callable

from app.domain import Part, PartState
from app.errors import InferenceError
from app.inference.base import ModelClient, ModelState
from app.inference.circuit_breaker import BreakerState, CircuitBreaker
from app.inference.proof import prove
from model_server.catalogue import ModelCard

log = logging.getLogger(__name__)

NAME = "model_server"
CHECK_EVERY_S = 1.0
CHECK_EVERY_WHILE_AWAY_S = 0.2
PROOF_EVERY_S = 30.0
"""An answer as old as this proves nothing any more."""
STATES = {ModelState.LOADED: PartState.READY, ModelState.LOADING: PartState.STARTING}


class ModelServerWatch:
    """One thread that knows how the model server is, works a breaker by it, and tells `on_return` when it is back."""

    def __init__(
        self,
        client: ModelClient,
        card: Callable[[], ModelCard],
        breaker_of: Callable[[ModelCard], CircuitBreaker],
        on_return: Callable[[], None],
        ask_first: Callable[[], None] = lambda: None,
    ) -> None:
        """`card` returns the model that new photos come to first, once `ask_first` has asked what that takes."""
        self._client = client
        self._card = card
        self._breaker_of = breaker_of
        self._on_return = on_return
        self._ask_first = ask_first
        self._was_ready = False
        self._proved: bool | None = None
        """Whether the last check had the model prove itself, and whether it did; None if that wasn't due."""
        self._proved_at = 0.0
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
        """Ask once, and have the model prove itself where that is due."""
        self._ask_first()
        card = self._card()
        breaker = self._breaker_of(card)
        before, was_closed = self._part.state, breaker.state is BreakerState.CLOSED
        self._proved = None
        self._part = part = self._ask(card, breaker)
        if part.state is PartState.READY:
            self._was_ready = True
        else:
            breaker.trip(part.message)
        if part.state is not before:
            log.info("model server: %s: %s", part.state, part.message)
        if self._proved:
            breaker.reset()
            if before is not PartState.READY or not was_closed:
                self._on_return()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.check()
            silent = self._part.state is not PartState.READY and self._proved is None
            self._stopping.wait(CHECK_EVERY_WHILE_AWAY_S if silent else CHECK_EVERY_S)

    def _ask(self, card: ModelCard, breaker: CircuitBreaker) -> Part:
        try:
            status = self._client.status(card)
        except InferenceError as error:
            # Before its first answer it is only late: loading TensorFlow and the model takes seconds.
            return self._described(PartState.DOWN if self._was_ready else PartState.STARTING, error.message)
        state = STATES.get(status.state, PartState.DOWN)
        facts = {"version": status.version or 0}
        if state is PartState.READY and self._proof_is_due(breaker):
            try:
                prove(self._client, card)
                self._proved = True
                self._proved_at = time.monotonic()
            except InferenceError as error:
                self._proved = False
                return self._described(PartState.DOWN, error.message, **facts)
        return self._described(state, status.message, **facts)

    def _proof_is_due(self, breaker: CircuitBreaker) -> bool:
        works = self._part.state is PartState.READY and breaker.state is BreakerState.CLOSED
        answered_at = max(self._proved_at, breaker.answered_at)
        return not works or time.monotonic() - answered_at >= PROOF_EVERY_S

    def _described(self, state: PartState, message: str, **facts: int) -> Part:
        return Part(NAME, state, message, {"model": self._card().name, **facts})
