"""Photos like a photo: how alike all of them are, and why, by each method."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from app.domain import (
    MAX_OBJECTS,
    MODEL_INPUT_PX,
    OBJECT_FIELDS,
    Features,
    Float32,
    Photo,
    PlacedBox,
    Reason,
    SimilarityMethod,
)
from app.errors import BadParameter
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

    detections: float32 (objects, 6), its objects. embedding: float32 (width,), None for things placed by hand.
    signals: of each method that was used, float (n_rows,), how alike each photo is, by row.
    scores: float (n_rows,), what the method asked for makes of them; 0 for rows without features.
    """

    detections: Float32
    embedding: Float32 | None
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
            return Comparison(features.detections, features.embedding, method, signals, fused(signals))
        scores = self._signal(features, method)
        return Comparison(features.detections, features.embedding, method, {method: scores}, scores)

    def compare_placed(self, boxes: Sequence[PlacedBox]) -> Comparison:
        """Compare things placed by hand with where things stand in all photos; raise BadParameter."""
        if not 1 <= len(boxes) <= MAX_OBJECTS:
            raise BadParameter(f"Place 1 to {MAX_OBJECTS} boxes, not {len(boxes)}.", parameter="boxes")
        detections = np.zeros((len(boxes), OBJECT_FIELDS), dtype=np.float32)
        for row, placed in zip(detections, boxes, strict=True):
            row[:2] = self._class_id(placed.label), 1.0
            row[2:] = [MODEL_INPUT_PX * corner for corner in placed.box.as_list()]
        scores = self._index.layouts.similarities(detections)
        layout = SimilarityMethod.LAYOUT
        return Comparison(detections, None, layout, {layout: scores}, scores)

    def best(self, comparison: Comparison, limit: int, exclude: Sequence[int] = ()) -> Ranked:
        """Return the photos most alike, without `exclude`; equal ones by row."""
        if comparison.method is SimilarityMethod.EMBEDDING and comparison.embedding is not None:
            return self._index.embeddings.top(comparison.embedding, limit, exclude)
        return top(comparison.scores, limit, exclude=exclude)

    def explain(self, comparison: Comparison, photo: Photo) -> tuple[Reason, ...]:
        """Return why a photo is like the one compared; nothing if its features are gone meanwhile."""
        features = self._store.features(photo.id, self._card.name)
        if features is None:
            return ()
        own, other = comparison.detections, features.detections
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

    def _class_id(self, label: str) -> int:
        wanted = label.strip().lower()
        if wanted not in self._card.labels:
            near = get_close_matches(wanted, self._card.labels, n=3)
            advice = f"Did you mean {' or '.join(near)}?" if near else f"Labels are: {', '.join(self._card.labels)}."
            raise BadParameter(f"No object is called {label[:80]!r}. {advice}", parameter="label", near=near)
        return self._card.labels.index(wanted) + 1

    def _label(self, class_id: int) -> str:
        return self._card.labels[class_id - 1]


def at_row(scores: Scores, row: int) -> float:
    """Return a row's score; rows past the end have none."""
    return float(scores[row]) if row < len(scores) else 0.0
