"""Searches that people saved: they are done again each time, so what they find stays true."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain import Search, SearchResults
from app.errors import BadParameter
from app.services.search_json import search_from_json, search_to_json
from app.services.searches import Searches
from app.store import base
from app.store.base import Store

LONGEST_NAME = 100


@dataclass(frozen=True)
class SavedSearch:
    """A search with a name."""

    id: int
    name: str
    created_at: datetime
    search: Search


class SavedSearches:
    """Keeps searches in the gallery file and does them again."""

    def __init__(self, store: Store, searches: Callable[[], Searches]) -> None:
        """Take a store, and what returns the searches as they are right now."""
        self._kept = store.saved_searches
        self._searches = searches

    def all(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""
        return [_read(kept) for kept in self._kept.all()]

    def get(self, search_id: int) -> SavedSearch:
        """Return a saved search; raise SavedSearchNotFound."""
        return _read(self._kept.get(search_id))

    def save(self, name: str, search: Search) -> SavedSearch:
        """Save a search that can be done; raise what doing it would raise, BadParameter for a name, and StoreFull.

        A search with a picture from outside can't be saved: the picture isn't stored.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= LONGEST_NAME:
            raise BadParameter(f"A saved search has a name of 1 to {LONGEST_NAME} characters.", parameter="name")
        definition = json.dumps(search_to_json(search), ensure_ascii=False)
        self._searches().run(search, limit=1)
        return _read(self._kept.add(name, definition))

    def results(self, search_id: int, limit: int) -> SearchResults:
        """Do a saved search; raise SavedSearchNotFound, and PhotoNotFound if an example of it was deleted."""
        return self._searches().run(self.get(search_id).search, limit)

    def delete(self, search_id: int) -> SavedSearch:
        """Forget a saved search; raise SavedSearchNotFound."""
        return _read(self._kept.delete(search_id))


def _read(kept: base.SavedSearch) -> SavedSearch:
    return SavedSearch(kept.id, kept.name, kept.created_at, search_from_json(json.loads(kept.definition)))
