"""How a query that is being typed may go on, the labels that many photos carry first."""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

import numpy as np

from app.services.feature_index import FeatureIndex
from app.text.suggest import MOST, Suggester, Suggestion
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard

COUNTED_FOR_S = 5.0
"""So long the photos that carry each label aren't counted again."""


class Suggestions:
    """Completes queries with what this gallery holds."""

    def __init__(
        self, card: ModelCard, words: WordVectors, index: FeatureIndex, clock: Callable[[], float] = monotonic
    ) -> None:
        self._labels = card.labels
        self._index = index
        self._clock = clock
        self._suggester = Suggester(card.labels, [tag.name for tag in card.tag_classes], words)
        self._lock = threading.Lock()
        self._photos: Mapping[str, int] = {}
        self._counted_until_s = -np.inf

    def suggest(self, text: str, cursor: int | None = None, limit: int = MOST) -> tuple[Suggestion, ...]:
        """Return up to `limit` ways to go on at the cursor (0..len(text), the end if None), the likeliest first."""
        return self._suggester.suggest(text, cursor, limit, self._carried())

    def _carried(self) -> Mapping[str, int]:
        """Return how many photos hold an object of each label, a few seconds old at most."""
        with self._lock:
            if self._clock() >= self._counted_until_s:
                self._photos = self._count()
                self._counted_until_s = self._clock() + COUNTED_FOR_S
            return self._photos

    def _count(self) -> Mapping[str, int]:
        classes = self._index.things.snapshot().classes
        return {self._labels[class_id - 1]: len(np.unique(things.rows)) for class_id, things in classes.items()}
