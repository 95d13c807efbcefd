"""Photos by words: how well each fits, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain import Hit, KeywordMode, Photo, Reason
from app.services.feature_index import FeatureIndex, LabelTable
from app.text.keywords import KeywordMatcher, UnderstoodQuery
from app.text.scoring import weak_from
from app.text.word_vectors import WordVectors
from model_server.catalogue import ModelCard


Scores = NDArray[np.floating]


@dataclass(frozen=True)
class WordMatch:
    """Words compared with all photos.

    photos: what each photo was said to show at that moment, None while there is none.
    scores: float (n_rows,), how well each photo fits, by row; 0 for rows without features.
    """

    query: UnderstoodQuery
    photos: LabelTable | None
    scores: Scores


class KeywordSearch:
    """Compares words with the labels of all photos."""

    def __init__(self, card: ModelCard, index: FeatureIndex, words: WordVectors) -> None:
        self._index = index
        self._matcher = KeywordMatcher(card.labels, [tag.name for tag in card.tag_classes], words)

    def match(self, text: str, mode: KeywordMode) -> WordMatch:
        """Compare words with all photos; raise QueryError, or UnknownWordsError if none of the words is known."""
        query = self._matcher.understand(text)
        photos = self._index.labels()
        if photos is None:
            return WordMatch(query, None, np.zeros(0))
        compare = self._matcher.classic if mode is KeywordMode.CLASSIC else self._matcher.late
        return WordMatch(query, photos, compare(query, photos))

    def explain(self, match: WordMatch, photo: Photo) -> tuple[Reason, ...]:
        """Return which labels of a photo matched which word."""
        return () if match.photos is None else self._matcher.reasons(match.query, match.photos, photo.row)


def with_weak_tail(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, best first, with those past the drop in relevance marked as weak."""
    first_weak = weak_from(np.array([hit.score for hit in hits]))
    return (*hits[:first_weak], *(replace(hit, weak=True) for hit in hits[first_weak:]))
