"""Gives back the room of what models said of photos that were deleted, or of what was dropped of it."""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from app.store.base import Rows, features_name
from app.store.gallery_file import GalleryFile
from app.store.schema import PAGE


def free_dead_rows(file: GalleryFile, by_model: Mapping[str, Rows], alive: Rows, count: int) -> None:
    """Punch the chunks of rows that no photo needs; `images` stays, for it says who was deleted.

    by_model: the rows that have features by each model, which its lists of neighbours are of too. alive: the rows of
    all photos, `count` the number of rows used so far. No commit may be under way: one writes a chunk of a model
    before its rows are known to have features. Raises StoreError.
    """
    with file.lock:
        file.expect_open()
        places = [
            place
            for dataset in _by_photo(file.hdf5)
            for place in _dead(dataset, by_model.get(_model_of(dataset), alive), count)
        ]
        if not places:
            return
        file.blocks.retire()  # A record that is replayed must find the bytes that it knows.
        for start, length in places:
            file.device.punch(length, start)
        file.device.sync()


def _by_photo(hdf5: Any) -> list[Any]:
    """Return the datasets with a row a photo, but for `images`."""
    found: list[Any] = []

    def visit(name: str, item: Any) -> None:
        axes = str(item.attrs.get("axes", ""))
        if isinstance(item, h5py.Dataset) and item.chunks and axes.startswith("photo") and name != "images":
            found.append(item)

    hdf5.visititems(visit)
    return found


def _model_of(dataset: Any) -> str:
    """Return the name of the model that a dataset belongs to."""
    if "bit" in dataset.attrs:
        return str(dataset.name.split("/")[2])
    return features_name(str(dataset.attrs.get("model", "")), int(dataset.attrs.get("version", 1)))


def _dead(dataset: Any, alive: Rows, count: int) -> list[tuple[int, int]]:
    """Return start and length of the whole pages of each chunk, in bytes, that has none of the rows needed."""
    rows = dataset.chunks[0]
    places = []
    for chunk in np.setdiff1d(np.arange(min(count, dataset.shape[0]) // rows), alive // rows).tolist():
        found = dataset.id.get_chunk_info_by_coord((chunk * rows, *(0 for _ in dataset.shape[1:])))
        if found.byte_offset is not None:
            start = -(-found.byte_offset // PAGE) * PAGE
            length = (found.byte_offset + found.size) // PAGE * PAGE - start
            if length > 0:
                places.append((int(start), int(length)))
    return places
