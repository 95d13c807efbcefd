"""The command `export`."""

import errno
import json
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click

from app.cli.access import Access
from app.cli.export_format import (
    EXPLANATION,
    EXPLANATION_NAME,
    FEATURES_NAME,
    LIST_NAME,
    OWN_NAMES,
    SEARCHES_NAME,
    UNFINISHED_NAME,
)
from app.cli.feature_files import FeatureWriter
from app.cli.gateway import Gateway, Json
from app.cli.output import FAILED, ProgressBar, error_json, errors_reported, json_option, print_json, warn
from app.cli.sources import is_picture_name
from app.domain import Features, PhotoId
from app.errors import BadParameter, GalleryError, PhotoDamaged, PhotoNotFound

SUFFIX_OF = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/heic": ".heic",
}
STEM_BYTES = 200
"""Leaves room for a number and a suffix within the 255 bytes that file systems allow."""
DAMAGED_SUFFIX = ".damaged"
"""Stands behind the name of a photo whose bytes aren't those that were uploaded any more."""
REFUSED_NAME = (errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.EEXIST)
"""What a file system says to a name that it can't have, such as `a:b.jpg` on a USB stick, or takes for another."""


@dataclass
class Exported:
    """What came of an export."""

    photos: int = 0
    failed: list[Json] = field(default_factory=list)
    """Photos that aren't in it, with the errors."""
    incomplete: list[Json] = field(default_factory=list)
    """Photos that are in it without their features, with the errors."""


def export_command(access: Access) -> click.Command:
    """Make the command `export`."""

    @click.command("export")
    @click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
    @json_option
    def export(folder: Path, as_json: bool) -> None:
        """Write all photos to DIR under their names, and all that is known of them beside them.

        Importing DIR gives the same gallery again, with nothing to compute anew. README.txt in it says what is where.
        """
        with errors_reported(as_json), access.gateway() as gateway:
            make_empty_folder(folder)
            exported = write_all(gateway, folder)
        if as_json:
            counts = {"exported": exported.photos, "failed": exported.failed, "incomplete": exported.incomplete}
            print_json({"folder": str(folder), **counts})
        else:
            click.echo(f"{exported.photos} photos exported to {folder}, {len(exported.failed)} failed.")
        if exported.failed or exported.incomplete:
            raise SystemExit(FAILED)

    return export


def make_empty_folder(folder: Path) -> None:
    """Make the folder; raise BadParameter if there is something in it or it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        broken_off = (folder / UNFINISHED_NAME).exists()
        occupied = any(folder.iterdir())
    except OSError as error:
        raise BadParameter(f"{folder} can't be used: {error.strerror}.") from error
    if broken_off:
        raise BadParameter(f"{folder} holds an export that was broken off. Delete the folder, or choose a new one.")
    if occupied:
        raise BadParameter(f"{folder} is not empty. Choose a new folder, so that nothing in it is overwritten.")


def write_all(gateway: Gateway, folder: Path) -> Exported:
    """Write each photo and what is known of it, oldest first; raise GalleryError if the folder can't be written."""
    exported = Exported()
    photo_ids = [photo["id"] for photo in gateway.photos()][::-1]
    try:
        (folder / EXPLANATION_NAME).write_text(EXPLANATION, "utf-8")
        searches = [{name: saved[name] for name in ("name", "created_at", "search")} for saved in gateway.searches()]
        (folder / SEARCHES_NAME).write_text(json.dumps(searches, ensure_ascii=False, indent=2) + "\n", "utf-8")
        with (
            ProgressBar("Exporting", len(photo_ids)) as bar,
            photo_list(folder) as entries,
            closing(PhotoWriter(gateway, folder)) as writer,
        ):
            for photo_id in photo_ids:
                entry = writer.write(photo_id, exported)
                if entry is not None:
                    entries.write(json.dumps(entry, ensure_ascii=False) + "\n")
                    exported.photos += 1
                bar.advance()
    except OSError as error:
        raise GalleryError(f"{folder} can't be written: {error.strerror}. The export is not complete.") from error
    return exported


