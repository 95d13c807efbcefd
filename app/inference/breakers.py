"""A circuit breaker for each model: one may fail for itself while the others work."""

import threading

from app.inference.base import ModelClient
from app.inference.circuit_breaker import CircuitBreaker
from model_server.catalogue import ModelCard


class Breakers:
    """Makes them as they are needed; may be used from any thread."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], CircuitBreaker] = {}

    @property
    def opened(self) -> int:
        """How many times any of them has opened."""
        with self._lock:
            return sum(breaker.opened for breaker in self._known.values())

    def of(self, card: ModelCard) -> CircuitBreaker:
        """Return the breaker before one version of a model."""
        with self._lock:
            return self._known.setdefault((card.name, card.version), CircuitBreaker(self._client))
