"""Reads everything in a gallery file and names what doesn't match its checksum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np

from app.domain import PhotoId
from app.store import records, rows
from app.store.base import BLOCK_ROWS, Rows
from app.store.feature_reading import FeatureReader
from app.store.gallery_file import GalleryFile
from app.store.segments import Segments
from app.store.table import Entry, PhotoTable

_READ_ROWS = 8192

Progress = Callable[[int, int], None]
"""Told how much is done of how much."""


class Part(StrEnum):
    """What of a photo can be damaged."""

    PHOTO = "photo"
    ROW = "row"
    THUMBNAIL = "thumbnail"
    DETAILS = "details"
    FEATURES = "features"


@dataclass(frozen=True)
class Damage:
    """One part of one photo whose bytes aren't what was stored."""

    photo_id: PhotoId
    name: str
    part: Part
    model: str | None = None
    """Whose features are damaged."""
    recomputable: bool = False
    """The part can be made anew from the photo's bytes, which are whole."""


@dataclass
class Verified:
    """What a look at the whole file came to."""

    photos: int = 0
    checked_bytes: int = 0
    damages: list[Damage] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Tell whether everything is as it was stored."""
        return not self.damages


def verify(
    file: GalleryFile,
    photos: PhotoTable,
    segments: Segments,
    features: FeatureReader,
    models: Sequence[str],
    progress: Progress,
) -> Verified:
    """Check every photo, thumbnail, row and feature. Photos deleted meanwhile are left out."""
    found = Verified()
    living = photos.alive()
    lost: set[int] = set()
    for done, row in enumerate(living.tolist()):
        entry = photos.entry(row)
        if entry is not None:
            _check_blobs(found, entry, segments, photos, row, lost)
        progress(done + 1, len(living))
    for row in _damaged_rows(file, photos):
        _add(found, photos, row, Part.ROW)
    for model in models:
        for _, damaged in features.blocks(model, BLOCK_ROWS):
            for row in damaged.tolist():
                _add(found, photos, row, Part.FEATURES, model, recomputable=row not in lost)
    return found


def _check_blobs(
    found: Verified, entry: Entry, segments: Segments, photos: PhotoTable, row: int, lost: set[int]
) -> None:
    parts = [
        (Part.PHOTO, records.photo_extent(entry), "crc32"),
        (Part.THUMBNAIL, records.thumbnail_extent(entry), "thumbnail_crc32"),
        (Part.DETAILS, records.details_extent(entry), "details_crc32"),
    ]
    found.photos += 1
    for part, extent, crc32 in parts:
        found.checked_bytes += extent.length
        if segments.read(extent, int(entry[crc32])) is not None:
            continue
        now = photos.entry(row)
        if now is None or records.both_extents(now) != records.both_extents(entry):
            continue  # Deleted or moved between the look at its row and the read.
        if part is Part.PHOTO:
            lost.add(row)
        recomputable = part is not Part.PHOTO and row not in lost
        found.damages.append(Damage(PhotoId(entry.text("id")), entry.name, part, recomputable=recomputable))


def _damaged_rows(file: GalleryFile, photos: PhotoTable) -> list[int]:
    damaged = []
    for block in _blocks(photos.alive()):
        with file.lock:
            file.expect_open()
            stored = file.hdf5["images"][int(block[0]) : int(block[-1]) + 1]
        damaged += [row for row in rows.damaged(stored, int(block[0])) if photos.entry(row) is not None]
    return damaged


def _blocks(rows: Rows) -> list[Rows]:
    """Split ascending rows into blocks that a few large reads cover."""
    if not len(rows):
        return []
    edges = np.searchsorted(rows, np.arange(0, int(rows[-1]) + 1 + _READ_ROWS, _READ_ROWS))
    return [rows[a:b] for a, b in pairwise(edges) if b > a]


def _add(
    found: Verified, photos: PhotoTable, row: int, part: Part, model: str | None = None, recomputable: bool = False
) -> None:
    entry = photos.entry(row)
    if entry is not None:
        found.damages.append(Damage(PhotoId(entry.text("id")), entry.name, part, model, recomputable))


def rows_to_compute_anew(photos: PhotoTable, damages: Sequence[Damage]) -> dict[str, list[int]]:
    """Return by model the rows whose features are damaged and can be computed anew."""
    rows_of: dict[str, list[int]] = {}
    for damage in damages:
        row = photos.row_of(damage.photo_id)
        if damage.part is Part.FEATURES and damage.model is not None and damage.recomputable and row is not None:
            rows_of.setdefault(damage.model, []).append(row)
    return rows_of
