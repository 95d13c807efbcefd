"""The scores of `late` over blocks of photos: bounds that are quick to learn, and exact scores where asked for.

`KeywordMatcher.late` says what the scores are, from plain arrays of all that photos show. Here a block is asked only
for the labels and tags that mean something for a query; and where a kind of them is common, as objects that are
people, it is first taken for the most it could be, since the photos that come first show what is common surely.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.text import scoring
from app.text.query import Term

Float32 = NDArray[np.float32]
Slots = NDArray[np.integer]

COMMON_SHARE = 0.6
"""Objects and tags are common if photos have more of those that are meant than this, on average."""
TELLING = 0.5
"""A label of at least this weight tells of a picture by itself whether it can be among the best."""
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

    def count(self, keys: NDArray[np.integer], /) -> int:
        """Return how many entries labels have together."""


class LabelBlock(Protocol):
    """What n photos are said to show, by label."""

    @property
    def objects(self) -> Postings: ...  # noqa: D102
    @property
    def tags(self) -> Postings: ...  # noqa: D102
    @property
    def tag_ids(self) -> NDArray[np.integer]: ...  # noqa: D102
    @property
    def tag_probabilities(self) -> Float32: ...  # noqa: D102

    def __len__(self) -> int: ...

    def label_scores(self, label: int, /) -> Float32:
        """Return a label's probability for each photo, float32 (n,)."""

    def label_scores_at(self, labels: Slots, slots: Slots, /) -> Float32:
        """Return the probabilities of `labels`, int (m,), for the photos at `slots`, int (k,): float32 (m, k)."""

    def objects_at(self, labels: Slots, slots: Slots, /) -> Float32:
        """Return the surest objects' confidences of `labels`, int (m,), at `slots`, int (k,): float32 (m, k)."""


Part = tuple[LabelBlock, Slots]
"""Photos at some places of a block."""


@dataclass(frozen=True)
class LateScorer:
    """Scores photos for terms that are wanted and terms that are excluded."""

    wanted: Sequence[TermMeaning]
    excluded: Sequence[TermMeaning]

    def uppers(self, block: LabelBlock) -> Float32:
        """Return what a block's scores can be at most, float32 (n,)."""
        if len(self.wanted) == 1 and not self.excluded:
            # The weighted mean of one is itself.
            (meaning,) = self.wanted
            uppers = _term_upper(meaning, block)
            uppers *= np.float32(meaning.strength)
        else:
            terms = _stacked([_term_upper(meaning, block) for meaning in self.wanted], block)
            # What is excluded shows at least as much as the whole picture's labels say.
            lowers = _stacked([_picture(meaning, block) for meaning in self.excluded], block) - np.float32(ROUNDING)
            uppers = scoring.combined(terms, _strengths(self.wanted), np.maximum(lowers, 0))
        uppers += np.float32(ROUNDING)
        return uppers

    def scores(self, block: LabelBlock) -> Float32:
        """Return a block's scores, float32 (n,), to within ROUNDING."""
        return scoring.combined(
            _stacked([_term_scores(meaning, block) for meaning in self.wanted], block),
            _strengths(self.wanted),
            _stacked([_term_scores(meaning, block) for meaning in self.excluded], block),
        )

    def exact(self, parts: Sequence[Part]) -> Float32:
        """Return the exact scores of some photos, part by part: float32 (k,)."""
        wanted = [_term_scores_at(meaning, parts) for meaning in self.wanted]
        excluded = [_term_scores_at(meaning, parts) for meaning in self.excluded]
        count = sum(len(slots) for _, slots in parts)
        return scoring.combined(
            np.array(wanted, dtype=np.float32).reshape(len(wanted), count),
            _strengths(self.wanted),
            np.array(excluded, dtype=np.float32).reshape(len(excluded), count),
        )


def _term_upper(meaning: TermMeaning, block: LabelBlock) -> Float32:
    """Return what a term's scores can be at most, float32 (n,)."""
    labels, tags = np.flatnonzero(meaning.label_weights), np.flatnonzero(meaning.tag_weights)
    # Where no label says much for the whole picture, only the other sources tell the photos apart.
    most_entries = len(block) * (COMMON_SHARE if meaning.label_weights.max() >= TELLING else np.inf)
    absent = _absent_from_picture(meaning, block)
    if block.objects.count(labels) <= most_entries:
        for label in labels.tolist():
            slots, confidences = block.objects.of(label)
            # No more than what `scoring` makes of several objects, and the same for one.
            absent[slots] *= 1 - scoring.OBJECT_TRUST * meaning.label_weights[label] * confidences
    else:
        most = 1 - float(np.prod(1 - meaning.label_weights))
        absent *= np.float32(1 - scoring.OBJECT_TRUST * most)
    if block.tags.count(tags) <= most_entries:
        if len(tags):
            fits = _tags(meaning, block)
            fits *= np.float32(-scoring.TAG_TRUST)
            fits += 1
            absent *= fits
    else:
        # The square roots of k probabilities that add up to one at most add up to the root of k.
        most = min(1.0, sqrt(block.tag_ids.shape[1]) * float(meaning.tag_weights.max()))
        absent *= np.float32(1 - scoring.TAG_TRUST * most)
    return np.subtract(1, absent, out=absent)


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


def _absent_from_picture(meaning: TermMeaning, block: LabelBlock) -> Float32:
    """Return the chance that none of the labels is there and meant, float32 (n,), as `scoring.any_label` says."""
    absent = np.ones(len(block), dtype=np.float32)
    for label in np.flatnonzero(meaning.label_weights).tolist():
        absent *= 1 - meaning.label_weights[label] * block.label_scores(label)
    return absent


def _objects(meaning: TermMeaning, block: LabelBlock) -> Float32:
    absent = np.ones(len(block), dtype=np.float32)
    for label in np.flatnonzero(meaning.label_weights).tolist():
        slots, confidences = block.objects.of(label)
        absent[slots] *= 1 - meaning.label_weights[label] * confidences
    return np.asarray(1 - absent)


def _tags(meaning: TermMeaning, block: LabelBlock) -> Float32:
    fits = np.zeros(len(block), dtype=np.float32)
    for tag in np.flatnonzero(meaning.tag_weights).tolist():
        slots, probabilities = block.tags.of(tag)
        fits[slots] += meaning.tag_weights[tag] * np.sqrt(probabilities)
    return np.minimum(fits, 1, out=fits)


def _stacked(scores: Sequence[Float32], block: LabelBlock) -> Float32:
    return np.array(scores, dtype=np.float32).reshape(len(scores), len(block))


def _strengths(meanings: Sequence[TermMeaning]) -> Float32:
    return np.array([meaning.strength for meaning in meanings], dtype=np.float32)
