"""Tells all who want to know that photos have features now, or are gone, one after another."""

from collections.abc import Sequence
from typing import Protocol

from app.domain import Features, Photo


class PhotoListener(Protocol):
    """What follows the photos that can be searched."""

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`, which replace what was known of it."""

    def remove(self, row: int) -> None:
        """Forget a photo; nothing happens if it isn't known."""


class Listeners:
    """Several listeners as one; each hears of a change after those before it have taken it in."""

    def __init__(self, *listeners: PhotoListener) -> None:
        self._listeners = listeners

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`."""
        for listener in self._listeners:
            listener.put(photos, features)

    def remove(self, row: int) -> None:
        """Forget a photo."""
        for listener in self._listeners:
            listener.remove(row)
