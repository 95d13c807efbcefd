"""What commands write: results on stdout, one JSON document with `--json`, and everything else on stderr."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from app.cli.gateway import Json
from app.errors import GalleryError

FAILED = 1
"""The exit code when something didn't work; click's own for a wrong command line is 2."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


@contextmanager
def errors_reported(as_json: bool) -> Iterator[None]:
    """Turn a GalleryError into one line and exit code 1, and into the JSON document if one was asked for."""
    try:
        yield
    except GalleryError as error:
        if as_json:
            print_json({"error": error_json(error)})
        raise click.ClickException(printable(error.message)) from error


def print_json(document: Json) -> None:
    """Print the one document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def error_json(error: GalleryError) -> Json:
    """Return an error in the API's shape."""
    return {"code": error.code, "message": error.message, "detail": error.detail}


def warn(line: str) -> None:
    """Print a line on stderr."""
    click.echo(printable(line), err=True)


def printable(text: str) -> str:
    """Return text on one line with control characters written out, so that a file's name can't steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class ProgressBar:
    """A bar on stderr where that is a terminal, and nothing elsewhere; use it in a `with` block."""

    def __init__(self, title: str, total: int | None, *, in_bytes: bool = False) -> None:
        console = Console(stderr=True)
        count: ProgressColumn = DownloadColumn() if in_bytes else MofNCompleteColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(title, total=total)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()

    def advance(self, steps: int = 1) -> None:
        """Go on."""
        self._progress.advance(self._task, steps)

    def show(self, done: int, of: int) -> None:
        """Say how much is done of how much."""
        self._progress.update(self._task, completed=done, total=of)

    def say(self, title: str) -> None:
        """Say what is happening now."""
        self._progress.update(self._task, description=title)
