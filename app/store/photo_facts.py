"""What all photos say about themselves, as columns, from the rows in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Photo
from app.store.base import PhotoFactColumns
from app.store.table import PhotoTable

_DATE_LENGTH = len("2023-05-17")
_MICROSECONDS_A_DAY = 86_400_000_000


def fact_columns(photos: PhotoTable) -> PhotoFactColumns:
    """Return the facts of all photos."""
    rows, fields = photos.living(("width", "height", "added_at", "taken_at", "dominant_colour"))
    added = (fields["added_at"] // _MICROSECONDS_A_DAY).astype("datetime64[D]")
    taken = _days(fields["taken_at"])
    return PhotoFactColumns(
        rows=rows,
        widths=fields["width"].astype(np.int32),
        heights=fields["height"].astype(np.int32),
        days=np.where(np.isnat(taken), added, taken),
        colours=_colours(fields["dominant_colour"]),
    )


def columns_of(photos: Sequence[Photo]) -> PhotoFactColumns:
    """Return the facts of some photos, in ascending rows."""
    colours = [list(bytes.fromhex(photo.facts.dominant_colour[1:])) for photo in photos]
    return PhotoFactColumns(
        rows=np.array([photo.row for photo in photos], np.int64),
        widths=np.array([photo.facts.width for photo in photos], np.int32),
        heights=np.array([photo.facts.height for photo in photos], np.int32),
        days=np.array([(photo.facts.taken_at or photo.added_at).date() for photo in photos], "datetime64[D]"),
        colours=np.array(colours, np.uint8).reshape(-1, 3),
    )


def _days(texts: NDArray[Any]) -> NDArray[np.datetime64]:
    """Return the dates that ISO 8601 texts, bytes (n,), begin with: datetime64[D] (n,), NaT where there is none."""
    letters = _letters(texts)[:, :_DATE_LENGTH]
    digits = letters[:, (0, 1, 2, 3, 5, 6, 8, 9)].astype(np.int64) - ord("0")
    years, months, days = digits[:, :4] @ (1000, 100, 10, 1), digits[:, 4:6] @ (10, 1), digits[:, 6:] @ (10, 1)
    whole = ((digits >= 0) & (digits <= 9)).all(axis=1) & (years > 0) & (months >= 1) & (months <= 12) & (days >= 1)
    # What isn't whole is computed as well, from numbers that overflow nothing, and thrown away.
    first_of_month = (12 * (years - 1970) + months - 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.where(whole, first_of_month + (days - 1), np.datetime64("NaT", "D"))


def _colours(texts: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the channels of texts `#rrggbb`, bytes (n,): uint8 (n, 3), zeros where there is none."""
    letters = _letters(texts)[:, 1:7]
    values = np.zeros(256, dtype=np.uint8)
    for value, pair in enumerate(zip(b"0123456789abcdef", b"0123456789ABCDEF", strict=True)):
        values[list(pair)] = value
    nibbles = values[letters]
    return np.asarray(16 * nibbles[:, ::2] + nibbles[:, 1::2], np.uint8)


def _letters(texts: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes of texts of one length, uint8 (n, length)."""
    return np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), texts.dtype.itemsize)
