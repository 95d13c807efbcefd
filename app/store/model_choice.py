"""Which models the gallery works with: one text in the attribute `choice` of the group `models`."""

from typing import Any

import numpy as np

from app.errors import StoreError
from app.store.base import LONGEST_CHOICE_BYTES
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.gallery_file import GalleryFile

_GROUP, _ATTRIBUTE = "models", "choice"
_MEANING = "attribute choice: which models the gallery answers with and which it changes to, as JSON."


class Hdf5ModelChoice:
    """Implements `base.ModelChoice`; see there for what each method promises."""

    def __init__(self, file: GalleryFile, commits: CommitQueue) -> None:
        self._file = file
        self._commits = commits
        with file.lock:
            self._known = _load(file.hdf5)

    def get(self) -> str | None:
        """Return what was put last."""
        self._file.expect_open()
        return self._known

    def put(self, text: str) -> None:
        """Keep a text."""
        check(text)

        def stage(changes: Changes) -> None:
            changes.also.append(lambda: _write(self._file.hdf5, text))

        self._commits.run(stage, use_spare=True)
        self._known = text


def check(text: str) -> None:
    """Raise StoreError for a text that can't be kept."""
    if not text or "\0" in text or len(text.encode()) > LONGEST_CHOICE_BYTES:
        raise StoreError(f"The choice of models must have 1 to {LONGEST_CHOICE_BYTES:,} bytes and no NUL.")


def _load(hdf5: Any) -> str | None:
    if _GROUP not in hdf5 or _ATTRIBUTE not in hdf5[_GROUP].attrs:
        return None
    return bytes(hdf5[_GROUP].attrs[_ATTRIBUTE]).decode(errors="replace")


def _write(hdf5: Any, text: str) -> None:
    group = hdf5.require_group(_GROUP)
    group.attrs["meaning"] = _MEANING
    group.attrs[_ATTRIBUTE] = np.bytes_(text.encode())
