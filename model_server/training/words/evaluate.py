"""Compare word vectors with what people say about how alike two words are."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from gensim.models import KeyedVectors
from gensim.test.utils import datapath

RESULT_NAME = "word_vectors.json"
# gensim carries both lists of word pairs with people's ratings.
WORD_PAIRS = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation with people's ratings, and the share of pairs with an unknown word."""

    spearman: float
    unknown_share: float


def evaluate(vectors_file: Path) -> dict[str, Agreement]:
    """Return the agreement of a file of vectors with each list of word pairs."""
    vectors = KeyedVectors.load_word2vec_format(str(vectors_file), binary=True)
    return {name: _agreement(vectors, datapath(file)) for name, file in WORD_PAIRS.items()}


def write_result(vectors_file: Path) -> Path:
    """Measure a file of vectors and write the figures next to it."""
    agreements = evaluate(vectors_file)
    for name, agreement in agreements.items():
        unknown_percent = 100 * agreement.unknown_share
        log.info("%s: Spearman %.3f, %.1f %% of pairs unknown", name, agreement.spearman, unknown_percent)
    path = vectors_file.with_name(RESULT_NAME)
    figures = {name: asdict(agreement) for name, agreement in agreements.items()}
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return path


def _agreement(vectors: KeyedVectors, pairs: str) -> Agreement:
    _, spearman, unknown_percent = vectors.evaluate_word_pairs(pairs)
    return Agreement(round(float(spearman[0]), 4), round(float(unknown_percent) / 100, 4))
