"""Word vectors: what words mean, as points that stand close together when the words mean alike."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.text.morphology import dictionary_forms, read_forms
from app.text.spelling import Speller
from app.text.word2vec_file import read_word2vec

Float32 = NDArray[np.float32]

DATA = Path(__file__).resolve().parent / "data"
VECTORS_FILE = DATA / "word_vectors.bin.gz"
FORMS_FILES = (DATA / "irregular_forms.txt", DATA / "modern_words.txt")


class WordVectors:
    """The vectors of a vocabulary, the frequent words first.

    `words`: lower case, a collocation's words joined by `_`. `vectors`: float (n_words, n_dimensions), of any
    length above 0. `forms`: irregular or unlisted form to a word ("mice": "mouse").
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[np.floating], forms: Mapping[str, str]) -> None:
        self._row_of = {word: row for row, word in enumerate(words)}
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # Half precision halves the memory and costs cosines 0.0005.
        self._vectors = (vectors / lengths).astype(np.float16)
        self._forms = forms

    @classmethod
    def load(cls, path: Path = VECTORS_FILE, forms: Iterable[Path] = FORMS_FILES) -> "WordVectors":
        """Load a file of word2vec's binary format and lists of forms; raise ValueError if it is damaged."""
        words, vectors = read_word2vec(path)
        return cls(words, vectors, {form: word for file in forms for form, word in read_forms(file).items()})

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def vocabulary(self) -> list[str]:
        """All words, the frequent ones first; a collocation's words are joined by `_`."""
        return list(self._row_of)

    @property
    def width(self) -> int:
        """The number of dimensions."""
        return int(self._vectors.shape[1])

    def lemma(self, term: str) -> str | None:
        """Return the entry under which a word or collocation stands, None if there is none."""
        word = "_".join(term.lower().split())
        return next((form for form in dictionary_forms(word, self._forms) if form in self._row_of), None)

    def known(self, term: str) -> bool:
        """Tell whether a word or collocation, also an inflected one, has a vector of its own."""
        return self.lemma(term) is not None

    def vector(self, term: str) -> Float32 | None:
        """Return the vector of a word or collocation, float32 (n_dimensions,) of length 1; None if unknown."""
        lemma = self.lemma(term)
        return None if lemma is None else _unit(self._vectors[self._row_of[lemma]].astype(np.float32))

    def phrase_vector(self, words: Sequence[str]) -> Float32 | None:
        """Return the collocation's vector or else the mean of the known words', of length 1; None if unknown."""
        whole = self.vector(" ".join(words))
        if whole is not None:
            return whole
        parts = [vector for vector in map(self.vector, words) if vector is not None]
        return _unit(np.mean(parts, axis=0)) if parts else None

    def nlp_feature(self, class_names: Iterable[str]) -> Float32:
        """Return the mean of the class names' vectors, float32 (n_dimensions,), zeros if none is known."""
        vectors = [vector for name in class_names if (vector := self.phrase_vector(name.split())) is not None]
        if not vectors:
            return np.zeros(self.width, dtype=np.float32)
        return np.asarray(np.mean(vectors, axis=0), dtype=np.float32)

    def near_words(self, word: str, n: int = 3) -> list[str]:
        """Return up to `n` known words that `word` may be a misspelling of, the likeliest first."""
        near = self._speller.near("_".join(word.lower().split()), n)
        return [candidate.replace("_", " ") for candidate in near]

    def correction(self, word: str) -> str | None:
        """Return the known word that `word` clearly is a misspelling of, None if there is none or several."""
        meant = self._speller.correction("_".join(word.lower().split()))
        return None if meant is None else meant.replace("_", " ")

    @cached_property
    def _speller(self) -> Speller:
        """Made when the first unknown word comes: it takes longer than one search may."""
        return Speller(self.vocabulary)


def _unit(vector: Float32) -> Float32:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
