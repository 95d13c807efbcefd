"""What became of uploads by form, kept for the page that the browser is sent to afterwards."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from app.domain import UploadResult

MAX_RECEIPTS = 200


class Receipts:
    """The last uploads' results by a key that can't be guessed; lost with the process, which costs nothing."""

    def __init__(self, limit: int = MAX_RECEIPTS) -> None:
        self._limit = limit
        self._results: OrderedDict[str, tuple[UploadResult, ...]] = OrderedDict()
        self._lock = Lock()

    def keep(self, results: Sequence[UploadResult]) -> str:
        """Keep the results, let go of the oldest, and return the key."""
        key = secrets.token_urlsafe(12)
        with self._lock:
            self._results[key] = tuple(results)
            while len(self._results) > self._limit:
                self._results.popitem(last=False)
        return key

    def find(self, key: str) -> tuple[UploadResult, ...] | None:
        """Return the results, or None when they are gone."""
        with self._lock:
            return self._results.get(key)
