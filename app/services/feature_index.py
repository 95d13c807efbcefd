"""All photos' features in memory, ready for every kind of search; kept in step with the store."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Float32, Photo
from app.search.embedding import EmbeddingIndex
from app.search.layout import LayoutIndex
from app.search.ssd import SsdIndex
from app.store.base import FeatureTable, Rows
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class LabelTable:
    """What each photo is said to show, by row; rows without features hold zeros.

    label_scores: float32 (n_rows, labels), each label's probability for the whole picture.
    object_confidences: float32 (n_rows, labels), the confidence of each label's surest object.
    word_vectors: float32 (n_rows, dimensions), the mean word vector of the objects' names.
    tag_ids: int32 (n_rows, tags). tag_probabilities: float32 (n_rows, tags).
    held: bool (n_rows,), whether the row has features.
    """

    label_scores: Float32
    object_confidences: Float32
    word_vectors: Float32
    tag_ids: NDArray[np.int32]
    tag_probabilities: Float32
    held: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.held)


class FeatureIndex:
    """The indexes of all methods; searches may run while photos come and go."""

    def __init__(self, card: ModelCard) -> None:
        self._label_count = len(card.labels)
        self._writing = threading.Lock()
        self._count = 0
        self._end = 0
        self._labels: LabelTable | None = None
        self.embeddings = EmbeddingIndex(card.embedding_width)
        self.objects = SsdIndex()
        self.layouts = LayoutIndex()

    def __len__(self) -> int:
        """Return how many photos can be searched."""
        return self._count

    def labels(self) -> LabelTable | None:
        """Return what each photo is said to show, None while there is none."""
        table = self._labels
        return None if table is None else _first(table, self._end)

    def rows_with_object(self, class_id: int, least_confidence: float) -> Rows:
        """Return the rows of the photos that hold an object of a class at least so surely: int64 (n,), ascending."""
        table = self.labels()
        if table is None:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(table.object_confidences[:, class_id - 1] >= least_confidence).astype(np.int64)

    def load(self, table: FeatureTable) -> None:
        """Take in all features of a model, as the store holds them."""
        if not len(table.rows):
            return
        with self._writing:
            self.embeddings.reserve(len(table.rows))
            self._add(table)

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`, which replace what was known of it."""
        if not photos:
            return
        table = FeatureTable(
            rows=np.array([photo.row for photo in photos], dtype=np.int64),
            detections=np.stack([one.detections for one in features]),
            word_vectors=np.stack([one.word_vector for one in features]),
            embeddings=np.stack([one.embedding for one in features]),
            tag_ids=np.stack([one.tag_ids for one in features]),
            tag_probabilities=np.stack([one.tag_probabilities for one in features]),
            label_scores=np.stack([one.label_scores for one in features]),
        )
        with self._writing:
            self._add(table)

    def remove(self, row: int) -> None:
        """Forget a photo; nothing happens if it isn't held."""
        with self._writing:
            for index in (self.embeddings, self.objects, self.layouts):
                index.remove([row])
            if self._labels is not None and row < self._end:
                self._count -= int(self._labels.held[row])
                for column in vars(self._labels).values():
                    column[row] = 0

    def _add(self, table: FeatureTable) -> None:
        self.embeddings.add(table.rows, table.embeddings)
        self.objects.add(table.rows, table.detections)
        self.layouts.add(table.rows, table.detections)
        labels = self._labels_with_room(int(table.rows.max()) + 1, table)
        labels.label_scores[table.rows] = table.label_scores
        labels.object_confidences[table.rows] = surest_objects(table.detections, self._label_count)
        labels.word_vectors[table.rows] = table.word_vectors
        labels.tag_ids[table.rows] = table.tag_ids
        labels.tag_probabilities[table.rows] = table.tag_probabilities
        self._count += int(np.count_nonzero(~labels.held[table.rows]))
        labels.held[table.rows] = True
        self._labels = labels
        self._end = max(self._end, int(table.rows.max()) + 1)

    def _labels_with_room(self, end: int, like: FeatureTable) -> LabelTable:
        """Return the table, copied into a larger one if it has fewer than `end` rows; readers keep the old one."""
        current = self._labels
        if current is not None and len(current) >= end:
            return current
        capacity = max(end, 2 * len(current) if current is not None else 0, 1024)
        larger = LabelTable(
            label_scores=np.zeros((capacity, self._label_count), dtype=np.float32),
            object_confidences=np.zeros((capacity, self._label_count), dtype=np.float32),
            word_vectors=np.zeros((capacity, like.word_vectors.shape[1]), dtype=np.float32),
            tag_ids=np.zeros((capacity, like.tag_ids.shape[1]), dtype=np.int32),
            tag_probabilities=np.zeros((capacity, like.tag_probabilities.shape[1]), dtype=np.float32),
            held=np.zeros(capacity, dtype=np.bool_),
        )
        if current is not None:
            for name, column in vars(current).items():
                vars(larger)[name][: len(column)] = column
        return larger


def surest_objects(detections: Float32, label_count: int) -> Float32:
    """Return each label's highest confidence in each photo.

    detections: float32 (n, objects, 6), class_id and confidence first. Returns float32 (n, label_count), column k - 1
    for class_id k, zeros where there is no such object.
    """
    surest = np.zeros((len(detections), label_count + 1), dtype=np.float32)
    class_ids = detections[:, :, 0].astype(np.int64)
    photos = np.repeat(np.arange(len(detections)), detections.shape[1])
    np.maximum.at(surest, (photos, class_ids.ravel()), detections[:, :, 1].ravel())
    return surest[:, 1:]


def _first(table: LabelTable, end: int) -> LabelTable:
    return LabelTable(**{name: column[:end] for name, column in vars(table).items()})
