"""How sharp the tags' probabilities should be, fitted on photos of one known class each."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_server.catalogue import TagClass
from model_server.errors import PhotosError

CANDIDATES = np.round(np.arange(0.2, 1.55, 0.05), 2)


def read_tagged(source: Path, tag_classes: Sequence[TagClass]) -> tuple[list[Path], NDArray[np.int64]]:
    """Read photos of one class each: *source* has a JSON object a line with ``file`` and ``wnid``.

    The pictures lie in the folder of the same name without ".jsonl". Returns their paths and columns of the
    probabilities; photos of other classes are left out. Raises PhotosError if the file can't be read.
    """
    columns = {tag_class.wnid: column for column, tag_class in enumerate(tag_classes)}
    try:
        entries = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
        chosen = [(source.with_suffix("") / entry["file"], columns.get(entry["wnid"])) for entry in entries]
    except (OSError, KeyError, ValueError) as error:
        raise PhotosError(f"{source} is no list of tagged photos: {error!r}") from error
    known = [(path, column) for path, column in chosen if column is not None]
    return [path for path, _ in known], np.array([column for _, column in known], np.int64)


def fit_temperature(logits: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Return the temperature under which the right classes are likeliest.

    logits: float32 (n, 1000); classes: int64 (n,), the right column of each row.
    """
    return float(min(CANDIDATES, key=lambda temperature: mean_surprise(logits / temperature, classes)))


def mean_surprise(logits: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Return the mean of -log(probability of the right class)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    right = shifted[np.arange(len(classes)), classes]
    return float((np.log(np.exp(shifted).sum(axis=1)) - right).mean())
