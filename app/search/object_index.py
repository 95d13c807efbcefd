"""What all indexes of photos' objects share: how photos come in."""

from abc import abstractmethod

from numpy.typing import ArrayLike

from app.search.objects import GroupedObjects, grouped_objects
from app.search.rows import RowIndex


class ObjectIndex(RowIndex):
    """An index of photos' objects.

    Any number of threads may search and write at once: writers take turns, each publishes a whole snapshot at
    its end, and a search reads one snapshot from start to end without waiting.
    """

    def add(self, rows: ArrayLike, features: ArrayLike) -> None:
        """Add photos, or replace those whose row is held already.

        rows: int (n,), each once. features: float (n, n_objects, 6), `ssd_feature` of each.
        Raises ValueError for wrong shapes and for values that no detector may give; nothing is changed then.
        """
        self.add_grouped(grouped_objects(rows, features))

    def add_grouped(self, objects: GroupedObjects) -> None:
        """Add photos like `add`."""
        with self._writing:
            self._drop(objects.rows)
            self._held.add(objects.rows)
            self._append(objects)
            self._publish()

    @abstractmethod
    def _append(self, objects: GroupedObjects) -> None:
        """Take in the objects of photos that aren't held otherwise."""
