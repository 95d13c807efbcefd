"""What models say of photos: one row a photo in datasets by model, each row with a checksum.

The first model of a file has its detections in `ssd_feature_group/ssd_feature` and its word vectors in
`nlp_feature_group/nlp_feature`; those of further models stand beside them under the model's name. A model has the
datasets of what it says: one that only embeds has no detections. Another version of a model is another model here.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import MAX_OBJECTS, OBJECT_FIELDS, Features
from app.errors import StoreError
from app.store.base import FeatureTable, Rows, Shapes, model_and_version, shapes_of
from app.store.crc import crc32_of
from app.store.row_dataset import RowDataset
from app.store.schema import describe, table

MODELS_AT_MOST = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NARROW_BYTES = 1024
"""Columns up to this are put side by side: it takes less time than to checksum each by itself."""
_PIECE_BYTES = 5120
"""For longer pieces other threads get the interpreter, and to get it back takes longer than the checksum."""


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


_WHOLE: Shapes = {
    "detections": (MAX_OBJECTS, OBJECT_FIELDS),
    "word_vector": (50,),
    "embedding": (-1,),
    "tag_ids": (10,),
    "tag_probabilities": (10,),
    "label_scores": (-1,),
}
"""The shapes of what a model says; -1 is as long as the model makes it."""
_NOTHING: Shapes = {name: (0, *shape[1:]) for name, shape in _WHOLE.items()}


def columns(model: str, first: str, shapes: Shapes = _WHOLE) -> list[Column]:
    """Return a model's datasets; `first` is the model that came first."""
    ssd = "ssd_feature" if model == first else model
    nlp = "nlp_feature" if model == first else model
    all_columns = [
        Column(
            "detections", f"ssd_feature_group/{ssd}", shapes["detections"], "<f4",
            "photo, object, (class_id, confidence, xmin, ymin, xmax, ymax)",
            "The most confident objects, strongest first, zeros where there are fewer; class_id counts from 1 in "
            "COCO's order.",
            "confidence: 0..1; corners: pixels of the 300 x 300 model input",
        ),
        Column(
            "word_vector", f"nlp_feature_group/{nlp}", shapes["word_vector"], "<f4", "photo, dimension",
            "Mean word vector of the class names of the photo's objects, zeros for none.",
        ),
        Column(
            "embedding", f"embeddings/{model}/vectors", shapes["embedding"], "<f4", "photo, dimension",
            "Embedding of the picture, L2-normalised.",
        ),
        Column(
            "tag_ids", f"tags/{model}/class_id", shapes["tag_ids"], "<i4", "photo, rank",
            "Indexes into the model's tag classes, most probable first.",
        ),
        Column(
            "tag_probabilities", f"tags/{model}/probability", shapes["tag_probabilities"], "<f4", "photo, rank",
            "Probability of each tag.", "0..1",
        ),
        Column(
            "label_scores", f"label_scores/{model}/scores", shapes["label_scores"], "<f4", "photo, class_id - 1",
            "Probability that each label of the detector is in the picture.", "0..1",
        ),
    ]  # fmt: skip
    return [column for column in all_columns if math.prod(column.shape)]


def checksums(values: list[NDArray[Any]]) -> NDArray[np.uint32]:
    """Return the CRC-32 of each photo's features as they stand in the file: uint32 (n,).

    values: one array (n, …) a column, in the order of `columns`.
    """
    sums = [0] * len(values[0])
    for lines in _side_by_side(values):
        sums = checksums_of_lines(lines, sums)
    return np.array(sums, "<u4")


def _side_by_side(values: list[NDArray[Any]]) -> Iterator[NDArray[np.uint8]]:
    """Yield the bytes of columns as lines (n, length), narrow columns that follow each other as one."""
    columns_bytes = (np.ascontiguousarray(value).reshape(len(value), -1).view(np.uint8) for value in values)
    for wide, several in groupby(columns_bytes, key=lambda lines: lines.shape[1] > _NARROW_BYTES):
        if wide:
            yield from several
        else:
            yield np.concatenate(list(several), axis=1)


