"""Fetches a large file over HTTP: resumed after a break, whole or not there, each wait with a limit."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from model_server.errors import DownloadError

CONNECT_LIMIT_S = 10.0
SILENCE_LIMIT_S = 30.0
ATTEMPTS = 3
CHUNK_BYTES = 1 << 16
OK, PARTIAL, RANGE_NOT_SATISFIABLE = 200, 206, 416

Report = Callable[[int, int | None], None]
"""Told how many bytes are there and how many it will be, None if the server doesn't say."""


def fetch(url: str, target: Path, report: Report, silence_limit_s: float = SILENCE_LIMIT_S) -> None:
    """Fetch *url* to *target*; what came before a break stays in ``TARGET.part`` and isn't fetched again.

    Raises DownloadError when the server can't be reached, says no, or breaks off several times.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(target)
    for attempt in range(ATTEMPTS):
        before = part.size
        try:
            _go_on(url, part, report, silence_limit_s)
            part.finish()
            return
        except requests.RequestException as error:
            is_hopeless = part.size == before or attempt == ATTEMPTS - 1
            if is_hopeless:
                raise DownloadError(_broken(url, part.size, error)) from error


class _Part:
    """What came so far of a file, with the validator that tells whether the server still has the same one."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f"{target.name}.part")
        self._validator_path = target.with_name(f"{target.name}.part.etag")

    @property
    def size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    @property
    def validator(self) -> str:
        """The server's ETag of the bytes that are there; empty if they can't be continued."""
        return self._validator_path.read_text("utf-8") if self.size and self._validator_path.exists() else ""

    def start(self, validator: str) -> None:
        """Throw away what is there."""
        self._path.write_bytes(b"")
        self._validator_path.write_text(validator, "utf-8")

    def append(self, chunks: Iterator[bytes], report: Callable[[int], None]) -> None:
        """Write what comes, so that what came before a break is there."""
        with self._path.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)
                report(file.tell())
            file.flush()
            os.fsync(file.fileno())

    def finish(self) -> None:
        """Make it the file that was wanted."""
        os.replace(self._path, self._target)
        self._validator_path.unlink(missing_ok=True)


def _go_on(url: str, part: _Part, report: Report, silence_limit_s: float) -> None:
    """Fetch what is missing of *part*; raise requests' exceptions and DownloadError for an answer that says no."""
    with _answer(url, part, silence_limit_s) as response:
        if response.status_code == RANGE_NOT_SATISFIABLE:
            part.start("")  # longer than the server's file, so it is no part of it
            raise requests.ConnectionError("the server's file is shorter than what came before")
        if response.status_code not in (OK, PARTIAL):
            raise DownloadError(f"{url} answers {response.status_code} {response.reason}. {_advice()}")
        if response.status_code == OK:
            part.start(_strong_validator(response))
        length = response.headers.get("Content-Length")
        total = part.size + int(length) if length else None
        part.append(response.iter_content(CHUNK_BYTES), lambda size: report(size, total))
        if total is not None and part.size != total:
            raise requests.ConnectionError(f"{part.size} of {total} bytes came")


@contextmanager
def _answer(url: str, part: _Part, silence_limit_s: float) -> Iterator[requests.Response]:
    # Bytes as they are: a compressed transfer could not be continued in the middle.
    headers = {"Accept-Encoding": "identity"}
    if part.validator:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    limits = (CONNECT_LIMIT_S, silence_limit_s)
    with requests.get(url, headers=headers, stream=True, timeout=limits) as response:
        yield response


def _strong_validator(response: requests.Response) -> str:
    """Return the ETag, or nothing for a weak one: two files of equal meaning may differ in their bytes."""
    etag = response.headers.get("ETag", "")
    return "" if etag.startswith("W/") else etag


def _broken(url: str, size: int, error: requests.RequestException) -> str:
    kept = f" The {size / 1e6:.1f} MB that came are kept; run it again to go on." if size else ""
    return f"{urlsplit(url).netloc} can't be reached for {url}: {_reason(error)}.{kept} {_advice()}"


def _reason(error: requests.RequestException) -> str:
    """Say in few words what requests wraps in many."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke"
    cause = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    return str(reason).rpartition(": ")[2].rstrip(".")


def _advice() -> str:
    return "What is built stays. A file fetched elsewhere is taken with `--weights FILE`."
