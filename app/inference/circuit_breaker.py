"""Spares a model server that fails further calls, and callers the wait for it, until it has proved to be back."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.domain import Bytes8
from app.errors import InferenceError, ModelOutOfMemory, ModelServerUnavailable
from app.inference.base import ModelClient, ModelOutput, ModelStatus
from model_server.catalogue import ModelCard

OPENS_AFTER = 3
"""Failures one after another."""
SILENT_S = 1.0
"""A call that failed only after this long opens the breaker at once: the next would wait as long."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    """They do."""
    HALF_OPEN = "half open"
    """One does, to find out whether the server is back."""
    OPEN = "open"
    """None does."""


@dataclass(frozen=True)
class Pass:
    """The leave to make one call; what becomes of it counts only while the breaker is as it was then."""

    generation: int
    since: float


class CircuitBreaker:
    """A `ModelClient` before another one that refuses calls at once while the server is known to be unusable.

    It opens after failures of its own, or when `trip` is called, and closes after a call that went well, or when
    `reset` is called. While it is open, one call at a time is let through after pauses that double. A call that the
    server answered, but not usably, opens nothing: it may be the picture's fault. Status calls always go through.
    """

    def __init__(self, client: ModelClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._generation = 0
        self._failures = 0
        self._pause_s = 0.0
        self._opened_at = 0.0
        self._reason = ""
        self._opened = 0
        self._answered_at = -math.inf

    @property
    def state(self) -> BreakerState:
        """Whether calls go through right now."""
        with self._lock:
            return self._state

    @property
    def opened(self) -> int:
        """How many times it has opened."""
        return self._opened

    @property
    def answered_at(self) -> float:
        """When a call last went well, by `time.monotonic`; minus infinity before the first."""
        return self._answered_at

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`.

        Raises ModelServerUnavailable at once, with the reason, while the breaker is open.
        """
        leave = self._enter()
        try:
            output = self._client.predict(model, images, deadline_s)
        except ModelOutOfMemory as error:
            self._not_proved(leave, error)
            raise
        except ModelServerUnavailable as error:
            self._failed(leave, error)
            raise
        except InferenceError as error:
            self._not_proved(leave, error)
            raise
        except BaseException:
            self._not_proved(leave, None)
            raise
        self._answered_at = self._clock()
        self.reset()
        return output

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask the server itself, whatever the breaker's state."""
        return self._client.status(model)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def reset(self) -> None:
        """Let calls through: the server has proved to work."""
        with self._lock:
            self._failures, self._pause_s = 0, 0.0
            self._turn(BreakerState.CLOSED)

    def trip(self, reason: str) -> None:
        """Let no call through for now, for a reason in one sentence."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                self._open(reason)
            else:
                self._reason = reason

    def _enter(self) -> Pass:
        with self._lock:
            now = self._clock()
            waited_s = now - self._opened_at
            if self._state is BreakerState.OPEN and waited_s >= self._pause_s:
                self._turn(BreakerState.HALF_OPEN)
            elif self._state is not BreakerState.CLOSED:
                raise ModelServerUnavailable(
                    f"{self._reason} It is asked again as soon as it works.",
                    retry_after_s=round(max(self._pause_s - waited_s, 0.0), 1),
                )
            return Pass(self._generation, now)

    def _failed(self, leave: Pass, error: ModelServerUnavailable) -> None:
        with self._lock:
            if leave.generation != self._generation:
                return
            self._failures += 1
            silent = self._clock() - leave.since >= SILENT_S
            if self._state is BreakerState.HALF_OPEN or silent or self._failures >= OPENS_AFTER:
                self._open(error.message)

    def _not_proved(self, leave: Pass, error: InferenceError | None) -> None:
        """Open again after a probe that doesn't tell whether the server works."""
        with self._lock:
            if leave.generation == self._generation and self._state is BreakerState.HALF_OPEN:
                self._open(error.message if error else self._reason)

    def _open(self, reason: str) -> None:
        self._reason = reason
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._opened_at = self._clock()
        self._opened += 1
        self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        if state is not self._state:
            self._state = state
            self._generation += 1
