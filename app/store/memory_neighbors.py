"""Lists of neighbours in memory: the twin of `neighbors.py` for tests of what stands above the store."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.domain import Features
from app.store.base import NEIGHBOURS_KEPT, NOBODY, NeighbourLists, Rows
from app.store.features import checksums, table_of


class MemoryNeighbours:
    """Implements `base.Neighbours`; see there for what each method promises."""

    def __init__(self, features: Callable[[str], dict[int, Features]]) -> None:
        """`features` returns what a model says of each photo, by row."""
        self._features = features
        self._lists: dict[tuple[str, int], NeighbourLists] = {}

    def versions(self, rows: Rows, model: str) -> NDArray[np.uint32]:
        """Return a number for each row that changes with its features."""
        known = self._features(model)
        return np.array([_version(known[row]) if row in known else 0 for row in rows.tolist()], np.uint32)

    def rows(self, model: str) -> Rows:
        """Return the rows of all photos that have features."""
        return np.array(sorted(self._features(model)), np.int64)

    def lists(self, model: str) -> NeighbourLists:
        """Return all lists that are of their photos' present features."""
        known = self._features(model)
        kept = [(row, self._lists[model, row]) for row in sorted(known) if (model, row) in self._lists]
        found = [one for row, one in kept if one.versions[0] == _version(known[row])]
        if not found:
            nothing = np.full((0, NEIGHBOURS_KEPT), NOBODY, np.int32)
            return NeighbourLists(np.zeros(0, np.int64), nothing, nothing.astype(np.float32), np.zeros(0, np.uint32))
        return NeighbourLists(**{name: np.concatenate([vars(one)[name] for one in found]) for name in vars(found[0])})

    def put(self, model: str, lists: NeighbourLists) -> None:
        """Store lists."""
        for row in lists.rows.tolist():
            self._lists[model, row] = lists.where(lists.rows == row)


def _version(features: Features) -> int:
    table = table_of(np.zeros(1, np.int64), [features])
    return int(checksums([column for name, column in vars(table).items() if name != "rows"])[0])
