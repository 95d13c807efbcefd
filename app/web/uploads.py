"""From the files of a form to uploads, each refused or accepted on its own."""

import os
from collections.abc import Sequence
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from flask import Request
from werkzeug.datastructures import FileStorage

from app.domain import UploadResult
from app.errors import BadInput
from app.services.library import Library, Upload
from app.web.error_pages import log_refusal, status_of

PHOTO_BYTES = 16 * 1024 * 1024
"""Files of a form up to this size never see the disk: they are stored in a moment, and larger photos are rare."""


class UploadRequest(Request):
    """A request whose files are kept in memory while it is read, unless they are very large."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return cast(IO[bytes], SpooledTemporaryFile(max_size=PHOTO_BYTES))


def store_files(library: Library, files: Sequence[FileStorage]) -> list[UploadResult]:
    """Store what can be stored of `files` and say what became of each, in order; none sinks the others.

    Each file that is refused is logged in one line.
    """
    results: list[UploadResult | None] = [None] * len(files)
    uploads: dict[int, Upload] = {}
    for position, file in enumerate(files):
        try:
            uploads[position] = read_file(library, file)
        except BadInput as error:
            results[position] = UploadResult(file.filename or "", error=error)
    stored = iter(library.upload(list(uploads.values())))
    complete = [result or next(stored) for result in results]
    for result in complete:
        if result.error is not None:
            log_refusal(status_of(result.error), result.error.code, result.error.message)
    return complete


def read_file(library: Library, file: FileStorage) -> Upload:
    """Take one file out of a form; raise UploadTooLarge before it is in memory if it is over the limit."""
    library.check_size(file.filename or "", size_of(file))
    with closing(file):
        return Upload(file.filename or "", file.read())


def size_of(file: FileStorage) -> int:
    """Return how many bytes a file of a form has."""
    size_bytes = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    return size_bytes
