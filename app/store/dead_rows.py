"""Gives back the room of what models said of deleted photos."""

from typing import Any

import h5py
import numpy as np

from app.store.base import Rows
from app.store.gallery_file import GalleryFile
from app.store.schema import PAGE


def free_dead_rows(file: GalleryFile, alive: Rows, count: int) -> None:
    """Punch the chunks of rows that no living photo has a row in; `images` stays, for it says who was deleted.

    alive: the rows of all photos, `count` the number of rows used so far. A row that is deleted is never written
    again, so nothing that a later commit relies on stands there. Raises StoreError.
    """
    with file.lock:
        file.expect_open()
        places = [place for dataset in _by_photo(file.hdf5) for place in _dead(dataset, alive, count)]
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


def _dead(dataset: Any, alive: Rows, count: int) -> list[tuple[int, int]]:
    """Return start and length of the whole pages of each chunk, in bytes, that has rows of deleted photos only."""
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
