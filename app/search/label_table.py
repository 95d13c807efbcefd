"""What photos are said to show, one row a photo: the plain form from which all searches by label are made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.rows import Rows


@dataclass(frozen=True)
class LabelTable:
    """What each of n photos is said to show.

    rows: int64 (n,), each photo's row in the store.
    label_scores: float32 (n, labels), each label's probability for the whole picture.
    object_confidences: float32 (n, labels), the confidence of each label's surest object.
    tag_ids: int (n, tags), each once a photo. tag_probabilities: float32 (n, tags).
    """

    rows: Rows
    label_scores: Float32
    object_confidences: Float32
    tag_ids: NDArray[np.integer]
    tag_probabilities: Float32

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, chosen: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "LabelTable":
        """Return the photos at `chosen`, which are indexes, a mask or a slice."""
        return LabelTable(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def together(tables: Sequence[LabelTable]) -> LabelTable:
    """Return the photos of all tables, of which there is at least one, in the order of their rows."""
    if len(tables) == 1:
        return in_order(tables[0])
    return in_order(
        LabelTable(
            **{
                field.name: np.concatenate([getattr(one, field.name) for one in tables])
                for field in fields(LabelTable)
            }
        )
    )


def in_order(table: LabelTable) -> LabelTable:
    """Return the photos of a table in the order of their rows; the table itself if they are."""
    ascending = bool((np.diff(table.rows) > 0).all())
    return table if ascending else table.of(np.argsort(table.rows, kind="stable"))


def surest_objects(detections: Float32, label_count: int) -> Float32:
    """Return each label's highest confidence in each photo.

    detections: float32 (n, objects, 6), class_id and confidence first. Returns float32 (n, label_count), column k - 1
    for class_id k, zeros where there is no such object.
    """
    count = len(detections)
    # Label by label, as those who ask for one label read it.
    surest = np.zeros((label_count + 1) * count, dtype=np.float32)
    for slot in range(detections.shape[1]):
        places = count * detections[:, slot, 0].astype(np.int64) + np.arange(count)
        surest[places] = np.maximum(surest[places], detections[:, slot, 1])
    return surest.reshape(label_count + 1, count)[1:].T
