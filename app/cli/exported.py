"""Reading a folder that `export` wrote, and that somebody may have changed since."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.cli.export_format import FEATURES_NAME, LIST_NAME, SEARCHES_NAME
from app.cli.feature_files import FeatureReader
from app.domain import PhotoId, PhotoState
from app.errors import BadInput, BadParameter
from app.services.known_photos import KnownPhoto, moment_of
from app.services.photo_ids import photo_id_of

PHOTO_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Line:
    """What the list says of one photo, its features being elsewhere."""

    file: str
    photo: KnownPhoto
    places: dict[str, object]
    """Where its features are, by model."""


class ExportFolder:
    """A folder with a list of photos. What doesn't belong together any more is left out, with a sentence on it."""

    def __init__(self, folder: Path) -> None:
        """Read the list; raise BadInput if it can't be read at all."""
        self.problems: list[str] = []
        self._lines = self._read(folder / LIST_NAME)
        self._features = FeatureReader(folder / FEATURES_NAME)
        self.problems += self._features.problems
        self._by_id = {line.photo.id: line for line in self._lines.values()}
        self.searches = self._read_searches(folder / SEARCHES_NAME)
        """The saved searches, each with its name."""
        self.names: list[str] = []
        """The files of the photos that are listed, and there, oldest first."""
        for name in self._lines:
            if os.path.exists(folder / name):
                self.names.append(name)
            else:
                self.problems.append(f"{folder / name} isn't there any more.")

    def recall(self, name: str, data: bytes) -> tuple[KnownPhoto | None, list[str]]:
        """Return what is known of a file in the folder that holds these bytes, and what the person should know."""
        line = self._by_id.get(photo_id_of(data))
        if line is None and name in self._lines:
            return None, ["It was changed since the export, so it comes in as a new photo."]
        if line is None:
            return None, [f"It isn't in {LIST_NAME}, so it comes in as a new photo."]
        features, notes = self._features.read(line.photo.id, line.places)
        if name != line.file:
            notes.insert(
                0, f"It was {line.file!r} when it was exported; in the gallery it is called {line.photo.name!r}."
            )
        return replace(line.photo, features=features), notes

    def _read_searches(self, path: Path) -> list[tuple[str, object]]:
        """Read the saved searches; there needn't be any."""
        try:
            entries = json.loads(path.read_bytes())
            return [(str(entry["name"]), entry["search"]) for entry in entries]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
            self.problems.append(f"{path} can't be used, so no saved search comes with it: {error}.")
            return []

    def _read(self, path: Path) -> dict[str, Line]:
        lines: dict[str, Line] = {}
        try:
            for number, text in _numbered_lines(path):
                try:
                    line = parse_line(text)
                except BadParameter as error:
                    self.problems.append(f"{path}, line {number}, can't be used: {error.message}")
                    continue
                if line.file in lines:
                    self.problems.append(f"{path}, line {number}, names {line.file!r} a second time.")
                lines.setdefault(line.file, line)
        except OSError as error:
            raise BadInput(f"{path} can't be read: {error.strerror}.") from error
        return lines


def parse_line(text: bytes) -> Line:
    """Read one line of the list; raise BadParameter for what isn't one."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadParameter("It is no JSON in UTF-8.") from error
    if not isinstance(entry, dict):
        raise BadParameter("It is no JSON object.")
    file, photo_id, places = _text(entry, "file"), _text(entry, "id"), entry.get("features", {})
    if file in (".", "..") or any(character in file for character in "/\\\0"):
        raise BadParameter(f"file can't be {file[:80]!a}: it must be the name of a file in this folder.")
    if not PHOTO_ID.fullmatch(photo_id):
        raise BadParameter(f"id can't be {photo_id[:80]!a}.")
    if _text(entry, "state") not in set(PhotoState):
        raise BadParameter(f"state can't be {entry['state'][:80]!a}.")
    photo = KnownPhoto(
        PhotoId(photo_id),
        _text(entry, "name"),
        moment_of(_text(entry, "added_at")),
        PhotoState(entry["state"]),
        None if entry.get("error") is None else _text(entry, "error"),
    )
    return Line(file, photo, places if isinstance(places, dict) else {})


def _text(entry: dict[str, object], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value:
        raise BadParameter(f"{field} is missing or no text.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadParameter(f"{field} holds half a character.") from error
    return value


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
