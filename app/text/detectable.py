"""Which of a detector's classes a word means: "kitty" its cats, "animal" all its animals."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import UnknownWordsError
from app.text.keywords import explain_unknown
from app.text.labels import label_vectors
from app.text.query_tree import Term
from app.text.word_vectors import WordVectors

Float32 = NDArray[np.float32]

LEAST_WEIGHT = 0.125
"""What the best label must weigh for a term; below, the term means something that is no label."""
SHARE_OF_BEST = 0.4
"""What a label must weigh against the best one to be meant too."""
_LEAST_LIKENESS = 0.5
_SUGGESTED = 3
_REMEMBERED = 1000


class Meaning(Protocol):
    """What a term means: `vector`, float32 (n_dimensions,), and `label_weights`, float32 (n_labels,), 0..1."""

    @property
    def vector(self) -> Float32: ...  # noqa: D102
    @property
    def label_weights(self) -> Float32: ...  # noqa: D102


class DetectorWords:
    """Finds the classes that terms mean. `meaning` is `KeywordMatcher.meaning` for the same `labels`."""

    def __init__(self, labels: Sequence[str], words: WordVectors, meaning: Callable[[Term], Meaning | None]) -> None:
        self._labels = labels
        self._words = words
        self._meaning = meaning
        self._vectors = label_vectors(labels, words)
        # The reasons of every hit ask again for the words of the search before.
        self._found = lru_cache(_REMEMBERED)(self._find)

    def class_ids(self, term: Term) -> frozenset[int]:
        """Return the classes, counted from 1; raise UnknownWordsError if the detector sees nothing of the kind."""
        return self._found(term.words)

    def _find(self, words: tuple[str, ...]) -> frozenset[int]:
        meaning = self._meaning(Term(words, 0))
        if meaning is None:
            suggestions = {word: self._words.near_words(word) for word in words}
            raise UnknownWordsError(explain_unknown(suggestions), words=words, suggestions=suggestions)
        best = float(meaning.label_weights.max(initial=0.0))
        if best < LEAST_WEIGHT:
            raise self._not_seen(" ".join(words), meaning)
        return frozenset((np.flatnonzero(meaning.label_weights >= SHARE_OF_BEST * best) + 1).tolist())

    def _not_seen(self, text: str, meaning: Meaning) -> UnknownWordsError:
        likeness = self._vectors @ meaning.vector
        best = np.argsort(-likeness, kind="stable")[:_SUGGESTED]
        near = [self._labels[label] for label in best if likeness[label] >= _LEAST_LIKENESS]
        advice = f"Near things that it sees: {', '.join(near)}." if near else "Leave the condition out."
        message = f"“{text}” is nothing that the detector can see, so it can't be counted or placed. {advice}"
        return UnknownWordsError(message, words=(text,), suggestions={text: near})
