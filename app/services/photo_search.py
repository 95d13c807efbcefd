"""Photos like a photo: how alike all of them are, and why, by each method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

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
from app.search.fusion import HYBRID_WEIGHTS, fused
from app.search.joining import joined, known, score_at
from app.search.ranking import Bounds, Ranked, top_bounded
from app.search.reasons import explain_embedding, explain_hybrid, explain_layout, explain_ssd
from app.services.feature_index import FeatureIndex
from app.services.stored_features import FeaturesOf
from model_server.catalogue import ModelCard

SIGNALS = (SimilarityMethod.EMBEDDING, SimilarityMethod.LAYOUT, SimilarityMethod.SSD)
"""What a hybrid is made of."""


@dataclass(frozen=True)
class Comparison:
    """A photo compared with all others.

    detections: float32 (objects, 6), its objects.
    signals: how alike each photo is, by row, by each method that was used.
    scores: what the method asked for makes of them; rows without features have 0 or less.
    weights: what each signal of a hybrid counts.
    """

    detections: Float32
    method: SimilarityMethod
    signals: dict[SimilarityMethod, Bounds]
    scores: Bounds
    weights: Mapping[SimilarityMethod, float] = field(default_factory=lambda: HYBRID_WEIGHTS)


class PhotoSearch:
    """Compares a photo with all others."""

    def __init__(self, features_of: FeaturesOf, card: ModelCard, index: FeatureIndex) -> None:
        self._features_of = features_of
        self._card = card
        self._index = index

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the things that the model knows, in its order."""
        return tuple(self._card.labels)

    def compare(
        self,
        features: Features,
        method: SimilarityMethod,
        weights: Mapping[SimilarityMethod, float] | None = None,
        *,
        alone: bool = False,
    ) -> Comparison:
        """Compare a photo with these features with all others; `weights` of a hybrid's signals, each 0 or more.

        If it is searched with `alone`, only those that come into question may be looked at in a very large gallery.
        Raises BadParameter for weights that can't be used.
        """
        check_weights(method, weights)
        if method is SimilarityMethod.HYBRID:
            counted = HYBRID_WEIGHTS if weights is None else weights
            signals = {signal: self._signal(features, signal) for signal in SIGNALS if counted.get(signal)}
            scores = joined(
                list(signals.values()), lambda parts: fused(dict(zip(signals, parts, strict=True)), counted)
            )
            return Comparison(features.detections, method, signals, scores, counted)
        if method is SimilarityMethod.EMBEDDING and alone:
            scores = self._index.nearest.bounds(features.embedding)
        else:
            scores = self._signal(features, method)
        return Comparison(features.detections, method, {method: scores}, scores)

    def compare_placed(self, boxes: Sequence[PlacedBox]) -> Comparison:
        """Compare things placed by hand with where things stand in all photos; raise BadParameter.

        Who places some things says nothing of others, so that what else a photo shows doesn't count against it.
        """
        if not 1 <= len(boxes) <= MAX_OBJECTS:
            raise BadParameter(f"Place 1 to {MAX_OBJECTS} boxes, not {len(boxes)}.", parameter="boxes")
        detections = np.zeros((len(boxes), OBJECT_FIELDS), dtype=np.float32)
        for row, placed in zip(detections, boxes, strict=True):
            row[:2] = self._class_id(placed.label), 1.0
            row[2:] = [MODEL_INPUT_PX * corner for corner in placed.box.as_list()]
        scores = self._index.layouts.found(detections)
        return Comparison(detections, SimilarityMethod.LAYOUT, {SimilarityMethod.LAYOUT: scores}, scores)

    def best(self, comparison: Comparison, limit: int, exclude: Sequence[int] = ()) -> Ranked:
        """Return the photos most alike, without `exclude`; equal ones by row."""
        # What shares nothing is not alike, but pictures may look so different that their cosine is below 0.
        above = -np.inf if comparison.method is SimilarityMethod.EMBEDDING else 0.0
        return top_bounded(comparison.scores, limit, exclude=exclude, above=above)

    def explain(self, comparison: Comparison, photo: Photo) -> tuple[Reason, ...]:
        """Return why a photo is like the one compared; nothing if its features are gone meanwhile."""
        features = self._features_of(photo.id)
        if features is None:
            return ()
        own, other = comparison.detections, features.detections
        match comparison.method:
            case SimilarityMethod.EMBEDDING:
                return explain_embedding(score_at(comparison.scores, photo.row))
            case SimilarityMethod.SSD:
                return explain_ssd(own, other, self._label)
            case SimilarityMethod.LAYOUT:
                return explain_layout(own, other, self._label)
            case SimilarityMethod.HYBRID:
                shares = {signal: score_at(scores, photo.row) for signal, scores in comparison.signals.items()}
                return (*explain_hybrid(shares, comparison.weights), *explain_layout(own, other, self._label))

    def _signal(self, features: Features, method: SimilarityMethod) -> Bounds:
        if method is SimilarityMethod.EMBEDDING:
            return self._index.embeddings.bounds(features.embedding)
        if method is SimilarityMethod.SSD:
            return known(self._index.objects.similarities(features.detections))
        return self._index.layouts.bounds(features.detections)

    def _class_id(self, label: str) -> int:
        wanted = label.strip().lower()
        if wanted not in self._card.labels:
            near = get_close_matches(wanted, self._card.labels, n=3)
            advice = f"Did you mean {' or '.join(near)}?" if near else f"Labels are: {', '.join(self._card.labels)}."
            raise BadParameter(f"No object is called {label[:80]!r}. {advice}", parameter="label", near=near)
        return self._card.labels.index(wanted) + 1

    def _label(self, class_id: int) -> str:
        return self._card.labels[class_id - 1]


def check_weights(method: SimilarityMethod, weights: Mapping[SimilarityMethod, float] | None) -> None:
    """Raise BadParameter unless these are weights of a hybrid's signals, none below 0 and not all 0."""
    if weights is None:
        return
    if method is not SimilarityMethod.HYBRID:
        raise BadParameter(f"Only the method hybrid has weights, {method} has none.", parameter="weights")
    if not set(weights) <= set(SIGNALS):
        raise BadParameter(f"weights are of {', '.join(SIGNALS)} and of nothing else.", parameter="weights")
    if min(weights.values(), default=0) < 0 or sum(weights.values()) <= 0:
        raise BadParameter("weights are 0 or more, and at least one is more.", parameter="weights")
