"""What models say of photos: one row a photo in datasets by model, each row with a checksum.

The first model of a file has its detections in `ssd_feature_group/ssd_feature` and its word vectors in
`nlp_feature_group/nlp_feature`; those of further models stand beside them under the model's name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import MAX_OBJECTS, OBJECT_FIELDS, Features
from app.errors import StoreError
from app.store.base import FeatureTable, Rows
from app.store.crc import crc32_of
from app.store.row_dataset import RowDataset
from app.store.schema import describe, table

_TAGS = 10
_LABELS = 80
_WORD_VECTOR = 50
MODELS_AT_MOST = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CHECKED_AT_ONCE = 128
"""Photos whose bytes are put side by side: few enough to stay in the processor's cache."""
_PIECE_BYTES = 4096
"""For much longer pieces other threads get the interpreter, and to get it back takes longer than the checksum."""


@dataclass(frozen=True)
class Column:
    """One dataset of a model: which field of Features it holds, where, and what its attributes say."""

    field: str
    path: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    meaning: str
    units: str = ""


def columns(model: str, first: str, width: int) -> list[Column]:
    """Return a model's datasets; `first` is the model that came first, `width` that of the embedding."""
    ssd = "ssd_feature" if model == first else model
    nlp = "nlp_feature" if model == first else model
    return [
        Column(
            "detections", f"ssd_feature_group/{ssd}", (MAX_OBJECTS, OBJECT_FIELDS), "<f4",
            "photo, object, (class_id, confidence, xmin, ymin, xmax, ymax)",
            "The most confident objects, strongest first, zeros where there are fewer; class_id counts from 1 in "
            "COCO's order.",
            "confidence: 0..1; corners: pixels of the 300 x 300 model input",
        ),
        Column(
            "word_vector", f"nlp_feature_group/{nlp}", (_WORD_VECTOR,), "<f4", "photo, dimension",
            "Mean word vector of the class names of the photo's objects, zeros for none.",
        ),
        Column(
            "embedding", f"embeddings/{model}/vectors", (width,), "<f4", "photo, dimension",
            "Embedding of the picture, L2-normalised.",
        ),
        Column(
            "tag_ids", f"tags/{model}/class_id", (_TAGS,), "<i4", "photo, rank",
            "Indexes into the model's tag classes, most probable first.",
        ),
        Column(
            "tag_probabilities", f"tags/{model}/probability", (_TAGS,), "<f4", "photo, rank",
            "Probability of each tag.", "0..1",
        ),
        Column(
            "label_scores", f"label_scores/{model}/scores", (_LABELS,), "<f4", "photo, class_id - 1",
            "Probability that each label of the detector is in the picture.", "0..1",
        ),
    ]  # fmt: skip


def checksums(values: list[NDArray[Any]]) -> NDArray[np.uint32]:
    """Return the CRC-32 of each photo's features as they stand in the file: uint32 (n,).

    values: one array (n, …) a column, in the order of `columns`.
    """
    pieces = [np.ascontiguousarray(value).reshape(len(value), -1).view(np.uint8) for value in values]
    sums = np.empty(len(pieces[0]), "<u4")
    for start in range(0, len(sums), _CHECKED_AT_ONCE):
        lines = np.concatenate([piece[start : start + _CHECKED_AT_ONCE] for piece in pieces], axis=1)
        sums[start : start + len(lines)] = checksums_of_lines(lines)
    return sums


def checksums_of_lines(lines: NDArray[np.uint8]) -> list[int]:
    """Return the CRC-32 of each line of bytes (n, length)."""
    size, data = lines.shape[1], lines.reshape(-1).data
    sums = [0] * len(lines)
    for first in range(0, size, _PIECE_BYTES):
        length = min(_PIECE_BYTES, size - first)
        starts = range(first, len(data), size)
        sums = [crc32_of(data[start : start + length], before) for start, before in zip(starts, sums, strict=True)]
    return sums


class ModelFeatures:
    """One model's datasets in an open file. The caller holds the file's lock around every call."""

    def __init__(self, file: Any, model: str) -> None:
        sums = file[f"checksums/{model}/crc32"]
        self.model = model
        self.bit = int(sums.attrs["bit"])
        self.width = int(sums.attrs["embedding_width"])
        self._columns = columns(model, str(file["checksums"].attrs["first_model"]), self.width)
        self._rows = [RowDataset(file[column.path]) for column in self._columns]
        self._sum_rows = RowDataset(sums)
        self.datasets = [rows.dataset for rows in self._rows]
        """In the order of `columns`."""
        self.sums = sums

    def write(self, features: Mapping[int, Features], count: int) -> None:
        """Write features by row; `count` is the number of photo rows of the file."""
        rows = sorted(features)
        stacked = [_stack(column, [features[row] for row in rows]) for column in self._columns]
        for dataset, values in zip([*self._rows, self._sum_rows], [*stacked, checksums(stacked)], strict=True):
            dataset.grow(count)
            dataset.write(rows, values)


