"""What `import` takes in: files, the pictures in folders, and addresses from a CSV file."""

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
class Chosen:
    """What the given paths stand for."""

    files: tuple[Path, ...]
    other_files: int
    """Files in the folders that aren't pictures by their names."""
    subfolders: int
    """Folders in the folders that weren't looked into."""


def choose_files(paths: Iterable[Path], recursive: bool) -> Chosen:
    """Return the given files, and the pictures in the given folders, by name.

    A file that is named itself is taken whatever it is called; hidden files in folders are not. A folder that can't
    be looked into stands among the files, so that importing it fails with the reason.
    """
    files: list[Path] = []
    closed: list[OSError] = []
    other_files = subfolders = 0
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        for folder, folders, names in os.walk(path, onerror=closed.append):
            visible = sorted(name for name in names if not name.startswith("."))
            pictures = [name for name in visible if is_picture_name(name)]
            files += [Path(folder, name) for name in pictures]
            other_files += len(visible) - len(pictures)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if not recursive:
                subfolders += len(folders)
                folders.clear()
    files += [Path(error.filename) for error in closed]
    return Chosen(tuple(dict.fromkeys(files)), other_files, subfolders)


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
