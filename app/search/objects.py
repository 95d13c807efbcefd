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
    """The objects of one photo, in the given order.

    class_ids: int64 (m,), never background.
    confidences: float64 (m,), 0 or more.
    boxes: float64 (m, 4), xmin ymin xmax ymax as they came, pixels of the model input.
    """

    class_ids: NDArray[np.int64]
    confidences: NDArray[np.float64]
    boxes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.class_ids)


@dataclass(frozen=True)
class GroupedObjects:
    """The objects of photos class by class and then photo by photo; a group is what one photo holds of one class.

    rows: int64 (n,), the photos, ascending, also those without objects. photos: int32 (m,), of each object which of
    the photos it is in. confidences: float (m,), 0 or more. boxes: float (4, m), xmin ymin xmax ymax as they came.
    starts: int64 (g,), where each group starts. numbers: int64 (g,), how many objects it has. class_ids: int64 (g,).
    """

    rows: Rows
    photos: NDArray[np.int32]
    confidences: NDArray[np.floating]
    boxes: NDArray[np.floating]
    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    class_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.photos)

    def group_rows(self) -> Rows:
        """Return the row of each group's photo, int64 (g,)."""
        return self.rows[self.photos[self.starts]]

    def classes(self) -> Iterator[tuple[int, slice, slice]]:
        """Yield each class that occurs with where its groups and where its objects stand."""
        for class_id, groups in runs(self.class_ids):
            end = self.starts[groups.stop - 1] + self.numbers[groups.stop - 1]
            yield class_id, groups, slice(int(self.starts[groups.start]), int(end))


def grouped_objects(rows: ArrayLike, features: ArrayLike) -> GroupedObjects:
    """Return the objects of photos, float32 if `features` are, or else float64.

    rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each. Raises ValueError for wrong
    shapes and for values that no detector may give.
    """
    numbers, array = checked_rows(rows), _checked_features(features)
    if len(array) != len(numbers):
        raise ValueError(f"{len(numbers)} rows came with {len(array)} photos' features.")
    if (numbers[1:] < numbers[:-1]).any():
        order = np.argsort(numbers)
        numbers, array = numbers[order], array[order]
    flat = array.reshape(-1, OBJECT_FIELDS)
    places = np.flatnonzero(flat[:, 0] > BACKGROUND)
    class_ids = np.rint(flat[places, 0]).astype(np.int64)
    order = stable_order(class_ids)
    class_ids, places = class_ids[order], places[order]
    columns = np.empty((OBJECT_FIELDS - 1, len(places)), flat.dtype)
    for field, column in enumerate(columns, start=1):
        # One field of all objects stays in the processor's cache while it is picked from; whole objects don't.
        column[:] = flat[:, field].take(places)
    photos = places.astype(np.int32) // np.int32(max(array.shape[1], 1))
    first = np.ones(len(places), dtype=bool)
    first[1:] = (class_ids[1:] != class_ids[:-1]) | (photos[1:] != photos[:-1])
    starts = np.flatnonzero(first)
    sizes = np.diff(starts, append=len(places))
    return GroupedObjects(numbers, photos, columns[0], columns[1:], starts, sizes, class_ids[starts])


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


def _checked_features(features: ArrayLike) -> NDArray[np.floating]:
    """Return features as float32 if they are, or else as float64.

    Raises ValueError for a shape other than (n_photos, n_objects, 6), values that aren't finite and confidences
    below 0.
    """
    given = np.asarray(features)
    array: NDArray[np.floating] = given if given.dtype == np.float32 else given.astype(np.float64)
    if array.ndim != 3 or array.shape[2] != OBJECT_FIELDS:
        raise ValueError(f"Features have the shape (photos, objects, {OBJECT_FIELDS}), not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("Features must be finite numbers.")
    faintest = float(array[..., 1].min(initial=0, where=array[..., 0] > BACKGROUND))
    if faintest < 0:
        raise ValueError(f"A confidence is 0 or more, not {faintest}.")
    return array


def objects_of_photo(feature: ArrayLike) -> Objects:
    """Return the objects in `feature`, float (n_objects, 6), without background and empty rows.

    Raises ValueError as `grouped_objects` does.
    """
    (rows,) = _checked_features(np.asarray(feature, dtype=np.float64)[None])
    rows = rows[rows[:, 0] > BACKGROUND]
    return Objects(np.rint(rows[:, 0]).astype(np.int64), rows[:, 1], rows[:, 2:])


def by_class(objects: Objects) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each class that occurs with the indexes of its objects, in their order."""
    for class_id in np.unique(objects.class_ids):
        yield int(class_id), np.flatnonzero(objects.class_ids == class_id)


def weights(confidences: NDArray[np.floating], boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return g = confidence + |width x height| / picture area of each object, float64 (m,).

    confidences: float (m,). boxes: float (4, m), xmin ymin xmax ymax.
    """
    left, top, right, bottom = boxes.astype(np.float64, copy=False)
    areas = (right - left) * (bottom - top)
    return np.asarray(confidences + np.abs(areas) / PICTURE_AREA_PX)
