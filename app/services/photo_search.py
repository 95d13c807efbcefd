"""Photos like a photo: how alike all of them are, and why, by each method."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Photo, Reason, SimilarityMethod
from app.search.fusion import fused
from app.search.ranking import Ranked, top
from app.search.reasons import explain_embedding, explain_hybrid, explain_layout, explain_ssd
from app.services.feature_index import FeatureIndex
from app.store.base import Store
from model_server.catalogue import ModelCard

Scores = NDArray[np.floating]

SIGNALS = (SimilarityMethod.EMBEDDING, SimilarityMethod.LAYOUT, SimilarityMethod.SSD)
"""What a hybrid is made of."""


@dataclass(frozen=True)
class Comparison:
    """A photo compared with all others.

    signals: of each method that was used, float (n_rows,), how alike each photo is, by row.
    scores: float (n_rows,), what the method asked for makes of them; 0 for rows without features.
    """

    features: Features
    method: SimilarityMethod
    signals: dict[SimilarityMethod, Scores]
    scores: Scores


class PhotoSearch:
    """Compares a photo with all others."""

    def __init__(self, store: Store, card: ModelCard, index: FeatureIndex) -> None:
        self._store = store
        self._card = card
        self._index = index

    def compare(self, features: Features, method: SimilarityMethod) -> Comparison:
        """Compare a photo with these features with all others."""
        if method is SimilarityMethod.HYBRID:
            signals = {signal: self._signal(features, signal) for signal in SIGNALS}
            return Comparison(features, method, signals, fused(signals))
        scores = self._signal(features, method)
        return Comparison(features, method, {method: scores}, scores)

    def best(self, comparison: Comparison, limit: int, exclude: Sequence[int] = ()) -> Ranked:
        """Return the photos most alike, without `exclude`; equal ones by row."""
        if comparison.method is SimilarityMethod.EMBEDDING:
            return self._index.embeddings.top(comparison.features.embedding, limit, exclude)
        return top(comparison.scores, limit, exclude=exclude)

    def explain(self, comparison: Comparison, photo: Photo) -> tuple[Reason, ...]:
        """Return why a photo is like the one compared; nothing if its features are gone meanwhile."""
        features = self._store.features(photo.id, self._card.name)
        if features is None:
            return ()
        own, other = comparison.features.detections, features.detections
        match comparison.method:
            case SimilarityMethod.EMBEDDING:
                return explain_embedding(at_row(comparison.scores, photo.row))
            case SimilarityMethod.SSD:
                return explain_ssd(own, other, self._label)
            case SimilarityMethod.LAYOUT:
                return explain_layout(own, other, self._label)
            case SimilarityMethod.HYBRID:
                shares = {signal: at_row(scores, photo.row) for signal, scores in comparison.signals.items()}
                return (*explain_hybrid(shares), *explain_layout(own, other, self._label))

    def _signal(self, features: Features, method: SimilarityMethod) -> Scores:
        if method is SimilarityMethod.EMBEDDING:
            return self._index.embeddings.similarities(features.embedding)
        if method is SimilarityMethod.SSD:
            return self._index.objects.similarities(features.detections)
        return self._index.layouts.similarities(features.detections)

    def _label(self, class_id: int) -> str:
        return self._card.labels[class_id - 1]


def at_row(scores: Scores, row: int) -> float:
    """Return a row's score; rows past the end have none."""
    return float(scores[row]) if row < len(scores) else 0.0
