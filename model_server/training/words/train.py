"""Train the word vectors from WordNet and write the compact files that the application reads."""

import gzip
import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from model_server.training.words.label_words import find_label_words, write_label_words
from model_server.training.words.retrofit import retrofit, unit_rows
from model_server.training.words.vocabulary import irregular_forms, searchable_words
from model_server.training.words.walks import WalkSettings, write_training_text
from model_server.training.words.wordnet import WordNet

VECTORS_NAME = "word_vectors.bin.gz"
IRREGULAR_FORMS_NAME = "irregular_forms.txt"
LABEL_WORDS_NAME = "label_words.txt"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainSettings:
    """Word2Vec's settings; `workers` above 1 make the result differ a little from run to run."""

    dimensions: int = 50
    window: int = 5
    negative: int = 5
    epochs: int = 3
    min_count: int = 3
    workers: int = 2
    seed: int = 1
    steps_per_unit: int = 128
    """Values are rounded to 1 / this, so that the file packs to about a third."""
    walks: WalkSettings = field(default_factory=WalkSettings)


@dataclass(frozen=True)
class ModelLabels:
    """What a model tells of photos: COCO's labels, and ImageNet's classes as (WordNet id, name)."""

    labels: tuple[str, ...]
    tag_classes: tuple[tuple[str, str], ...]


def train(wordnet_folder: Path, out: Path, model: ModelLabels, settings: TrainSettings) -> None:
    """Read WordNet, write the training text, train, refine and write the files into the folder `out`."""
    wordnet = WordNet.read(wordnet_folder)
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch) / "walks.txt"
        with text.open("w", encoding="utf-8") as file:
            log.info("%d words of walks written", write_training_text(wordnet, settings.walks, file))
        words, vectors = _word2vec(text, settings)
    out.mkdir(parents=True, exist_ok=True)
    write_files(wordnet, words, vectors, model, out, settings.steps_per_unit)


def write_files(
    wordnet: WordNet,
    words: Sequence[str],
    vectors: NDArray[np.float32],
    model: ModelLabels,
    out: Path,
    steps_per_unit: int,
) -> None:
    """Refine trained vectors and write all that the application reads of words.

    words: the most frequent first. vectors: float32 (n_words, n_dimensions), as Word2Vec leaves them.
    """
    searchable = searchable_words(wordnet)
    kept = [row for row, word in enumerate(words) if word in searchable]
    words = [words[row] for row in kept]
    refined = retrofit(words, centred(vectors[kept]), wordnet)
    write_word2vec(out / VECTORS_NAME, words, rounded(refined, steps_per_unit))
    write_forms(out / IRREGULAR_FORMS_NAME, irregular_forms(wordnet, set(words)).items())
    label_words = find_label_words(wordnet, set(words), model.labels, model.tag_classes)
    write_label_words(out / LABEL_WORDS_NAME, label_words)
    log.info("%d words written to %s", len(words), out)


def _word2vec(text: Path, settings: TrainSettings) -> tuple[list[str], NDArray[np.float32]]:
    """Return the words, the most frequent first, and their vectors, float32 (n_words, n_dimensions)."""
    model = Word2Vec(
        corpus_file=str(text), sg=1, sample=1e-3, vector_size=settings.dimensions, window=settings.window,
        negative=settings.negative, epochs=settings.epochs, min_count=settings.min_count,
        workers=settings.workers, seed=settings.seed,
    )  # fmt: skip
    return list(model.wv.index_to_key), model.wv.vectors


def centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows' directions less their mean: what all words share says nothing of any."""
    directions = unit_rows(vectors)
    return unit_rows(directions - directions.mean(axis=0))


def rounded(vectors: NDArray[np.float32], steps_per_unit: int) -> NDArray[np.float32]:
    """Return the values rounded to multiples of 1 / `steps_per_unit`, a power of two."""
    return np.round(vectors * steps_per_unit).astype(np.float32) / np.float32(steps_per_unit)


def write_word2vec(path: Path, words: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write word2vec's binary format, compressed with gzip; the same vectors make the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
        packed.write(f"{len(words)} {vectors.shape[1]}\n".encode())
        for word, vector in zip(words, vectors.astype("<f4"), strict=True):
            packed.write(word.encode() + b" " + vector.tobytes())


def write_forms(path: Path, forms: Iterable[tuple[str, str]]) -> None:
    """Write irregular forms, `form lemma` a line."""
    lines = [f"{form} {lemma}\n" for form, lemma in sorted(forms)]
    path.write_text("# Irregular forms of WordNet 3.0: form, dictionary form.\n" + "".join(lines), encoding="utf-8")
