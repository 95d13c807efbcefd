"""The scores of `late` over blocks of photos: bounds that are quick to learn, and exact scores where asked for.

`KeywordMatcher.late` says what the scores are, from plain arrays of all that photos show. Here a block is asked only
for the labels and tags that mean something for a query. Neighbours are first taken together, as one photo that shows
all that any of them does: it scores at least as well as each, since every step from what a photo shows to its score
rises with it, rounded or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.text import scoring
from app.text.query import Term

Float32 = NDArray[np.float32]
Slots = NDArray[np.integer]

TELLING = 0.5
"""A label of at least this weight tells mostly by itself which photos can be among the best; else tags do."""
ROUNDING = 4e-6
"""More than the rounding errors of a score."""


@dataclass(frozen=True)
class TermMeaning:
    """What a term means: how much each label counts for it.

    `vector`: float32 (n_dimensions,), length 1. `label_weights`: float32 (n_labels,), `tag_weights`: float32
    (n_tags,), both 0..1. `strength`: how far labels can tell the term at all, 0.1..1.
    """

    term: Term
    vector: Float32
    label_weights: Float32
    tag_weights: Float32
    strength: float


class Postings(Protocol):
    """For each label the photos that have it, as places in a block, each once, and how much of it."""

    def of(self, key: int, /) -> tuple[Slots, Float32]:
        """Return the slots and values of a label."""

    def of_all(self, keys: NDArray[np.integer], /) -> tuple[Slots, NDArray[np.integer], Float32]:
        """Return the slots, labels and values of all entries of some labels."""


class LabelBlock(Protocol):
    """What n photos are said to show, by label.

    most_labels, most_objects: float32 (labels, p), the highest of some neighbours' values. most_tags: what the square
    roots of a photo's tags add up to at most.
    """

    @property
    def objects(self) -> Postings: ...  # noqa: D102
    @property
    def tags(self) -> Postings: ...  # noqa: D102
    @property
    def tag_ids(self) -> NDArray[np.integer]: ...  # noqa: D102
    @property
    def tag_probabilities(self) -> Float32: ...  # noqa: D102
    @property
    def most_labels(self) -> Float32: ...  # noqa: D102
    @property
    def most_objects(self) -> Float32: ...  # noqa: D102
    @property
    def most_tags(self) -> float: ...  # noqa: D102

    def __len__(self) -> int: ...

    def label_scores(self, label: int, /) -> Float32:
        """Return a label's probability for each photo, float32 (n,)."""

    def label_scores_at(self, labels: Slots, slots: Slots, /) -> Float32:
        """Return the probabilities of `labels`, int (m,), for the photos at `slots`, int (k,): float32 (m, k)."""

    def objects_at(self, labels: Slots, slots: Slots, /) -> Float32:
        """Return the surest objects' confidences of `labels`, int (m,), at `slots`, int (k,): float32 (m, k)."""

    def highest(self, values: Float32, /) -> Float32:
        """Return the highest of each neighbours' `values`, float32 (n,): float32 (p,)."""

    def spread(self, values: Float32, slots: Slots | None, /) -> Float32:
        """Return for each photo, or for those at `slots`, int (k,), its neighbours' one of `values`, float32 (p,)."""


Part = tuple[LabelBlock, Slots]
"""Photos at some places of a block."""


@dataclass(frozen=True)
class LateScorer:
    """Scores photos for terms that are wanted and terms that are excluded."""

    wanted: Sequence[TermMeaning]
    excluded: Sequence[TermMeaning]

    def most(self, blocks: Sequence[LabelBlock]) -> Float32:
        """Return what the scores of neighbours can be at most, all blocks' one after the other: float32 (p,)."""
        terms = [_most(meaning, blocks) for meaning in self.wanted]
        if not terms:
            return np.ones(sum(block.most_labels.shape[1] for block in blocks), dtype=np.float32)
        if len(terms) == 1:
            return scoring.combined(terms[0][None], _strengths(self.wanted), _none(terms[0]))
        # Exponentials and logarithms aren't rounded as strictly as products.
        most = scoring.combined(np.array(terms), _strengths(self.wanted), _none(terms[0]))
        return np.asarray(most + np.float32(ROUNDING))

    def uppers(self, block: LabelBlock, slots: Slots | None = None) -> Float32:
        """Return what the scores of photos at `slots`, int (k,), or of all can be at most: float32 (k,)."""
        count = len(block) if slots is None else len(slots)
        terms = _stacked([_term_upper(meaning, block, slots) for meaning in self.wanted], count)
        # What is excluded shows at least as much as the whole picture's labels say.
        absent = [_absent_from_picture(meaning, block, slots) for meaning in self.excluded]
        lowers = np.maximum(np.float32(1 - ROUNDING) - _stacked(absent, count), 0)
        uppers = scoring.combined(terms, _strengths(self.wanted), lowers)
        uppers += np.float32(ROUNDING)
        return uppers

    def scores(self, block: LabelBlock) -> Float32:
        """Return a block's scores, float32 (n,), to within ROUNDING."""
        return scoring.combined(
            _stacked([_term_scores(meaning, block) for meaning in self.wanted], len(block)),
            _strengths(self.wanted),
            _stacked([_term_scores(meaning, block) for meaning in self.excluded], len(block)),
        )

    def exact(self, parts: Sequence[Part]) -> Float32:
        """Return the exact scores of some photos, part by part: float32 (k,)."""
        wanted = [_term_scores_at(meaning, parts) for meaning in self.wanted]
        excluded = [_term_scores_at(meaning, parts) for meaning in self.excluded]
        count = sum(len(slots) for _, slots in parts)
        return scoring.combined(
            _stacked(wanted, count),
            _strengths(self.wanted),
            _stacked(excluded, count),
        )


