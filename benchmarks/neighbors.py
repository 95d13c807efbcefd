"""Photos like a stored one: reading its list against scanning all photos, and what keeping the lists costs.

Making the lists of a whole gallery takes minutes, so of most photos they are made up, with similarities of real ones;
those that are asked for are real. Run as `python -m benchmarks.neighbors [PHOTOS]` for the table of these alone.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.domain import Features, Photo, PhotoFacts, PhotoId, PhotoState
from app.search.embedding import EmbeddingIndex, VectorSource
from app.search.neighbor_table import KEPT, Lists, NeighbourTable
from app.search.neighbors import Neighbourhood
from app.services.neighbors import NeighbourKeeper
from app.store.base import NeighbourLists, Rows
from app.store.hdf5 import Hdf5Store
from app.store.memory import MemoryStore
from benchmarks.embeddings import WIDTH, indexed_embeddings
from benchmarks.photo_stores import made_up_photos
from benchmarks.report import Measurement, as_table
from benchmarks.start_up import MODEL, PHOTO_BYTES, fill
from benchmarks.synthetic import synthetic_features

Result = TypeVar("Result")

PHOTOS = 1_000_000
ON_FILE = 100_000
ASKED = 32
AGAIN = 200
AT_ONCE = 16
BATCHES = 5
TARGET_US = 100.0
TARGET_RATIO = 50.0
TARGET_MS = 20.0
TARGET_DELETE_MS = 1000.0
_FACTS = PhotoFacts("image/jpeg", 1, 1, "#000000")
_SOME_PHOTO = Photo(0, PhotoId("0" * 32), "photo.jpg", 1, _FACTS, datetime.now(UTC), PhotoState.READY)


def measurements(photos: int = PHOTOS, on_file: int = ON_FILE) -> list[Measurement]:
    """Return what the README shows."""
    galleries = (indexed_embeddings(count) for count in (min(photos, on_file), photos))
    return [*(reading(index, read) for index, read in galleries), *_keeping(on_file)]


def reading(index: EmbeddingIndex, read: VectorSource) -> Measurement:
    """Time asking for the list of a photo against the index's scan, in turn."""
    photos = len(index)
    asked = np.linspace(0, photos - 1, ASKED).astype(np.int64)
    keeper = NeighbourKeeper(_OnlyLists(_made_up(index, read, asked, photos)), index, MODEL)
    keeper.work_once()
    reads, scans, same = list[float](), list[float](), True
    for row, vector in zip(asked.tolist(), read(asked), strict=True):
        photo = replace(_SOME_PHOTO, row=row)
        read_s, found = _timed(partial(keeper.neighbours, photo, KEPT), AGAIN)
        scan_s, expected = _timed(partial(index.top, vector, KEPT, exclude=[row]))
        reads.append(read_s)
        scans.append(scan_s)
        same = same and found is not None and found.rows.tolist() == expected.rows.tolist()
    read_s, scan_s = statistics.median(reads), statistics.median(scans)
    return Measurement(
        f"neighbours of a stored photo among {photos:,}",
        f"{read_s * 1e6:.0f} µs, {scan_s / read_s:,.0f} times as fast",
        f"scanning all ({scan_s * 1e3:.1f} ms); {'the same' if same else 'OTHER'} {KEPT} photos in the same order",
        f"under {TARGET_US:.0f} µs, {TARGET_RATIO:.0f} times as fast",
        same and read_s * 1e6 < TARGET_US and scan_s / read_s > TARGET_RATIO,
    )