def checksums_of_lines(lines: NDArray[np.uint8], before: list[int] | None = None) -> list[int]:
    """Return the CRC-32 of each line of bytes (n, length); `before` are those of the bytes before them."""
    size, data = lines.shape[1], lines.reshape(-1).data
    sums = [0] * len(lines) if before is None else before
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
        possible = columns(model, str(file["checksums"].attrs["first_model"]))
        self._columns = [column for column in possible if column.path in file]
        self.shapes: Shapes = dict(_NOTHING) | {column.field: file[column.path].shape[1:] for column in self._columns}
        self.width = self.shapes["embedding"][0]
        self.fields = [column.field for column in self._columns]
        self._rows = [RowDataset(file[column.path]) for column in self._columns]
        self._sum_rows = RowDataset(sums)
        self.datasets = [rows.dataset for rows in self._rows]
        """In the order of `columns`."""
        self.sums = sums

    def complete(self, values: list[NDArray[Any]], count: int) -> dict[str, NDArray[Any]]:
        """Return each field's values, of `count` photos in the order of `columns`, with nothing for the rest."""
        nothing = {name: np.zeros((count, *shape), np.float32) for name, shape in _NOTHING.items()}
        nothing["tag_ids"] = nothing["tag_ids"].astype(np.int32)
        return nothing | dict(zip(self.fields, values, strict=True))

    def write(self, features: Mapping[int, Features], count: int) -> None:
        """Write features by row; `count` is the number of photo rows of the file."""
        rows = sorted(features)
        stacked = [_stack(column, [features[row] for row in rows]) for column in self._columns]
        for dataset, values in zip([*self._rows, self._sum_rows], [*stacked, checksums(stacked)], strict=True):
            dataset.grow(count)
            dataset.write(rows, values)


def check(model: str, shapes: Shapes, features: Iterable[Features]) -> None:
    """Raise StoreError for a model's features that don't have the shapes it has in this file."""
    if not _NAME.fullmatch(model):
        raise StoreError(f"A model can't be called {model!r}: use up to 64 letters, digits, dots, dashes.")
    if not any(math.prod(shape) for shape in shapes.values()):
        raise StoreError(f"Model {model} says nothing of photos: there is nothing to keep.")
    for one in features:
        for name, shape in shapes_of(one).items():
            if shape != tuple(shapes[name]) or not _can_be(shape, name):
                raise StoreError(
                    f"{name} of model {model} has the shape {shape}; this gallery keeps {tuple(shapes[name])} of it. "
                    "Give a model with other outputs another name."
                )


def _can_be(shape: tuple[int, ...], name: str) -> bool:
    """Tell whether a photo's features may have this shape: nothing, or what is said of every photo alike."""
    wanted = tuple(own if own >= 0 else length for own, length in zip(_WHOLE[name], shape, strict=False))
    return shape in (wanted, _NOTHING[name])


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


def add_model(file: Any, model: str, shapes: Shapes, bit: int, chunk_rows: int) -> ModelFeatures:
    """Create the datasets of a model that marks its rows with `bit`."""
    group = file.require_group("checksums")
    group.attrs.setdefault("first_model", model)
    for column in columns(model, str(group.attrs["first_model"]), shapes):
        dataset = table(file, column.path, np.dtype(column.dtype), chunk_rows, column.shape)
        describe(dataset, axes=column.axes, meaning=column.meaning, units=column.units)
        dataset.attrs["model"], dataset.attrs["version"] = model_and_version(model)
    sums = table(file, f"checksums/{model}/crc32", np.dtype("<u4"), chunk_rows)
    describe(
        sums,
        axes="photo",
        meaning="CRC-32 over the photo's rows of this model: detections, word vector, embedding, tag class ids, tag "
        "probabilities, label scores, as far as it has them. attribute bit: the model's bit in images.features.",
    )
    sums.attrs["bit"] = bit
    return ModelFeatures(file, model)


def admit(
    known: Mapping[str, ModelFeatures], new_models: dict[str, Shapes], features: Mapping[str, list[Features]]
) -> dict[str, int]:
    """Let a commit have features, one or more by each model; return each model's bit.

    Models without datasets join `new_models`, with the shapes of their features. Raises StoreError for features that
    don't fit, and then `new_models` is as it was.
    """
    to_come: dict[str, Shapes] = dict(new_models)
    bits: dict[str, int] = {}
    for model, found in features.items():
        if model in known:
            shapes, bits[model] = known[model].shapes, known[model].bit
        else:
            shapes = dict(to_come.setdefault(model, shapes_of(found[0])))
            bits[model] = len(known) + list(to_come).index(model)
        check(model, shapes, found)
        if bits[model] >= MODELS_AT_MOST:
            raise StoreError(f"The gallery holds features of {MODELS_AT_MOST} models already, and no more fit.")
    new_models.update(to_come)
    return bits


def table_of(rows: Rows, features: Sequence[Features]) -> FeatureTable:
    """Put the features of photos, one or more, in one table."""
    stacked = {name: np.stack([getattr(one, name) for one in features]) for name in _WHOLE}
    return feature_table(rows, stacked)


def feature_table(rows: Rows, columns: Mapping[str, NDArray[Any]]) -> FeatureTable:
    """Wrap the values of each field, (n, …)."""
    return FeatureTable(
        rows=rows,
        detections=columns["detections"],
        word_vectors=columns["word_vector"],
        embeddings=columns["embedding"],
        tag_ids=columns["tag_ids"],
        tag_probabilities=columns["tag_probabilities"],
        label_scores=columns["label_scores"],
    )
