"""Match a query's words with what photos are said to show, and say why they match."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain import LabelReason
from app.errors import UnknownWordsError
from app.text import scoring
from app.text.correcting import corrected, unknown_words
from app.text.labels import LabelSet
from app.text.late import TermMeaning
from app.text.query import Condition, Query, Term, parse_query
from app.text.word_vectors import WordVectors

Float32 = NDArray[np.float32]

REASONS_PER_TERM = 3
_LEAST_REASON = 0.01
_Told = tuple[float, str, str]
"""A label's weight, its name, and where it comes from."""


class PhotoLabels(Protocol):
    """What each photo is said to show.

    label_scores, object_confidences: float32 (n_photos, n_labels), 0..1. tag_ids: int (n_photos, n_kept).
    tag_probabilities: float32 (n_photos, n_kept), 0..1.
    """

    @property
    def label_scores(self) -> Float32: ...  # noqa: D102
    @property
    def object_confidences(self) -> Float32: ...  # noqa: D102
    @property
    def tag_ids(self) -> NDArray[np.integer]: ...  # noqa: D102
    @property
    def tag_probabilities(self) -> Float32: ...  # noqa: D102


@dataclass(frozen=True)
class UnderstoodQuery:
    """The known terms of a query, its conditions, and plain sentences about words that aren't known."""

    wanted: tuple[TermMeaning, ...]
    excluded: tuple[TermMeaning, ...]
    conditions: tuple[Condition, ...] = ()
    notices: tuple[str, ...] = ()


