"""Photos like some examples and unlike others: how well all of them fit, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import (
    Example,
    ExampleReason,
    Features,
    KeywordMode,
    Photo,
    PictureExample,
    Reason,
    SimilarityMethod,
    StoredExample,
    WordsExample,
)
from app.errors import BadParameter, PhotoNotReady
from app.search.combining import combined
from app.search.joining import joined, known, score_at
from app.search.ranking import Bounds, Ranked, top_bounded
from app.services.keyword_search import KeywordSearch, WordMatch
from app.services.photo_search import Comparison, PhotoSearch, check_weights
from app.services.pictures import PictureReader
from app.services.stored_features import FeaturesOf
from app.store.base import Store

MOST_EXAMPLES = 20


@dataclass(frozen=True)
class ComparedPhoto:
    """A photo among the examples, compared with all; `row` is its own if it is stored."""

    name: str
    weight: float
    comparison: Comparison
    row: int | None


@dataclass(frozen=True)
class ComparedWords:
    """Words among the examples, compared with all photos."""

    text: str
    weight: float
    match: WordMatch

    @property
    def scores(self) -> Bounds:
        """How well each photo fits the words, by row."""
        return known(self.match.scores)


@dataclass(frozen=True)
class ComparedExamples:
    """All examples, compared with all photos."""

    photos: tuple[ComparedPhoto, ...]
    words: tuple[ComparedWords, ...]

    @property
    def notices(self) -> tuple[str, ...]:
        """What the person should know of the words."""
        return tuple(notice for words in self.words for notice in words.match.query.notices)

    @property
    def only_photo(self) -> ComparedPhoto | None:
        """The photo that is searched with, if it is one only."""
        return self.photos[0] if len(self.photos) == 1 and self.photos[0].weight > 0 else None

    @property
    def is_one_photo(self) -> bool:
        """Whether nothing but one photo is searched with, so that scores are its similarities."""
        return self.only_photo is not None and not self.words

    def scores(self) -> Bounds:
        """Return how well each photo fits all examples together, 0..1, by row."""
        n_photos = len(self.photos)
        weights = [photo.weight for photo in self.photos] + [words.weight for words in self.words]
        parts = [photo.comparison.scores for photo in self.photos] + [words.scores for words in self.words]

        def join(scores: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
            weighted = list(zip(weights, scores, strict=True))
            return combined(weighted[:n_photos], weighted[n_photos:])

        exact = joined(parts, join)
        # What is unwanted can only take away from a score, so that nothing of it bounds the score from above.
        at_most = joined(
            [part if weight > 0 else _nothing_of(part) for weight, part in zip(weights, parts, strict=True)], join
        )
        return Bounds(at_most.uppers, exact.exact)


class ExampleSearch:
    """Compares examples with all photos."""

    def __init__(
        self,
        store: Store,
        features_of: FeaturesOf,
        pictures: PictureReader,
        photos: PhotoSearch,
        words: KeywordSearch,
    ) -> None:
        self._store = store
        self._features_of = features_of
        self._pictures = pictures
        self._photos = photos
        self._words = words

    def compare(
        self,
        examples: Sequence[Example],
        method: SimilarityMethod,
        weights: Mapping[SimilarityMethod, float] | None = None,
    ) -> ComparedExamples:
        """Compare each example with all photos; `weights` of a hybrid's signals, None for the measured ones.

        Raises BadParameter for examples or weights that can't be used together, PhotoNotFound and PhotoNotReady for a
        stored one, BadInput for a picture or words that can't be used, and ModelServerUnavailable while nothing can
        look at a picture.
        """
        check_examples(examples)
        check_weights(method, weights)
        words = [example for example in examples if isinstance(example, WordsExample)]
        # Words that can't be understood are found out before the model is asked.
        matches = [
            ComparedWords(one.text, one.weight, self._words.match(one.text, KeywordMode.LATE)) for one in words
        ]
        photos = [
            self._compare_photo(example, method, weights, alone=len(examples) == 1)
            for example in examples
            if not isinstance(example, WordsExample)
        ]
        return ComparedExamples(tuple(photos), tuple(matches))

    def best(self, compared: ComparedExamples, limit: int) -> Ranked:
        """Return the photos that fit best, without the examples themselves; equal ones by row."""
        own_rows = [photo.row for photo in compared.photos if photo.row is not None]
        only_photo = compared.only_photo
        if only_photo is not None and compared.is_one_photo:
            return self._photos.best(only_photo.comparison, limit, exclude=own_rows)
        return top_bounded(compared.scores(), limit, exclude=own_rows)

    def explain(self, compared: ComparedExamples, photo: Photo) -> tuple[Reason, ...]:
        """Return why a photo was found: in detail for one photo and words, else each example's say."""
        of_words = tuple(
            reason
            for words in compared.words
            if words.weight > 0
            for reason in self._words.explain(words.match, photo)
        )
        only_photo = compared.only_photo
        if only_photo is not None and all(words.weight > 0 for words in compared.words):
            return (*self._photos.explain(only_photo.comparison, photo), *of_words)
        scores = [(one.name, one.weight, one.comparison.scores) for one in compared.photos]
        scores += [(one.text, one.weight, one.scores) for one in compared.words]
        shares = [ExampleReason(name, weight, score_at(bounds, photo.row)) for name, weight, bounds in scores]
        return (*shares, *of_words)

    def _compare_photo(
        self,
        example: StoredExample | PictureExample,
        method: SimilarityMethod,
        weights: Mapping[SimilarityMethod, float] | None,
        *,
        alone: bool,
    ) -> ComparedPhoto:
        if isinstance(example, PictureExample):
            features = self._pictures.features_of(example.data, example.box)
            compared = self._photos.compare(features, method, weights, alone=alone)
            return ComparedPhoto(example.name, example.weight, compared, row=None)
        photo = self._store.get(example.photo_id)
        features = self._stored_features(photo, example)
        compared = self._photos.compare(features, method, weights, alone=alone)
        return ComparedPhoto(photo.name, example.weight, compared, photo.row)

    def _stored_features(self, photo: Photo, example: StoredExample) -> Features:
        if example.box is not None:
            return self._pictures.features_of(self._store.read_bytes(photo.id), example.box)
        features = self._features_of(photo.id)
        if features is None:
            raise PhotoNotReady(
                f"Photo {photo.id} is {photo.state}: nothing can be compared with it before it is ready.",
                state=str(photo.state),
            )
        return features


def check_examples(examples: Sequence[Example]) -> None:
    """Raise BadParameter for none or too many examples, and if all ask only for what isn't wanted."""
    if not 1 <= len(examples) <= MOST_EXAMPLES:
        raise BadParameter(
            f"A search takes 1 to {MOST_EXAMPLES} examples, not {len(examples)}.", parameter="examples"
        )
    if all(example.weight < 0 for example in examples):
        raise BadParameter(
            "All examples have a negative weight. Give at least one that photos should be like.", parameter="examples"
        )


def _nothing_of(scores: Bounds) -> Bounds:
    return known(np.zeros(len(scores.uppers)))
