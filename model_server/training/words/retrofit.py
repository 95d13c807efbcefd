"""Pull word vectors towards what the words are and are called.

Random walks tell what is spoken of together; this adds that a poodle is a dog. After Faruqui, Dodge,
Jauhar, Dyer, Hovy and Smith, "Retrofitting Word Vectors to Semantic Lexicons", NAACL 2015.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from model_server.training.words.wordnet import WordNet

SYNONYM_WEIGHT = 0.5
HYPERNYM_WEIGHT = 0.3
ROUNDS = 10


def retrofit(words: Sequence[str], vectors: NDArray[np.float32], wordnet: WordNet) -> NDArray[np.float32]:
    """Return float32 (n_words, n_dimensions) of length 1, each a mean of its word's vector and its neighbours'.

    `vectors`: float32 (n_words, n_dimensions) of length 1, which weigh 1 each; a word's synonyms weigh
    SYNONYM_WEIGHT in all, and each meaning above it HYPERNYM_WEIGHT.
    """
    pull = _neighbour_weights(words, wordnet)
    total = 1.0 + pull.sum(axis=1)[:, None]
    moved = vectors
    for _ in range(ROUNDS):
        moved = (vectors + pull @ moved) / total
    return unit_rows(moved)


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the rows at length 1, as float32."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _neighbour_weights(words: Sequence[str], wordnet: WordNet) -> csr_array:
    """Return the pull of words on words, (n_words, n_words); only a word's first meaning is pulled."""
    row_of = {word: row for row, word in enumerate(words)}
    named = [
        [lemma for lemma in dict.fromkeys(map(str.lower, synset.lemmas)) if lemma in row_of]
        for synset in wordnet.synsets
    ]
    edges: list[tuple[int, int, float]] = []
    for index, lemmas in enumerate(named):
        meant_first = [lemma for lemma in lemmas if _means_first(wordnet, lemma, index)]
        for lemma in meant_first:
            others = [other for other in meant_first if other != lemma]
            edges += [(row_of[lemma], row_of[other], SYNONYM_WEIGHT / len(others)) for other in others]
            for above in wordnet.hypernyms(index):
                weight = HYPERNYM_WEIGHT / max(1, len(named[above]))
                edges += [(row_of[lemma], row_of[other], weight) for other in named[above]]
    rows, columns, weights = zip(*edges, strict=True)
    return csr_array((weights, (rows, columns)), shape=(len(words), len(words)))


def _means_first(wordnet: WordNet, lemma: str, index: int) -> bool:
    part = wordnet.synsets[index].part
    if wordnet.senses[lemma, part][0] != index:
        return False
    return part == "n" or wordnet.commonest_sense(lemma) == index
