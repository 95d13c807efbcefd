"""Several photos as one ZIP file, made while it is sent: only one photo is in memory at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zipstream import ZipStream

from app.domain import Photo, PhotoId
from app.errors import PhotoNotFound
from app.store.base import Store


@dataclass(frozen=True)
class PhotoZip:
    """A ZIP file to send."""

    size_bytes: int
    parts: Iterator[bytes]
    """All of its bytes, once. Raises StoreError if a photo turns out to be damaged or deleted meanwhile."""


class PhotoZips:
    """Packs photos as they were uploaded; they aren't compressed, as pictures are already."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, photo_ids: Iterable[PhotoId]) -> PhotoZip:
        """Pack photos under their names, passing over those that are gone; raise PhotoNotFound if all are."""
        photos = [photo for photo_id in dict.fromkeys(photo_ids) if (photo := self._find(photo_id)) is not None]
        if not photos:
            raise PhotoNotFound("None of these photos is in the gallery. They may have been deleted.")
        stream = ZipStream(sized=True)
        for photo, name in zip(photos, distinct_names([photo.name for photo in photos]), strict=True):
            stream.add(self._read_late(photo), name, size=photo.size_bytes)
        return PhotoZip(len(stream), iter(stream))

    def _find(self, photo_id: PhotoId) -> Photo | None:
        try:
            return self._store.get(photo_id)
        except PhotoNotFound:
            return None

    def _read_late(self, photo: Photo) -> Iterator[bytes]:
        yield self._store.read_bytes(photo.id)


def distinct_names(names: Iterable[str]) -> list[str]:
    """Return the names, numbered where one would fall on another (`a.jpg`, `a (2).jpg`), whatever their case."""
    taken: set[str] = set()
    result = []
    for name in names:
        stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
        chosen, number = name, 1
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{stem} ({number}){dot}{suffix}"
        taken.add(chosen.casefold())
        result.append(chosen)
    return result
