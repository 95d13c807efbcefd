"""The objects of photos, from the store's rows of features to flat columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

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


@dataclass(frozen=True)
class Groups:
    """What each photo holds of each class, one entry a group of objects, class by class and then photo by photo.

    class_ids: int64 (g,). photos: int64 (g,). numbers: int64 (g,), how many objects. order: int64 (m,), the objects
    group by group, in their order. starts: int64 (g,), where each group starts in that.
    """

    class_ids: NDArray[np.int64]
    photos: Rows
    numbers: NDArray[np.int64]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]


def grouped(objects: Objects) -> Groups:
    """Return the groups of `objects`."""
    order = stable_order(objects.class_ids)
    class_ids, photos = objects.class_ids[order], objects.photos[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (class_ids[1:] != class_ids[:-1]) | (photos[1:] != photos[:-1])
    starts = np.flatnonzero(first)
    return Groups(class_ids[starts], photos[starts], np.diff(starts, append=len(order)), order, starts)


def stable_order(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what sorts `keys`, int64 (n,), 0 or more, equal ones in their order: int64 (n,)."""
    # NumPy sorts small numbers much faster, if told that they are.
    small = keys.astype(np.min_scalar_type(int(keys.max(initial=0))))
    return np.argsort(small, kind="stable").astype(np.int64, copy=False)


def runs(keys: NDArray[np.int64]) -> Iterator[tuple[int, slice]]:
    """Yield each of the sorted `keys`, int64 (n,), once, with where it stands."""
    bounds = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    for start, stop in pairwise(bounds):
        if stop > start:
            yield int(keys[start]), slice(start, stop)


def objects_of_photos(features: ArrayLike) -> Objects:
    """Return the objects in `features`, float (n_photos, n_objects, 6), without background and empty rows.

    Raises ValueError for another shape, values that aren't finite and negative confidences.
    """
    array = np.asarray(features)
    if array.ndim != 3 or array.shape[2] != OBJECT_FIELDS:
        raise ValueError(f"Features have the shape (photos, objects, {OBJECT_FIELDS}), not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("Features must be finite numbers.")
    rows = array.reshape(-1, OBJECT_FIELDS)
    places = np.flatnonzero(rows[:, 0] > BACKGROUND)
    class_ids, confidences, *_ = columns = np.ascontiguousarray(rows[places].T, dtype=np.float64)
    if confidences.min(initial=0) < 0:
        raise ValueError(f"A confidence is 0 or more, not {confidences.min()}.")
    return Objects(places // max(array.shape[1], 1), np.rint(class_ids).astype(np.int64), confidences, columns[2:].T)


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