def _keeping(photos: int) -> list[Measurement]:
    """Time what new photos and a delete cost in a real file, all commits included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.h5"
        fill(path, photos)
        store = Hdf5Store.open(path)
        index = EmbeddingIndex(WIDTH, lambda rows: store.embeddings_of(rows, MODEL))
        index.reserve(photos)
        for block in store.feature_blocks(MODEL):
            index.add(block.rows, block.embeddings)
        lists = _made_up(index, lambda rows: store.embeddings_of(rows, MODEL), np.arange(ASKED), photos)
        store.neighbours.put(MODEL, replace(lists, versions=store.neighbours.versions(lists.rows, MODEL)))
        keeper = NeighbourKeeper(store, index, MODEL)
        load_s, _ = _timed(keeper.work_once)
        adds = [_come(store, index, keeper, seed) for seed in range(1, BATCHES + 1)]
        deletes = [_go(store, index, keeper, row) for row in range(BATCHES)]
        store.close()
    add_ms = 1e3 * statistics.median(adds) / AT_ONCE
    return [
        Measurement(
            f"keeping neighbours: a new photo among {photos:,}",
            f"{add_ms:.1f} ms",
            f"in batches of {AT_ONCE}, commits included; all lists are read in {load_s:.2f} s",
            f"under {TARGET_MS:.0f} ms",
            add_ms < TARGET_MS,
        ),
        Measurement(
            f"keeping neighbours: a deleted photo among {photos:,}",
            f"{1e3 * statistics.median(deletes):.0f} ms",
            "in the background, after the delete was answered",
            f"under {TARGET_DELETE_MS:.0f} ms",
            1e3 * statistics.median(deletes) < TARGET_DELETE_MS,
        ),
    ]


class _OnlyLists(MemoryStore):
    """A store that holds nothing but lists."""

    def __init__(self, lists: NeighbourLists) -> None:
        super().__init__()
        self.neighbours.lists = lambda model: lists  # type: ignore[method-assign]


def _made_up(index: EmbeddingIndex, read: VectorSource, rows: Rows, photos: int) -> NeighbourLists:
    """Return lists of all photos, real ones of `rows`."""
    table = NeighbourTable()
    table.put(Lists.empty(np.arange(photos), np.zeros(photos, np.uint32)))
    real = Neighbourhood(table, index, read).made_anew(rows)
    random = np.random.default_rng(0)
    neighbours = random.integers(0, photos, (photos, KEPT), np.int32)
    similarities = real.similarities[random.integers(0, len(rows), photos)]
    neighbours[rows], similarities[rows] = real.neighbours, real.similarities
    return NeighbourLists(np.arange(photos), neighbours, similarities, np.zeros(photos, np.uint32))


def _come(store: Hdf5Store, index: EmbeddingIndex, keeper: NeighbourKeeper, seed: int) -> float:
    """Store a batch of photos with features; return how long the lists took then, in seconds."""
    (table,) = synthetic_features(AT_ONCE, seed)
    added = store.add(made_up_photos(AT_ONCE, seed=-seed % 2**32, mean_bytes=PHOTO_BYTES), MODEL)
    columns = [column for name, column in vars(table).items() if name != "rows"]
    found = {one.photo.id: Features(*values) for one, *values in zip(added, *columns, strict=True)}
    photos = store.finish(MODEL, found)
    index.add([photo.row for photo in photos], table.embeddings)
    keeper.put(photos, [found[photo.id] for photo in photos])
    return _worked_s(keeper)


def _go(store: Hdf5Store, index: EmbeddingIndex, keeper: NeighbourKeeper, row: int) -> float:
    """Delete a photo; return how long the lists took then, in seconds."""
    gone = store.delete(store.at(row).id).row
    index.remove([gone])
    keeper.remove(gone)
    return _worked_s(keeper)


def _worked_s(keeper: NeighbourKeeper) -> float:
    def work() -> None:
        while keeper.work_once():
            pass

    return _timed(work)[0]


def _timed(call: Callable[[], Result], times: int = 1) -> tuple[float, Result]:
    """Return the seconds that a call takes, and what it returns."""
    started = time.perf_counter()
    for _ in range(times):
        result = call()
    return (time.perf_counter() - started) / times, result


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS
    print(as_table(measurements(count, min(count, ON_FILE))))
