"""Gets the weights file of a model of the catalogue: one's own, one fetched before, or fetched now; and checks it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from model_server.catalogue import ModelCard, WeightsFile
from model_server.checkpoint import file_sha256
from model_server.download import Report, fetch
from model_server.errors import CatalogueError, CheckpointError, UnverifiedError

DEFAULT_CACHE = Path("build/weights")


def say_nothing(done: int, total: int | None) -> None:
    """Report progress to nobody."""


def announce_nothing(card: ModelCard) -> None:
    """Tell nobody what is about to be taken."""


@dataclass(frozen=True)
class WeightsSource:
    """Where weights are taken from."""

    given: Path | None = None
    """One's own file, instead of a download."""
    accept_unverified: bool = False
    """Take a file whose digest the catalogue doesn't know, or one's own that isn't the catalogue's."""
    cache: Path = field(default=DEFAULT_CACHE)
    announce: Callable[[ModelCard], None] = announce_nothing
    """Called before anything is fetched or taken, so that somebody can read the licence."""
    report: Report = say_nothing

    def path_for(self, card: ModelCard) -> Path:
        """Return the checked weights file of *card*.

        Raises DownloadError; CheckpointError if the file isn't the catalogue's; UnverifiedError if the catalogue
        can't tell; CatalogueError if the card names no file.
        """
        if card.download is None:
            raise CatalogueError(f"the card of {card.name} names no file of weights")
        self.announce(card)
        path = self.given or self.cache / card.name / card.download.name
        if self.given is None and not path.is_file():
            fetch(card.download.url, path, self.report)
        self._check(path, card.download)
        return path

    def _check(self, path: Path, expected: WeightsFile) -> None:
        if not path.is_file():
            raise CheckpointError(f"there is no file {path}")
        problem = difference(path, expected)
        is_known = bool(expected.sha256 or expected.md5)
        if problem and is_known and self.given is None:
            path.unlink()
            raise CheckpointError(f"{problem}. It was removed; run it again to fetch it anew.")
        if problem and not self.accept_unverified:
            raise UnverifiedError(f"{problem}. If you trust where it comes from, add --accept-unverified.")


def difference(path: Path, expected: WeightsFile) -> str:
    """Say how the file at *path* differs from what its publisher says of it; nothing if it doesn't."""
    if expected.md5 and not expected.sha256:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return "" if found == expected.md5 else f"{path} has MD5 {found}, the catalogue expects {expected.md5}"
    found = file_sha256(path)
    if not expected.sha256:
        return f"{path} has SHA-256 {found}, and the catalogue knows none to hold it against"
    return "" if found == expected.sha256 else f"{path} has SHA-256 {found}, the catalogue expects {expected.sha256}"
