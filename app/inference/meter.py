"""Counts what a model server is asked: how long it takes, how many pictures at once, and how calls end."""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain import Bytes8
from app.errors import InferenceError
from app.inference.base import ModelClient, ModelOutput, ModelStatus
from model_server.catalogue import ModelCard

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


@dataclass(frozen=True)
class HistogramCounts:
    """How many values were at most each bound; `below` is cumulative, and one longer than `bounds`: all values."""

    bounds: tuple[float, ...]
    below: tuple[int, ...]
    total: float
    """The sum of all values."""


@dataclass(frozen=True)
class CallCounts:
    """All calls to predict so far."""

    seconds: HistogramCounts
    rows: HistogramCounts
    endings: Mapping[str, int]
    """`ok`, or an error's code, to how many calls ended so."""


class MeteredClient:
    """A `ModelClient` before another one that counts its calls."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._seconds = _Histogram(SECONDS)
        self._rows = _Histogram(ROWS)
        self._endings: Counter[str] = Counter()

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`."""
        started, ending = time.perf_counter(), "error"
        try:
            output = self._client.predict(model, images, deadline_s)
            ending = "ok"
            return output
        except InferenceError as error:
            ending = error.code
            raise
        finally:
            with self._lock:
                self._seconds.add(time.perf_counter() - started)
                self._rows.add(len(images))
                self._endings[ending] += 1

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask whether the server has `model`; not counted."""
        return self._client.status(model)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def counts(self) -> CallCounts:
        """Return what was counted so far."""
        with self._lock:
            return CallCounts(self._seconds.counts(), self._rows.counts(), dict(self._endings))


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def counts(self) -> HistogramCounts:
        below, so_far = [], 0
        for count in self._counts:
            so_far += count
            below.append(so_far)
        return HistogramCounts(self._bounds, tuple(below), self._total)
