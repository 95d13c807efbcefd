"""What `import` takes in: files, the pictures in folders, and addresses from a CSV file."""

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from app.cli.export_format import LIST_NAME, OWN_NAMES
from app.cli.exported import ExportFolder
from app.cli.gateway import PhotoFile
from app.errors import BadFileName, BadInput, GalleryError, UploadTooLarge

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"}
    | {".tif", ".tiff", ".heic", ".heif", ".hif", ".avif"}
)
URL_COLUMN = "url"


class Source(Protocol):
    """One photo to import."""

    @property
    def label(self) -> str:
        """What it is called in reports: a path or an address."""

    def load(self) -> PhotoFile:
        """Fetch its bytes; raise GalleryError if they can't be had."""


@dataclass(frozen=True)
class FileSource:
    """A photo on this machine."""

    path: Path
    max_bytes: int

    @property
    def label(self) -> str:
        """Return the path, with a mark for each byte that is no UTF-8."""
        return os.fsencode(self.path).decode("utf-8", "replace")

    def load(self) -> PhotoFile:
        """Read the file."""
        try:
            self.path.name.encode()
            if not self.path.is_file():
                raise BadInput("It can't be read: it is no file, or a folder that is closed to you.")
            size_bytes = self.path.stat().st_size
            if size_bytes > self.max_bytes:
                raise too_large(f"{size_bytes:,} bytes", self.max_bytes)
            return PhotoFile(self.path.name, self.path.read_bytes())
        except OSError as error:
            raise BadInput(f"It can't be read: {error.strerror}.") from error
        except UnicodeEncodeError as error:
            raise BadFileName("Its name is no valid UTF-8. Rename it.") from error


@dataclass(frozen=True)
class ExportedSource:
    """A photo in a folder that `export` wrote."""

    file: FileSource
    folder: ExportFolder

    @property
    def label(self) -> str:
        """Return the path."""
        return self.file.label

    def load(self) -> PhotoFile:
        """Read the file and what was known of it."""
        read = self.file.load()
        known, notes = self.folder.recall(read.filename, read.data)
        return replace(read, known=known, notes=tuple(notes))


@dataclass
class Chosen:
    """What the given paths stand for."""

    files: dict[Path, ExportFolder | None] = field(default_factory=dict)
    """In order, each with the export that it is part of."""
    other_files: int = 0
    """Files in the folders that aren't pictures by their names."""
    subfolders: int = 0
    """Folders in the folders that weren't looked into."""
    searches: list[tuple[str, object]] = field(default_factory=list)
    """The saved searches of exports, each with its name."""
    problems: list[str] = field(default_factory=list)
    """What was found amiss with exports."""

    def sources(self, max_bytes: int) -> list[Source]:
        """Return the photos, none of which may have more bytes than these."""
        files = [(FileSource(path, max_bytes), folder) for path, folder in self.files.items()]
        return [file if folder is None else ExportedSource(file, folder) for file, folder in files]


def choose_files(paths: Iterable[Path], recursive: bool) -> Chosen:
    """Return the given files, and the pictures in the given folders, by name.

    A file that is named itself is taken whatever it is called; hidden files in folders are not. A folder that can't
    be looked into stands among the files, so that importing it fails with the reason. Raises BadInput for an export
    whose list can't be read.
    """
    chosen = Chosen()
    closed: list[OSError] = []
    for path in paths:
        if not path.is_dir():
            chosen.files.setdefault(path)
            continue
        for folder, folders, names in os.walk(path, onerror=closed.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            visible = sorted(name for name in names if not name.startswith("."))
            if LIST_NAME in visible:
                _choose_exported(chosen, Path(folder), folders, visible)
            else:
                _choose_pictures(chosen, Path(folder), visible)
            if not recursive:
                chosen.subfolders += len(folders)
                folders.clear()
    for error in closed:
        chosen.files.setdefault(Path(error.filename))
    return chosen


def _choose_pictures(chosen: Chosen, folder: Path, names: list[str], export: ExportFolder | None = None) -> None:
    pictures = [name for name in names if is_picture_name(name)]
    chosen.files |= {Path(folder, name): export for name in pictures if Path(folder, name) not in chosen.files}
    chosen.other_files += len(names) - len(pictures)


def _choose_exported(chosen: Chosen, folder: Path, folders: list[str], names: list[str]) -> None:
    """Choose the photos of an export in the order in which they came, and then others that lie with them."""
    export = ExportFolder(folder)
    chosen.problems += export.problems
    chosen.searches += export.searches
    chosen.files |= {Path(folder, name): export for name in export.names}
    listed = {*export.names, *OWN_NAMES}
    _choose_pictures(chosen, folder, [name for name in names if name not in listed], export)
    folders[:] = [name for name in folders if name not in OWN_NAMES]


def is_picture_name(name: str) -> bool:
    """Tell whether a file is a picture by its name."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def read_addresses(path: Path) -> list[str]:
    """Return what stands in the column `url` of a CSV file, or else in its first; raise BadInput."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_addresses(csv.reader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} can't be read as a CSV file in UTF-8: {error}.") from error


def _addresses(rows: Iterator[list[str]]) -> Iterator[str]:
    column = 0
    for position, row in enumerate(rows):
        names = [cell.strip().lower() for cell in row]
        if position == 0 and URL_COLUMN in names:
            column = names.index(URL_COLUMN)
        elif any(names):
            yield row[column].strip() if column < len(row) else ""


def too_large(size: str, limit_bytes: int) -> GalleryError:
    """Return the error for a photo that is over the limit."""
    return UploadTooLarge(
        f"It has {size}; {limit_bytes:,} are allowed. Take a smaller copy, or raise GALLERY_MAX_UPLOAD_BYTES."
    )
