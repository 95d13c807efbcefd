"""The objects of photos, from the store's rows of features to flat columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import MODEL_INPUT_PX, OBJECT_FIELDS
from app.search.rows import Rows, checked_rows

BACKGROUND = 0
PICTURE_AREA_PX = float(MODEL_INPUT_PX * MODEL_INPUT_PX)


@dataclass(frozen=True)
class Objects:
    """The objects of some photos, one entry an object, photo by photo in the given order.

    photos: int64 (m,), which of the photos, counted from 0.
    class_ids: int64 (m,), never background.
    confidences: float64 (m,), 0 or more.
    boxes: float64 (m, 4), xmin ymin xmax ymax as they came, pixels of the model input.
    """

    photos: Rows
    class_ids: NDArray[np.int64]
    confidences: NDArray[np.float64]
    boxes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.class_ids)

    def of(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> "Objects":
        """Return the objects at `chosen`, which are indexes or a mask."""
        return Objects(self.photos[chosen], self.class_ids[chosen], self.confidences[chosen], self.boxes[chosen])

    def by_class_and_photo(
        self, n_photos: int, values: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return how many objects of each class each photo has, or the sum of their `values`, float (m,).

        The shape is (one past the highest class, n_photos).
        """
        n_classes = int(self.class_ids.max(initial=BACKGROUND)) + 1
        table = np.bincount(self.class_ids * n_photos + self.photos, values, minlength=n_classes * n_photos)
        return np.asarray(table.reshape(n_classes, n_photos))


def objects_of_photos(features: ArrayLike) -> Objects:
    """Return the objects in `features`, float (n_photos, n_objects, 6), without background and empty rows.

    Raises ValueError for another shape, values that aren't finite and negative confidences.
    """
    array = np.asarray(features, dtype=np.float64)
    if array.ndim != 3 or array.shape[2] != OBJECT_FIELDS:
        raise ValueError(f"Features have the shape (photos, objects, {OBJECT_FIELDS}), not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("Features must be finite numbers.")
    photos, slots = np.nonzero(array[:, :, 0] > BACKGROUND)
    flat = array[photos, slots]
    if len(flat) and flat[:, 1].min() < 0:
        raise ValueError(f"A confidence is 0 or more, not {flat[:, 1].min()}.")
    return Objects(photos, np.rint(flat[:, 0]).astype(np.int64), flat[:, 1], flat[:, 2:])


def objects_of_photo(feature: ArrayLike) -> Objects:
    """Return the objects in `feature`, float (n_objects, 6), as `objects_of_photos` does."""
    return objects_of_photos(np.asarray(feature, dtype=np.float64)[None])


def by_class(objects: Objects) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each class that occurs with the indexes of its objects, in their order."""
    for class_id in np.unique(objects.class_ids):
        yield int(class_id), np.flatnonzero(objects.class_ids == class_id)


def weights(objects: Objects) -> NDArray[np.float64]:
    """Return g = confidence + |width x height| / picture area of each object, float64 (m,)."""
    widths = objects.boxes[:, 2] - objects.boxes[:, 0]
    heights = objects.boxes[:, 3] - objects.boxes[:, 1]
    return objects.confidences + np.abs(widths * heights) / PICTURE_AREA_PX


def numbered_objects(rows: ArrayLike, features: ArrayLike) -> tuple[Rows, Objects]:
    """Return the checked rows, int64 (n,), and the objects of the photos in them.

    rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each. Raises ValueError for wrong
    shapes and for values that no detector may give.
    """
    numbers = checked_rows(rows)
    objects = objects_of_photos(features)
    if np.shape(features)[0] != len(numbers):
        raise ValueError(f"{len(numbers)} rows came with {np.shape(features)[0]} photos' features.")
    return numbers, objects
