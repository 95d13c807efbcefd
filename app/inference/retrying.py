"""Calls for somebody who waits: soon answered, and tried again where that helps within the time that they have."""

import random
import time
from collections.abc import Callable

from app.domain import Bytes8
from app.errors import ModelServerUnavailable
from app.inference.base import ModelClient, ModelOutput, ModelStatus
from model_server.catalogue import ModelCard

BUDGET_S = 10.0
"""How long a person waits for one search, all tries together."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
TRIES = 4


class RetryingClient:
    """A `ModelClient` before another one that tries a call again when the server can't take it just now.

    Pauses double and are drawn at random below that, so that callers who were refused together don't return together.
    """

    def __init__(
        self,
        client: ModelClient,
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._budget_s = budget_s
        self._clock = clock
        self._sleep = sleep

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`.

        Raises ModelServerUnavailable when tries or time are used up, and at once where the error tells that a server
        isn't asked for now.
        """
        end = self._clock() + (self._budget_s if deadline_s is None else deadline_s)
        longest_s = FIRST_PAUSE_S
        for further_tries in reversed(range(TRIES)):
            try:
                return self._client.predict(model, images, max(end - self._clock(), 0.001))
            except ModelServerUnavailable as error:
                pause_s = random.uniform(longest_s / 2, longest_s)  # noqa: S311 - no secret
                if not further_tries or "retry_after_s" in error.detail or self._clock() + pause_s >= end:
                    raise
            self._sleep(pause_s)
            longest_s = min(2 * longest_s, LONGEST_PAUSE_S)
        raise AssertionError("the last try returns or raises")

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask whether the server has `model`; see `ModelClient.status`."""
        return self._client.status(model)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
