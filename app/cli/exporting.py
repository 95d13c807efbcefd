"""The command `export`."""

import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from app.cli.access import Access
from app.cli.gateway import Gateway, Json
from app.cli.output import FAILED, ProgressBar, error_json, errors_reported, json_option, print_json, warn
from app.cli.sources import is_picture_name
from app.errors import BadParameter, GalleryError, PhotoNotFound

LIST_NAME = "photos.json"
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


def export_command(access: Access) -> click.Command:
    """Make the command `export`."""

    @click.command("export")
    @click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
    @json_option
    def export(folder: Path, as_json: bool) -> None:
        """Write all photos to DIR under their names, and `photos.json` with all that is known of them.

        Importing DIR gives the same photos again.
        """
        with errors_reported(as_json), access.gateway() as gateway:
            make_empty_folder(folder)
            exported, failures = write_all(gateway, folder)
        if as_json:
            print_json({"folder": str(folder), "exported": exported, "failed": failures})
        else:
            click.echo(f"{exported} photos exported to {folder}, {len(failures)} failed.")
        if failures:
            raise SystemExit(FAILED)

    return export


def make_empty_folder(folder: Path) -> None:
    """Make the folder; raise BadParameter if there is something in it or it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise BadParameter(f"{folder} can't be used: {error.strerror}.") from error
    if occupied:
        raise BadParameter(f"{folder} is not empty. Choose a new folder, so that nothing in it is overwritten.")


def write_all(gateway: Gateway, folder: Path) -> tuple[int, list[Json]]:
    """Write each photo and the list of them; return how many were written, and the error of each other one."""
    names = UniqueNames()
    exported, failures = 0, []
    total = int(gateway.status()["parts"]["gallery_file"]["photos"])
    with ProgressBar("Exporting", total) as bar, photo_list(folder / LIST_NAME) as entries:
        for photo in gateway.photos():
            bar.advance()
            try:
                data, details = gateway.original(photo["id"]), gateway.details(photo["id"])
            except PhotoNotFound:
                continue  # deleted since it was listed
            except GalleryError as error:
                warn(f"{photo['name']}: {error.message}")
                failures.append({"id": photo["id"], "name": photo["name"], "error": error_json(error)})
                continue
            name = names.take(details["name"], details["media_type"])
            write_file(folder / name, data)
            entries.add({"file": name, **details})
            exported += 1
    return exported, failures


def write_file(path: Path, data: bytes) -> None:
    """Write a new file; raise GalleryError if that fails."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise GalleryError(f"{path} can't be written: {error.strerror}. The export is not complete.") from error


class UniqueNames:
    """Gives each photo a file name of its own, as near as can be to the photo's."""

    def __init__(self) -> None:
        self._taken = {LIST_NAME}

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


class PhotoList:
    """Writes `{"photos": [...]}` entry by entry, so that it needn't fit into memory."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._between = '{"photos": [\n'

    def add(self, entry: Json) -> None:
        """Write one photo's entry in a line."""
        self._file.write(self._between + json.dumps(entry, ensure_ascii=False))
        self._between = ",\n"

    def end(self) -> None:
        """Close the list."""
        self._file.write("\n]}\n" if self._between == ",\n" else '{"photos": []}\n')


@contextmanager
def photo_list(path: Path) -> Iterator[PhotoList]:
    """Write a list that appears under its name only when it is whole."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            entries = PhotoList(file)
            yield entries
            entries.end()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