def _most(meaning: TermMeaning, blocks: Sequence[LabelBlock]) -> Float32:
    """Return what a term's scores of neighbours can be at most, float32 (p,)."""
    labels = np.flatnonzero(meaning.label_weights)
    weights = meaning.label_weights[labels]
    pictures = np.concatenate([block.most_labels[labels] for block in blocks], axis=1)
    objects = np.concatenate([block.most_objects[labels] for block in blocks], axis=1)
    if _is_told_by_labels(meaning):
        each = [np.full(block.most_labels.shape[1], _most_of_tags(meaning, block)) for block in blocks]
    else:
        each = [_most_of_neighbours_tags(meaning, block) for block in blocks]
    tags = np.concatenate(each).astype(np.float32)
    return scoring.term_scores(scoring.any_label(pictures.T, weights), scoring.any_label(objects.T, weights), tags)


def _most_of_tags(meaning: TermMeaning, block: LabelBlock) -> float:
    """Return how well the tags of any photo can fit at most."""
    return min(1.0, block.most_tags * float(meaning.tag_weights.max(initial=0)) + ROUNDING)


def _most_of_neighbours_tags(meaning: TermMeaning, block: LabelBlock) -> Float32:
    """Return how well the tags of neighbours can fit at most, float32 (p,)."""
    return np.asarray(np.minimum(block.highest(_tags(meaning, block)) + np.float32(ROUNDING), 1))


def _term_upper(meaning: TermMeaning, block: LabelBlock, slots: Slots | None) -> Float32:
    """Return what a term's scores can be at most, float32 (k,): by a photo's labels and its neighbours' rest."""
    labels = np.flatnonzero(meaning.label_weights)
    objects = scoring.any_label(block.most_objects[labels].T, meaning.label_weights[labels])
    absent = _absent_from_picture(meaning, block, slots)
    if _is_told_by_labels(meaning):
        most = _most_of_tags(meaning, block)
        absent *= block.spread((1 - scoring.OBJECT_TRUST * objects) * np.float32(1 - scoring.TAG_TRUST * most), slots)
    else:
        absent *= block.spread(1 - scoring.OBJECT_TRUST * objects, slots)
        fits = _tags(meaning, block) if slots is None else _tags_at(meaning, block, slots)
        absent *= 1 - scoring.TAG_TRUST * fits
    return np.subtract(1, absent, out=absent)


def _is_told_by_labels(meaning: TermMeaning) -> bool:
    return bool(meaning.label_weights.max(initial=0) >= TELLING)


def _term_scores(meaning: TermMeaning, block: LabelBlock) -> Float32:
    return scoring.term_scores(_picture(meaning, block), _objects(meaning, block), _tags(meaning, block))


def _term_scores_at(meaning: TermMeaning, parts: Sequence[Part]) -> Float32:
    labels = np.flatnonzero(meaning.label_weights)
    weights = meaning.label_weights[labels]
    pictures = np.concatenate([block.label_scores_at(labels, slots) for block, slots in parts], axis=1)
    objects = np.concatenate([block.objects_at(labels, slots) for block, slots in parts], axis=1)
    tag_ids = np.concatenate([block.tag_ids[slots] for block, slots in parts])
    tag_probabilities = np.concatenate([block.tag_probabilities[slots] for block, slots in parts])
    return scoring.term_scores(
        scoring.any_label(pictures.T, weights),
        scoring.any_label(objects.T, weights),
        scoring.any_tag(tag_ids, tag_probabilities, meaning.tag_weights),
    )


def _picture(meaning: TermMeaning, block: LabelBlock) -> Float32:
    return np.asarray(1 - _absent_from_picture(meaning, block))


def _absent_from_picture(meaning: TermMeaning, block: LabelBlock, slots: Slots | None = None) -> Float32:
    """Return the chance that none of the labels is there and meant, float32 (k,), as `scoring.any_label` says."""
    absent = np.ones(len(block) if slots is None else len(slots), dtype=np.float32)
    for label in np.flatnonzero(meaning.label_weights).tolist():
        scores = block.label_scores(label)
        absent *= 1 - meaning.label_weights[label] * (scores if slots is None else scores.take(slots))
    return absent


def _objects(meaning: TermMeaning, block: LabelBlock) -> Float32:
    absent = np.ones(len(block), dtype=np.float32)
    for label in np.flatnonzero(meaning.label_weights).tolist():
        slots, confidences = block.objects.of(label)
        absent[slots] *= 1 - meaning.label_weights[label] * confidences
    return np.asarray(1 - absent)


def _tags(meaning: TermMeaning, block: LabelBlock) -> Float32:
    slots, tags, probabilities = block.tags.of_all(np.flatnonzero(meaning.tag_weights))
    shares = np.sqrt(probabilities) * meaning.tag_weights.take(tags)
    fits = np.bincount(slots, weights=shares, minlength=len(block)).astype(np.float32)
    return np.minimum(fits, 1, out=fits)


def _tags_at(meaning: TermMeaning, block: LabelBlock, slots: Slots) -> Float32:
    return scoring.any_tag(block.tag_ids[slots], block.tag_probabilities[slots], meaning.tag_weights)


def _stacked(scores: Sequence[Float32], count: int) -> Float32:
    return np.array(scores, dtype=np.float32).reshape(len(scores), count)


def _none(scores: Float32) -> Float32:
    """Return the scores of no terms for as many photos."""
    return np.zeros((0, len(scores)), dtype=np.float32)


def _strengths(meanings: Sequence[TermMeaning]) -> Float32:
    return np.array([meaning.strength for meaning in meanings], dtype=np.float32)