def check(model: str, width: int, features: Iterable[Features]) -> None:
    """Raise StoreError for a model's features that don't have the shapes it has in this file."""
    if not _NAME.fullmatch(model):
        raise StoreError(f"A model can't be called {model!r}: use up to 64 letters, digits, dots, dashes.")
    for one in features:
        for column in columns(model, model, width):
            shape = np.shape(getattr(one, column.field))
            if shape != column.shape:
                raise StoreError(
                    f"{column.field} of model {model} has the shape {shape}; this gallery keeps "
                    f"{column.shape} of it. Give a model with other outputs another name."
                )


def by_model(features: Iterable[Mapping[str, Features]]) -> dict[str, list[Features]]:
    """Return what each model says of photos, from what is said of each photo."""
    gathered: dict[str, list[Features]] = {}
    for one in features:
        for model, found in one.items():
            gathered.setdefault(model, []).append(found)
    return gathered


def _stack(column: Column, features: list[Features]) -> NDArray[Any]:
    return np.stack([getattr(one, column.field) for one in features]).astype(column.dtype)


def models(file: Any) -> dict[str, ModelFeatures]:
    """Return the models that have features in a file."""
    if "checksums" not in file:
        return {}
    return {name: ModelFeatures(file, name) for name in file["checksums"]}


def add_model(file: Any, model: str, width: int, bit: int, chunk_rows: int) -> ModelFeatures:
    """Create the datasets of a model that marks its rows with `bit`."""
    group = file.require_group("checksums")
    group.attrs.setdefault("first_model", model)
    for column in columns(model, str(group.attrs["first_model"]), width):
        dataset = table(file, column.path, np.dtype(column.dtype), chunk_rows, column.shape)
        describe(dataset, axes=column.axes, meaning=column.meaning, units=column.units)
        dataset.attrs["model"] = model
    sums = table(file, f"checksums/{model}/crc32", np.dtype("<u4"), chunk_rows)
    describe(
        sums,
        axes="photo",
        meaning="CRC-32 over the photo's rows of this model: detections, word vector, embedding, tag class ids, tag "
        "probabilities, label scores. attribute bit: the model's bit in images.features.",
    )
    sums.attrs["bit"], sums.attrs["embedding_width"] = bit, width
    return ModelFeatures(file, model)


def admit(
    known: Mapping[str, ModelFeatures], new_models: dict[str, int], features: Mapping[str, list[Features]]
) -> dict[str, int]:
    """Let a commit have features, one or more by each model; return each model's bit.

    Models without datasets join `new_models`, with the width of their embedding. Raises StoreError for features that
    don't fit, and then `new_models` is as it was.
    """
    to_come, bits = dict(new_models), dict[str, int]()
    for model, found in features.items():
        if model in known:
            width, bits[model] = known[model].width, known[model].bit
        else:
            width = to_come.setdefault(model, len(found[0].embedding))
            bits[model] = len(known) + list(to_come).index(model)
        check(model, width, found)
        if bits[model] >= MODELS_AT_MOST:
            raise StoreError(f"The gallery holds features of {MODELS_AT_MOST} models already, and no more fit.")
    new_models.update(to_come)
    return bits


def feature_table(rows: Rows, values: list[NDArray[Any]]) -> FeatureTable:
    """Wrap arrays in the order of `columns`."""
    detections, word_vectors, embeddings, tag_ids, tag_probabilities, label_scores = values
    return FeatureTable(rows, detections, word_vectors, embeddings, tag_ids, tag_probabilities, label_scores)


def features_of(values: list[NDArray[Any]]) -> Features:
    """Wrap one photo's values in the order of `columns`."""
    detections, word_vector, embedding, tag_ids, tag_probabilities, label_scores = values
    return Features(detections, word_vector, embedding, tag_ids, tag_probabilities, label_scores)


def table_of(rows: Rows, features: Sequence[Features]) -> FeatureTable:
    """Put the features of photos, one or more, in one table."""
    return feature_table(
        rows, [np.stack([getattr(one, column.field) for one in features]) for column in columns("", "", 0)]
    )