class PhotoWriter:
    """Writes photos and their features."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self._gateway = gateway
        self._folder = folder
        self._names = UniqueNames()
        self._features = FeatureWriter(folder / FEATURES_NAME)

    def write(self, photo_id: PhotoId, exported: Exported) -> Json | None:
        """Write a photo and return its entry for the list; note in `exported` what can't be had. Raises OSError."""
        details = self._read_details(photo_id)
        if details is None:
            return None
        try:
            data, features = self._gateway.original(photo_id), self._read_features(details, exported)
        except PhotoNotFound:
            return None
        except PhotoDamaged as error:
            warn(f"{details['name']}: {error.message} What is left of it: {self._write_damaged(details)}")
            exported.failed.append({"id": photo_id, "name": details["name"], "error": error_json(error)})
            return None
        except GalleryError as error:
            warn(f"{details['name']}: {error.message}")
            exported.failed.append({"id": photo_id, "name": details["name"], "error": error_json(error)})
            return None
        file = self._write_file(details, data)
        return {"file": file, **details, "features": self._features.add(photo_id, features)}

    def close(self) -> None:
        """Make the features' files whole; raise OSError."""
        self._features.close()

    def _read_details(self, photo_id: PhotoId) -> Json | None:
        """Return what is known of a photo, less what its features say if they can't be read; None if it is gone."""
        try:
            return self._gateway.details(photo_id)
        except PhotoNotFound:
            return None  # deleted since it was listed
        except GalleryError:
            return next((photo for photo in self._gateway.photos() if photo["id"] == photo_id), None)

    def _read_features(self, details: Json, exported: Exported) -> dict[str, Features]:
        try:
            return self._gateway.features(details["id"])
        except PhotoNotFound:
            raise
        except GalleryError as error:
            warn(f"{details['name']}: {error.message} It is exported without its features.")
            exported.incomplete.append({"id": details["id"], "name": details["name"], "error": error_json(error)})
            return {}

    def _write_damaged(self, details: Json) -> str:
        """Write what is left of a damaged photo, so that `import` leaves it alone; return its file's name."""
        try:
            return self._write_file(details, self._gateway.original(details["id"], damaged=True), DAMAGED_SUFFIX)
        except GalleryError:
            return "nothing"

    def _write_file(self, details: Json, data: bytes, more: str = "") -> str:
        """Write the picture; return its file's name, which is made of its id where the file system needs that."""
        name = self._names.take(details["name"], details["media_type"])
        try:
            write_new(self._folder / (name + more), data)
        except OSError as error:
            if error.errno not in REFUSED_NAME:
                raise
            name = self._names.take(f"{details['id']}{Path(name).suffix}", details["media_type"])
            write_new(self._folder / (name + more), data)
        return name + more


def write_new(path: Path, data: bytes) -> None:
    """Write a new file, whole or not at all; raise OSError."""
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink()
            raise


class UniqueNames:
    """Gives each photo a file name of its own, as near as can be to the photo's."""

    def __init__(self) -> None:
        self._taken = {self._key(name) for name in OWN_NAMES}

    def take(self, name: str, media_type: str) -> str:
        """Return a name that differs from all before, on file systems that ignore case or composition too.

        It can't leave the folder, isn't hidden, and ends so that `import` takes it for a picture.
        """
        suffix = Path(name).suffix if is_picture_name(name) else SUFFIX_OF.get(media_type, ".jpg")
        stem = name.removesuffix(suffix).replace("/", "_").replace("\\", "_").replace("\0", "_").lstrip(".")
        stem = stem.encode("utf-8", "replace")[:STEM_BYTES].decode("utf-8", "ignore") or "photo"
        number, free = 1, stem + suffix
        while self._key(free) in self._taken:
            number += 1
            free = f"{stem} ({number}){suffix}"
        self._taken.add(self._key(free))
        return free

    @staticmethod
    def _key(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()


@contextmanager
def photo_list(folder: Path) -> Iterator[TextIO]:
    """Write a list that appears under its name only when it is whole; raise OSError."""
    unfinished = folder / UNFINISHED_NAME
    with unfinished.open("x", encoding="utf-8") as file:
        yield file
    unfinished.replace(folder / LIST_NAME)
