"""Photos by words: how well each fits, and why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Float32, KeywordMode, LabelReason, Photo, PhotoId, Reason
from app.search.facts import FactSnapshot
from app.search.label_index import LabelSnapshot
from app.search.ranking import Ranked
from app.search.word_index import WordIndex
from app.services.feature_index import FeatureIndex
from app.services.query_conditions import QueryConditions
from app.text.detectable import DetectorWords
from app.text.keywords import KeywordMatcher, UnderstoodQuery
from app.text.late import LateScorer
from app.text.query_tree import Query
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard

Scores = NDArray[np.floating]
Flags = NDArray[np.bool_]
FeaturesOf = Callable[[PhotoId], Features | None]


@dataclass(frozen=True)
class WordMatch:
    """Words to be compared with all photos as they were at one moment.

    vector: float32 (dimensions,), what the query means as a whole, which `classic` goes by.
    facts: what the photos say about themselves.
    allowed: bool (n_rows,), the only rows whose photos meet the query's conditions; None if it has none.
    found: the rows that were found last. reasons: by row, the labels that matched, as far as they are known.
    """

    query: UnderstoodQuery
    mode: KeywordMode
    vector: Float32
    photos: LabelSnapshot
    words: WordIndex
    facts: FactSnapshot
    allowed: Flags | None = None
    found: list[int] = field(default_factory=list)
    reasons: dict[int, tuple[LabelReason, ...]] = field(default_factory=dict)

    @cached_property
    def scores(self) -> Scores:
        """How well each photo fits, float (n_rows,), by row; words fit none without features: 0."""
        if self._alike is not None:
            return self._alike.astype(np.float32)
        if self.mode is KeywordMode.CLASSIC:
            scores: Scores = self.words.similarities(self.vector)
        else:
            scores = self.photos.scores(self._scorer)
        return scores if self.allowed is None else only(scores, self.allowed)

    def top(self, limit: int) -> Ranked:
        """Return the `limit` photos that fit best, those that don't fit at all left out; equal ones by row.

        Much quicker than to sort all `scores`, and exact. Conditions alone let photos fit alike: newest first.
        """
        ranked = self._top(limit)
        self.found[:] = ranked.rows.tolist()
        return ranked

    def _top(self, limit: int) -> Ranked:
        if self._alike is not None:
            newest = self.facts.newest(self._alike, limit)
            return Ranked(newest, np.ones(len(newest)))
        if self.mode is KeywordMode.CLASSIC:
            return self.words.top(self.vector, limit, allowed=self.allowed)
        return self.photos.best(self._scorer, limit, self.allowed)

    @property
    def searched(self) -> int:
        """How many photos were compared."""
        return len(self.photos) if self._alike is None else int(np.count_nonzero(self.facts.held))

    @property
    def _alike(self) -> Flags | None:
        """The photos that meet the conditions, bool (n_rows,), if there are no words that some fit better."""
        return None if self.query.wanted or self.query.excluded else self.allowed

    @property
    def _scorer(self) -> LateScorer:
        return LateScorer(self.query.wanted, self.query.excluded)


class KeywordSearch:
    """Compares words with the labels of all photos."""

    def __init__(self, card: ModelCard, index: FeatureIndex, words: WordVectors, features_of: FeaturesOf) -> None:
        """`features_of` gives a photo's features, whose boxes prove that it meets a query's conditions."""
        self._index = index
        self._features_of = features_of
        self._matcher = KeywordMatcher(card.labels, [tag.name for tag in card.tag_classes], words)
        detectable = DetectorWords(card.labels, words, self._matcher.meaning)
        self._conditions = QueryConditions(card.labels, detectable, index.things, index.facts)

    def match(self, text: str, mode: KeywordMode) -> WordMatch:
        """Understand a query; raise QueryError, or UnknownWordsError if none of the words is known."""
        query = self._matcher.understand(text)
        photos = self._index.labels()
        allowed = self._conditions.mask(query.conditions) if query.conditions else None
        # All photos that meet conditions are known to it: they tell about themselves first.
        facts = self._index.facts.snapshot()
        return WordMatch(query, mode, self._matcher.vector(query), photos, self._index.words, facts, allowed)

    def parsed(self, text: str) -> Query:
        """Return what a query says; raise QueryError for a malformed one."""
        return self._matcher.parsed(text)

    def explain(self, match: WordMatch, photo: Photo) -> tuple[Reason, ...]:
        """Return which conditions a photo meets and which of its labels matched which word, if it isn't gone."""
        features = self._features_of(photo.id) if match.query.conditions else None
        conditions = self._conditions.reasons(match.query.conditions, photo, features)
        return (*conditions, *self._label_reasons(match, photo.row))

    def _label_reasons(self, match: WordMatch, row: int) -> tuple[LabelReason, ...]:
        """Return which labels of a photo matched which word; those of all that were found are learned at once."""
        if row not in match.reasons:
            rows = match.found if row in match.found else [row]
            table = match.photos.table(np.array(rows))
            match.reasons.update(zip(table.rows.tolist(), self._matcher.reasons(match.query, table), strict=True))
        return match.reasons.get(row, ())


def only(scores: Scores, allowed: Flags) -> Scores:
    """Return `scores`, float (n_rows,), with 0 for the rows that aren't `allowed`, bool (m,); later rows aren't."""
    kept = np.zeros_like(scores)
    end = min(len(scores), len(allowed))
    np.copyto(kept[:end], scores[:end], where=allowed[:end])
    return kept
