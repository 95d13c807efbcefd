"""Photos by words: how well each fits, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32, Hit, KeywordMode, Photo, Reason
from app.search.embedding import EmbeddingIndex
from app.search.label_index import LabelSnapshot
from app.search.ranking import Ranked, top
from app.services.feature_index import FeatureIndex
from app.text.keywords import KeywordMatcher, UnderstoodQuery
from app.text.late import LateScorer
from app.text.scoring import weak_from
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard

Scores = NDArray[np.floating]


@dataclass(frozen=True)
class WordMatch:
    """Words to be compared with all photos as they were at one moment.

    vector: float32 (dimensions,), what the query means as a whole, which `classic` goes by.
    """

    query: UnderstoodQuery
    mode: KeywordMode
    vector: Float32
    photos: LabelSnapshot
    words: EmbeddingIndex

    @cached_property
    def scores(self) -> Scores:
        """How well each photo fits, float (n_rows,), by row; 0 for rows without features."""
        if self.mode is KeywordMode.CLASSIC and self._has_words:
            return self.words.similarities(self.vector)
        return self.photos.scores(self._scorer)

    def top(self, limit: int, allowed: NDArray[np.bool_] | None = None) -> Ranked:
        """Return the `limit` photos that fit best, those that don't fit at all left out; equal ones by row.

        allowed: bool (n_rows,), the only rows that count. Much quicker than to sort all `scores`, and exact.
        """
        if not self._has_words:
            return top(self.scores, limit, allowed=allowed)
        if self.mode is KeywordMode.CLASSIC:
            ranked = self.words.top(self.vector, limit, allowed=allowed)
            fitting = ranked.scores > 0
            return Ranked(ranked.rows[fitting], ranked.scores[fitting])
        return self.photos.best(self._scorer, limit, allowed)

    @property
    def _has_words(self) -> bool:
        """Conditions alone let all photos fit alike."""
        return bool(self.query.wanted or self.query.excluded)

    @property
    def _scorer(self) -> LateScorer:
        return LateScorer(self.query.wanted, self.query.excluded)


class KeywordSearch:
    """Compares words with the labels of all photos."""

    def __init__(self, card: ModelCard, index: FeatureIndex, words: WordVectors) -> None:
        self._index = index
        self._matcher = KeywordMatcher(card.labels, [tag.name for tag in card.tag_classes], words)

    def match(self, text: str, mode: KeywordMode) -> WordMatch:
        """Understand words; raise QueryError, or UnknownWordsError if none of the words is known."""
        query = self._matcher.understand(text)
        return WordMatch(query, mode, self._matcher.vector(query), self._index.labels(), self._index.words)

    def explain(self, match: WordMatch, photo: Photo) -> tuple[Reason, ...]:
        """Return which labels of a photo matched which word; nothing if it is gone meanwhile."""
        table = match.photos.table(np.array([photo.row]))
        return self._matcher.reasons(match.query, table, 0) if len(table) else ()


def with_weak_tail(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, best first, with those past the drop in relevance marked as weak."""
    first_weak = weak_from(np.array([hit.score for hit in hits]))
    return (*hits[:first_weak], *(replace(hit, weak=True) for hit in hits[first_weak:]))
