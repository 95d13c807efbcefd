"""The datasets of a gallery file: names, types, and the attributes that explain them to any HDF5 tool."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import h5py
import numpy as np

FORMAT = "image-gallery"
FORMAT_VERSION = 2
PAGE = 4096
MIB = 1 << 20

NAME_BYTES = 255
ERROR_BYTES = 240
MODEL_BYTES = 64

STORED, READY, FAILED = 0, 1, 2
_STATE = h5py.enum_dtype({"stored": STORED, "ready": READY, "failed": FAILED}, basetype="u1")


def _text(length: int) -> np.dtype[Any]:
    return h5py.string_dtype("utf-8", length)  # type: ignore[no-any-return]


PHOTO_FIELDS: list[tuple[str, Any]] = [
    ("id", _text(32)),
    ("segment", "<u4"),
    ("offset", "<u8"),
    ("length", "<u8"),
    ("crc32", "<u4"),
    ("thumbnail_segment", "<u4"),
    ("thumbnail_offset", "<u8"),
    ("thumbnail_length", "<u4"),
    ("thumbnail_crc32", "<u4"),
    ("details_length", "<u4"),
    ("details_crc32", "<u4"),
    ("width", "<u4"),
    ("height", "<u4"),
    ("added_at", "<i8"),
    ("features", "<u8"),
    ("state", _STATE),
    ("deleted", "u1"),
    ("dominant_colour", _text(7)),
    ("media_type", _text(32)),
    ("taken_at", _text(40)),
]
"""The fields of `images` that stay in memory; names and errors are kept apart, being long and mostly empty."""

IMAGE_ROW = np.dtype(
    [*PHOTO_FIELDS, ("name", _text(NAME_BYTES)), ("error", _text(ERROR_BYTES)), ("row_crc32", "<u4")]
)
JOB_ROW = np.dtype(
    [
        ("pending", "u1"),
        ("attempts", "<u4"),
        ("not_before", "<i8"),
        ("model", _text(MODEL_BYTES)),
        ("last_error", _text(ERROR_BYTES)),
    ]
)

_ABOUT_IMAGES = (
    "One row a photo; row i is the same photo in every dataset. The photo as uploaded: "
    "f['segments/%06d' % segment][offset:offset+length], with the CRC-32 crc32. Its WebP thumbnail: the same with "
    "the fields thumbnail_*; the JSON text with its EXIF facts stands right behind the thumbnail (details_*). "
    "id: the first 32 hex digits of the photo's SHA-256. features: bit b is set where the model whose checksums "
    "have the attribute bit=b has computed the photo's features. state: processing is not kept. deleted: 1 where "
    "the photo is gone and the other fields are zero. row_crc32: CRC-32 of the row with row_crc32=0."
)


@dataclass(frozen=True)
class Layout:
    """Sizes chosen when a file is made; small ones make small files for tests."""

    segment_bytes: int = 64 * MIB
    thumbnail_segment_bytes: int = 16 * MIB
    chunk_rows: int = 1024
    journal_bytes: int = 512 * 1024
    spare_bytes: int = MIB
    """Disk room kept reserved behind the end of the file, so that deletes and the like work on a full disk."""


def create(file: Any, layout: Layout, created: datetime, application_version: str) -> int:
    """Fill a new file; return the offset in bytes of its reserved region."""
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["created"] = created.isoformat()
    file.attrs["application_version"] = application_version
    offset = reserve(file, "_journal", layout.journal_bytes)
    describe(
        file["_journal"],
        meaning="Reserved: read and written raw by the gallery, never through HDF5. Don't write here.",
    )
    file.create_group("segments").attrs["meaning"] = (
        "Bytes of photos and thumbnails; attribute content says which. Each starts on a 4096-byte page of the file."
    )
    images = table(file, "images", IMAGE_ROW, layout.chunk_rows)
    describe(
        images,
        axes="photo",
        meaning=_ABOUT_IMAGES,
        units="offset, length: bytes; width, height: pixels of the upright picture; added_at: microseconds since "
        "1970 UTC; taken_at: ISO 8601 camera time",
    )
    jobs = table(file, "jobs", JOB_ROW, layout.chunk_rows)
    describe(
        jobs,
        axes="photo",
        meaning="Work that photos wait for; row i is of photo i, meaningful where pending is 1.",
        units="not_before: microseconds since 1970 UTC",
    )
    describe(table(file, "tombstones", np.dtype("<u8"), layout.chunk_rows), axes="deletion", meaning="Rows deleted.")
    return offset


def table(group: Any, name: str, dtype: np.dtype[Any], chunk_rows: int, shape: tuple[int, ...] = ()) -> Any:
    """Create an empty dataset that grows along its first axis; uncompressed, since that loads 20 times faster."""
    return group.create_dataset(
        name, shape=(0, *shape), maxshape=(None, *shape), chunks=(chunk_rows, *shape), dtype=dtype
    )


def reserve(group: Any, name: str, length: int) -> int:
    """Create a contiguous uint8 dataset whose place in the file is fixed at once and never filled; return the place.

    Nothing is written there, so the file system may leave a hole.
    """
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.CONTIGUOUS)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple((length,))
    dataset = h5py.h5d.create(group.id, name.encode(), h5py.h5t.STD_U8LE, space, plan)
    return int(dataset.get_offset())


def describe(dataset: Any, *, meaning: str, axes: str = "byte", units: str = "") -> None:
    """Say in a dataset's attributes what it holds."""
    dataset.attrs["axes"] = axes
    dataset.attrs["meaning"] = meaning
    if units:
        dataset.attrs["units"] = units
