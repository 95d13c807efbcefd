"""Saved searches in memory: the twin of `saved_searches.py` for tests of what stands above the store."""

import itertools
from collections.abc import Callable
from datetime import datetime

from app.store.base import SavedSearch
from app.store.saved_searches import check, expect


class MemorySavedSearches:
    """Implements `base.SavedSearches`; see there for what each method promises."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._known: dict[int, SavedSearch] = {}

    def all(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""
        return list(self._known.values())

    def get(self, search_id: int) -> SavedSearch:
        """Return a saved search."""
        return expect(self._known, search_id)

    def add(self, name: str, definition: str) -> SavedSearch:
        """Save a search."""
        check(name, definition)
        saved = SavedSearch(next(self._numbers), name, self._clock(), definition)
        self._known[saved.id] = saved
        return saved

    def delete(self, search_id: int) -> SavedSearch:
        """Forget a saved search."""
        gone = expect(self._known, search_id)
        del self._known[search_id]
        return gone
