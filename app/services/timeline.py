"""All photos by the day they were taken, newest first, in months: what the gallery page scrolls through.

The order is kept in memory and made anew only when photos have come or gone, which `Store.rows` tells: who stores or
deletes photos needs to know nothing of it. The shapes of all photos are small enough to send whole (100,000 take
about 50 kB compressed), so that a page knows from the start where each photo will be; what it shows of a photo
comes in stretches.
"""

import hashlib
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Photo
from app.errors import PhotoNotFound
from app.store.base import PhotoFactColumns, Rows, Store

NARROWEST, WIDEST = 0.4, 3.0
"""The shapes, width by height, that a row of photos can bear; others are shown cut to them."""


@dataclass(frozen=True)
class Month:
    """A stretch of the timeline."""

    first: np.datetime64
    """datetime64[M]"""
    count: int


@dataclass(frozen=True)
class Outline:
    """Where each photo of a timeline stands, newest first.

    rows: int64 (n,). ratios: float64 (n,), width by height as shown. months: those with photos, and how many.
    """

    version: str
    """Another one when other photos are in it, or the same in another order."""
    months: tuple[Month, ...]
    rows: Rows
    ratios: NDArray[np.float64]


@dataclass(frozen=True)
class DatedPhoto:
    """A photo with the day that gives it its place."""

    day: str
    """`2024-05-17`: when it was taken, by the camera's clock, or else when it came."""
    photo: Photo


@dataclass(frozen=True)
class Stretch:
    """Some photos of a timeline in their order; those deleted a moment ago are missing."""

    version: str
    total: int
    photos: tuple[DatedPhoto, ...]


@dataclass(frozen=True)
class _Order:
    """All photos, newest first. known: the store's rows that it was made of, ascending."""

    known: Rows
    rows: Rows
    days: NDArray[np.datetime64]
    ratios: NDArray[np.float64]


class Timeline:
    """Keeps the order of all photos; every method may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._order = _ordered(store.photo_facts())

    def outline(self, among: Rows | None = None) -> Outline:
        """Return where each photo stands; with `among` (ascending), of those rows only."""
        order = self._picked(among)
        return Outline(_version(order.rows), _months(order.days), order.rows, order.ratios)

    def stretch(self, offset: int, limit: int, among: Rows | None = None) -> Stretch:
        """Return up to `limit` photos from place `offset`; with `among` (ascending), of those rows only."""
        order = self._picked(among)
        chosen = slice(offset, offset + limit)
        dated = zip(order.rows[chosen].tolist(), np.datetime_as_string(order.days[chosen]).tolist(), strict=True)
        photos = tuple(DatedPhoto(day, photo) for row, day in dated if (photo := self._at(row)) is not None)
        return Stretch(_version(order.rows), len(order.rows), photos)

    def _picked(self, among: Rows | None) -> _Order:
        order = self._current()
        if among is None:
            return order
        chosen = np.isin(order.rows, among, assume_unique=True)
        return _Order(order.known, order.rows[chosen], order.days[chosen], order.ratios[chosen])

    def _current(self) -> _Order:
        if self._is_outdated():
            with self._lock:  # many may have noticed; one puts it in order
                if self._is_outdated():
                    self._order = _ordered(self._store.photo_facts())
        return self._order

    def _is_outdated(self) -> bool:
        return not np.array_equal(self._store.rows(), self._order.known)

    def _at(self, row: int) -> Photo | None:
        try:
            return self._store.at(row)
        except PhotoNotFound:
            return None


def _ordered(facts: PhotoFactColumns) -> _Order:
    """Put the latest day first, and of one day the photo that came last."""
    order = np.lexsort((facts.rows, facts.days))[::-1]
    ratios = facts.widths / np.maximum(facts.heights, 1)
    shown = np.clip(ratios, NARROWEST, WIDEST)
    return _Order(facts.rows, facts.rows[order], facts.days[order], shown[order])


def _months(days: NDArray[np.datetime64]) -> tuple[Month, ...]:
    months = days.astype("datetime64[M]")
    starts = np.flatnonzero(np.r_[True, months[1:] != months[:-1]]) if len(months) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(months)])
    return tuple(Month(months[start], int(count)) for start, count in zip(starts, counts, strict=True))


def _version(rows: Rows) -> str:
    return hashlib.blake2b(rows.tobytes(), digest_size=8).hexdigest()
