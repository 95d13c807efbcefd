"""All searches: by words, by a stored photo, by a picture from outside."""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from app import imaging
from app.domain import Box, Features, Hit, KeywordMode, Photo, PhotoId, Reason, SearchResults, SimilarityMethod
from app.errors import PhotoNotFound, PhotoNotReady
from app.inference.base import ModelClient
from app.search.ranking import Ranked, top
from app.services.feature_index import FeatureIndex
from app.services.features import FeatureMaker
from app.services.keyword_search import KeywordSearch, WordMatch, with_weak_tail
from app.services.photo_search import Comparison, PhotoSearch, Scores
from app.store.base import Store
from model_server.catalogue import ModelCard

DEFAULT_LIMIT = 60

Explain = Callable[[Photo], tuple[Reason, ...]]


class Searches:
    """Finds photos; every hit carries its score and its reasons."""

    def __init__(
        self,
        store: Store,
        client: ModelClient,
        card: ModelCard,
        maker: FeatureMaker,
        index: FeatureIndex,
        words: KeywordSearch,
        photos: PhotoSearch,
        max_pixels: int,
    ) -> None:
        self._store = store
        self._client = client
        self._card = card
        self._maker = maker
        self._index = index
        self._words = words
        self._photos = photos
        self._max_pixels = max_pixels

    def by_words(self, text: str, limit: int = DEFAULT_LIMIT, mode: KeywordMode = KeywordMode.LATE) -> SearchResults:
        """Find photos by words; raise QueryError for a malformed query, UnknownWordsError if no word is known."""
        started_s = perf_counter()
        match = self._words.match(text, mode)
        hits = self._hits(top(match.scores, limit), lambda photo: self._words.explain(match, photo))
        return self._results(with_weak_tail(hits), started_s, match.query.notices)

    def like_photo(
        self,
        photo_id: PhotoId,
        method: SimilarityMethod = SimilarityMethod.EMBEDDING,
        limit: int = DEFAULT_LIMIT,
    ) -> SearchResults:
        """Find photos like a stored one; raise PhotoNotFound, PhotoNotReady while it has no features."""
        started_s = perf_counter()
        photo = self._store.get(photo_id)
        features = self._store.features(photo_id, self._card.name)
        if features is None:
            raise PhotoNotReady(
                f"Photo {photo_id} is {photo.state}: nothing can be compared with it before it is ready.",
                state=str(photo.state),
            )
        comparison = self._photos.compare(features, method)
        ranked = self._photos.best(comparison, limit, exclude=[photo.row])
        return self._results(self._hits(ranked, lambda hit: self._photos.explain(comparison, hit)), started_s)

    def like_picture(
        self,
        data: bytes,
        method: SimilarityMethod = SimilarityMethod.EMBEDDING,
        limit: int = DEFAULT_LIMIT,
        box: Box | None = None,
        words: str | None = None,
    ) -> SearchResults:
        """Find photos like a picture that isn't stored, or like a part of it, that fit the words as well.

        Raises BadInput for a file that is no picture or for words that can't be used, and
        ModelServerUnavailable while nothing can look at the picture.
        """
        started_s = perf_counter()
        match = self._words.match(words, KeywordMode.LATE) if words else None
        comparison = self._photos.compare(self._look_at(data, box), method)
        if match is None:
            ranked = self._photos.best(comparison, limit)
            return self._results(self._hits(ranked, lambda photo: self._photos.explain(comparison, photo)), started_s)
        ranked = top(both(comparison.scores, match.scores), limit)
        hits = self._hits(ranked, lambda photo: self._explain_both(comparison, match, photo))
        return self._results(hits, started_s, match.query.notices)

    def _look_at(self, data: bytes, box: Box | None) -> Features:
        picture = imaging.decode(data, max_pixels=self._max_pixels, full_detail=box is not None)
        model_input = picture.model_input(self._card.input_width_px, self._card.input_height_px, box)
        (features,) = self._maker.make(self._client.predict(self._card, model_input[np.newaxis]))
        return features

    def _explain_both(self, comparison: Comparison, match: WordMatch, photo: Photo) -> tuple[Reason, ...]:
        return (*self._photos.explain(comparison, photo), *self._words.explain(match, photo))

    def _hits(self, ranked: Ranked, explain: Explain) -> tuple[Hit, ...]:
        """Return the ranked photos with their reasons; those deleted since they were scored are passed over."""
        hits = []
        for row, score in zip(ranked.rows, ranked.scores, strict=True):
            try:
                photo = self._store.at(int(row))
            except PhotoNotFound:
                continue
            hits.append(Hit(photo, float(score), explain(photo)))
        return tuple(hits)

    def _results(self, hits: tuple[Hit, ...], started_s: float, notices: tuple[str, ...] = ()) -> SearchResults:
        elapsed_ms = 1000 * (perf_counter() - started_s)
        return SearchResults(hits, searched=len(self._index), elapsed_ms=elapsed_ms, notices=notices)


def both(photo_scores: Scores, word_scores: Scores) -> Scores:
    """Return the geometric mean of two searches' scores, by row: what neither likes can't be first.

    Each is float (n_rows,) and counts from 0; the longer one is cut to the rows that both know.
    """
    rows = min(len(photo_scores), len(word_scores))
    product = np.maximum(photo_scores[:rows], 0) * np.maximum(word_scores[:rows], 0)
    return np.asarray(np.sqrt(product))
