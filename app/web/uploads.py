"""From the files of a form to uploads, each refused or accepted on its own."""

import os
from collections.abc import Sequence

from werkzeug.datastructures import FileStorage

from app.domain import UploadResult
from app.errors import BadInput
from app.services.library import Library, Upload
from app.web.error_pages import log_refusal, status_of


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
    """Read one file of a form into memory; raise UploadTooLarge before that if it is over the limit."""
    library.check_size(file.filename or "", size_of(file))
    return Upload(file.filename or "", file.read())


def size_of(file: FileStorage) -> int:
    """Return how many bytes a file of a form has."""
    size_bytes = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    return size_bytes