class KeywordMatcher:
    """Matches words with the labels and tags of one model.

    `labels` name the columns of label_scores, `tag_names` what tag_ids count, both in the model's order.
    """

    def __init__(self, labels: Sequence[str], tag_names: Sequence[str], words: WordVectors) -> None:
        self._words = words
        self._labels = LabelSet(labels, words)
        self._tags = LabelSet(tag_names, words)

    def understand(self, text: str) -> UnderstoodQuery:
        """Parse a query and find what its terms mean.

        Raise QueryError for a malformed query and UnknownWordsError if none of the wanted terms is known.
        """
        query, corrections = corrected(self.parsed(text), self._words)
        wanted, excluded = self._meanings(query.terms), self._meanings(query.exclusions)
        unknown = unknown_words(query, self._words)
        suggestions = {word: self._words.near_words(word) for word in unknown}
        if not wanted and (query.terms or not (excluded or query.conditions)):
            raise UnknownWordsError(explain_unknown(suggestions), words=unknown, suggestions=suggestions)
        notices = (*corrections, explain_unknown(suggestions)) if suggestions else corrections
        return UnderstoodQuery(wanted, excluded, query.conditions, notices)

    def parsed(self, text: str) -> Query:
        """Parse a query as `understand` does, words that mean something together as one; raise QueryError."""
        return parse_query(text, is_collocation=self._is_collocation)

    def meaning(self, term: Term) -> TermMeaning | None:
        """Return what a term means, None if no word of it is known."""
        vector = self._words.phrase_vector(term.words)
        if vector is None:
            return None
        label_fits, tag_fits = self._labels.fits(term, vector), self._tags.fits(term, vector)
        best = max(float(fits.max(initial=-1.0)) for fits in (label_fits, tag_fits))
        return TermMeaning(
            term,
            vector,
            label_weights=scoring.label_weights(label_fits, best, scoring.DETECTOR_TEMPERATURE),
            tag_weights=scoring.label_weights(tag_fits, best),
            strength=scoring.strength(best),
        )

    def late(self, query: UnderstoodQuery, photos: PhotoLabels) -> Float32:
        """Return each photo's score, float32 (n_photos,), 0..1, from each term against each label of the photo."""
        wanted = self._scores(query.wanted, photos)
        strengths = np.array([meaning.strength for meaning in query.wanted], dtype=np.float32)
        return scoring.combined(wanted, strengths, self._scores(query.excluded, photos))

    def vector(self, query: UnderstoodQuery) -> Float32:
        """Return the query's mean word vector, float32 (n_dimensions,); excluded terms are taken off the mean."""
        vectors = [meaning.vector for meaning in query.wanted] + [-meaning.vector for meaning in query.excluded]
        if not vectors:
            return np.zeros(self._words.width, dtype=np.float32)
        return np.asarray(np.mean(vectors, axis=0, dtype=np.float32))

    def classic(self, query: UnderstoodQuery, word_vectors: Float32) -> Float32:
        """Return the cosine of the query's mean word vector with each photo's, float32 (n_photos,), -1..1.

        word_vectors: float32 (n_photos, n_dimensions), `nlp_feature` of each. To a query without words all fit.
        """
        if not (query.wanted or query.excluded):
            return np.ones(len(word_vectors), dtype=np.float32)
        return scoring.classic_scores(self.vector(query), word_vectors)

    def reasons(self, query: UnderstoodQuery, photos: PhotoLabels) -> list[tuple[LabelReason, ...]]:
        """Return of each photo which of its labels matched which term, for each term the strongest ones first."""
        count = len(photos.label_scores)
        by_term = [self._term_reasons(meaning, photos) for meaning in query.wanted] if count else []
        return [tuple(reason for reasons in by_term for reason in reasons[at]) for at in range(count)]

    def _is_collocation(self, text: str) -> bool:
        """Tell whether neighbouring words are better taken as one: "hot dog", but not "black cat"."""
        return self._labels.concerns(text) or self._tags.concerns(text)

    def _meanings(self, terms: Iterable[Term]) -> tuple[TermMeaning, ...]:
        return tuple(meaning for meaning in map(self.meaning, terms) if meaning is not None)

    def _scores(self, meanings: Sequence[TermMeaning], photos: PhotoLabels) -> Float32:
        """Return float32 (n_meanings, n_photos), 0..1."""
        scores = np.zeros((len(meanings), len(photos.label_scores)), dtype=np.float32)
        for row, meaning in enumerate(meanings):
            scores[row] = scoring.term_scores(
                scoring.any_label(photos.label_scores, meaning.label_weights),
                scoring.any_label(photos.object_confidences, meaning.label_weights),
                scoring.any_tag(photos.tag_ids, photos.tag_probabilities, meaning.tag_weights),
            )
        return scores

    def _term_reasons(self, meaning: TermMeaning, photos: PhotoLabels) -> list[list[LabelReason]]:
        """Return of each photo the labels that matched a term, the strongest ones first."""
        labels = np.flatnonzero(meaning.label_weights)
        weights = meaning.label_weights[labels]
        picture = weights * photos.label_scores[:, labels]
        objects = scoring.OBJECT_TRUST * weights * photos.object_confidences[:, labels]
        tags = scoring.TAG_TRUST * meaning.tag_weights[photos.tag_ids] * np.sqrt(photos.tag_probabilities)
        found: list[list[_Told]] = [[] for _ in range(len(picture))]
        for shares, source in ((picture, "picture"), (objects, "objects")):
            for photo, column, weight in _told(shares):
                found[photo].append((weight, self._labels.names[labels[column]], source))
        for photo, column, weight in _told(tags):
            found[photo].append((weight, self._tags.names[photos.tag_ids[photo, column]], "tags"))
        return [
            [
                LabelReason(meaning.term.text, label, weight, source)
                for weight, label, source in sorted(told, reverse=True)[:REASONS_PER_TERM]
            ]
            for told in found
        ]


def _told(weights: Float32) -> Iterator[tuple[int, int, float]]:
    """Yield the photo, the column and the weight of those of `weights`, float32 (n_photos, m), worth telling."""
    photos, columns = np.nonzero(weights >= _LEAST_REASON)
    return zip(photos.tolist(), columns.tolist(), weights[photos, columns].tolist(), strict=True)


def explain_unknown(suggestions: dict[str, list[str]]) -> str:
    """Say which words aren't known, and which near ones are."""
    sentences = []
    for word, near in suggestions.items():
        advice = f"Did you mean {' or '.join(near)}?" if near else "Try another word for it."
        sentences.append(f"“{word}” is not a word that the gallery knows. {advice}")
    return " ".join(sentences)
