"""Upkeep of the gallery file: looking for damage, giving room back, copying it while work goes on."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from app import imaging
from app.domain import PhotoId
from app.errors import BadFileName, BadParameter, GalleryError, PhotoNotFound
from app.services.ingest import Ingest
from app.services.library import STORED_THUMBNAIL_PX
from app.store.base import Store
from app.store.verify import Damage, Part, Progress, Verified

log = logging.getLogger(__name__)

BACKUP_SUFFIX = ".h5"
MAX_BACKUP_NAME_BYTES = 200
"""Leaves room for what is put around the name while the file isn't whole."""


MADE_OF_PHOTO = (Part.THUMBNAIL, Part.DETAILS)
"""What is kept beside a photo and can be made of it at once."""


def not_followed(done: int, of: int) -> None:
    """Take no notice of how far the work is."""


@dataclass(frozen=True)
class Verification:
    """What a look at the whole file came to."""

    photos: int
    checked_bytes: int
    damages: tuple[Damage, ...]
    queued: int
    """Photos whose damaged features wait to be computed anew."""
    mended: int = 0
    """Photos whose damaged thumbnail or camera details were made anew from the photo."""

    @property
    def whole(self) -> bool:
        """Tell whether everything is as it was stored."""
        return not self.damages


@dataclass(frozen=True)
class Compaction:
    """What compacting came to."""

    freed_bytes: int


@dataclass(frozen=True)
class Backup:
    """A copy of the gallery file."""

    file: Path
    size_bytes: int


class KeptStore(Store, Protocol):
    """A store on a file that can be looked after."""

    def verify(self, progress: Progress) -> Verified:
        """Check every byte against its checksum and name what is damaged."""

    def repair(self, damages: Sequence[Damage]) -> int:
        """Queue damaged features to be computed anew; return how many photos that concerns."""

    def mend(self, photo_id: PhotoId, thumbnail: bytes, exif: Mapping[str, str]) -> None:
        """Put a thumbnail and camera details in the place of damaged ones; raise PhotoNotFound or StoreFull."""

    def compact(self, progress: Progress) -> int:
        """Give unused room back to the file system; return how many bytes that was."""

    def backup(self, path: Path, progress: Progress) -> None:
        """Make a consistent copy; raise StoreError or StoreFull."""


class Upkeep:
    """Does each piece of upkeep in the calling thread, while uploads and searches go on.

    Features that were found damaged, by `verify` or when the file was opened (`damaged_features`), are named until
    they have been computed anew, for what was lost on the disk should not go by unseen.
    """

    def __init__(
        self,
        store: KeptStore,
        folder: Path,
        ingest: Ingest,
        models: Callable[[], Iterable[str]],
        damaged_features: Iterable[PhotoId],
    ) -> None:
        """`models` returns under which names the features of the models in use are kept."""
        self._store = store
        self._folder = folder
        self._ingest = ingest
        self._models = models
        self._lock = Lock()
        self._awaited = set(damaged_features)

    def verify(self, progress: Progress = not_followed) -> Verification:
        """Name what is damaged, make anew what can be, and let features of the model in use be computed anew."""
        found = self._store.verify(progress)
        to_mend = {one.photo_id for one in found.damages if one.part in MADE_OF_PHOTO and one.recomputable}
        mended = [photo_id for photo_id in sorted(to_mend) if self._mend(photo_id)]
        lost = {damage.photo_id for damage in found.damages if damage.part is Part.PHOTO}
        awaited = [
            Damage(photo_id, self._name(photo_id), Part.FEATURES, model, photo_id not in lost)
            for photo_id, model in self._still_awaited()
        ]
        in_use = set(self._models())
        queued = [damage for damage in found.damages if damage.recomputable and damage.model in in_use]
        if queued:
            self._store.repair(queued)
            self._ingest.wake()
        with self._lock:
            self._awaited |= {damage.photo_id for damage in queued}
        return Verification(
            photos=found.photos,
            checked_bytes=found.checked_bytes,
            damages=(*found.damages, *awaited),
            queued=len({damage.photo_id for damage in (*queued, *awaited)}),
            mended=len(mended),
        )

    def compact(self, progress: Progress = not_followed) -> Compaction:
        """Give unused room back to the file system."""
        return Compaction(freed_bytes=self._store.compact(progress))

    def backup(self, path: Path, progress: Progress = not_followed) -> Backup:
        """Copy the file to `path`; raise BadParameter if something is there, StoreError or StoreFull."""
        expect_free(path)
        self._store.backup(path, progress)
        return Backup(path, path.stat().st_size)

    def path_beside(self, name: str) -> Path:
        """Return the path of a new file in the gallery file's folder; raise BadFileName or BadParameter."""
        checked = imaging.check_name(name)
        if not checked.endswith(BACKUP_SUFFIX) or len(checked.encode()) > MAX_BACKUP_NAME_BYTES:
            raise BadFileName(
                f"A backup's name must end in {BACKUP_SUFFIX} and have at most {MAX_BACKUP_NAME_BYTES} bytes; "
                f"{checked[:80]!a} does not."
            )
        path = self._folder / checked
        expect_free(path)
        return path

    def _mend(self, photo_id: PhotoId) -> bool:
        """Make a photo's thumbnail and camera details anew; tell whether that worked."""
        try:
            facts = self._store.get(photo_id).facts
            picture = imaging.decode(self._store.read_bytes(photo_id), max_pixels=facts.width * facts.height)
            self._store.mend(photo_id, picture.thumbnail(STORED_THUMBNAIL_PX), picture.facts.exif)
        except GalleryError as error:
            log.warning("photo %s can't be mended: %s", photo_id, error.message)
            return False
        return True

    def _still_awaited(self) -> list[tuple[PhotoId, str]]:
        """Return whose damaged features, and by which models, haven't been computed anew, and forget the others."""
        with self._lock:
            lacking = [
                (photo_id, model)
                for photo_id in sorted(self._awaited)
                for model in self._models()
                if self._lacks_features(photo_id, model)
            ]
            self._awaited = {photo_id for photo_id, _ in lacking}
            return lacking

    def _lacks_features(self, photo_id: PhotoId, model: str) -> bool:
        try:
            return self._store.features(photo_id, model) is None
        except GalleryError:
            return False  # deleted since, or damaged once more, which the store has named itself

    def _name(self, photo_id: PhotoId) -> str:
        try:
            return self._store.get(photo_id).name
        except PhotoNotFound:
            return ""  # deleted in this very moment


def expect_free(path: Path) -> None:
    """Raise BadParameter if there is something at `path`."""
    if os.path.lexists(path):
        raise BadParameter(f"{path.name} exists already. Name a new file, so that nothing is overwritten.")


Work = Callable[[Progress], Verification | Compaction | Backup]
"""A piece of upkeep that says how far it is."""
