"""Labels that photos carry, and how well a searched term fits each of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.text.query import Term
from app.text.word_vectors import DATA, WordVectors

Float32 = NDArray[np.float32]

LABEL_WORDS_FILE = DATA / "label_words.txt"

_LEAST_FIT = {"same": 0.95, "above": 0.9, "below": 0.75}
"""By relation of the term to the label: another name of it, a more general word, a more special word.

What carries the label is surely of the more general kind, but only maybe of the more special one.
"""


def label_vectors(names: Sequence[str], words: WordVectors) -> Float32:
    """Return the labels' vectors, float32 (n_labels, n_dimensions) of length 1; zeros where no word is known."""
    rows = [words.phrase_vector(name.split()) for name in names]
    return np.stack([np.zeros(words.width, dtype=np.float32) if row is None else row for row in rows])


class LabelSet:
    """The labels of a model, in the order of its output, ready to be compared with terms."""

    def __init__(self, names: Sequence[str], words: WordVectors, label_words: Path = LABEL_WORDS_FILE) -> None:
        self.names = tuple(names)
        self.vectors = label_vectors(names, words)
        self._words = words
        self._entries = [words.lemma(name) for name in names]
        self._related = _read_related(label_words, self.names)
        self._named = _places(self.names)
        self._entered = _places(self._entries)

    def __len__(self) -> int:
        return len(self.names)

    def concerns(self, text: str) -> bool:
        """Tell whether words name a label, or a more general or more special thing."""
        entry = self._words.lemma(text)
        return text in self._named or entry in self._related or entry in self._entered

    def fits(self, term: Term, vector: Float32) -> Float32:
        """Return how well a term, with its vector, fits each label: float32 (n_labels,), up to 1.

        This is the cosine of the vectors; but the label's own name fits it fully, and where WordNet relates the
        two it is at least what the relation says, the better the nearer the vectors are.
        """
        cosines = self.vectors @ vector
        fits = cosines.copy()
        entry = self._words.lemma(term.text)
        for label, least in self._related.get(entry or "", ()):
            fits[label] = max(fits[label], least + (1 - least) * cosines[label])
        fits[[*self._named.get(term.text, ()), *(self._entered.get(entry, ()) if entry else ())]] = 1.0
        return np.asarray(fits, dtype=np.float32)


def _places(words: Iterable[str | None]) -> dict[str, list[int]]:
    """Return where each word stands."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words):
        if word is not None:
            places[word].append(place)
    return dict(places)


def _read_related(path: Path, names: Sequence[str]) -> dict[str, list[tuple[int, float]]]:
    """Read word to (index of a label, least fit); labels that aren't in `names` are passed over."""
    label_of = {name: index for index, name in enumerate(names)}
    related: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            label, relation, words = line.rstrip("\n").split("\t")
            if label in label_of:
                for word in words.split(" "):
                    related[word].append((label_of[label], _LEAST_FIT[relation]))
    return dict(related)
