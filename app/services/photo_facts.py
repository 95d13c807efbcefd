"""What all photos say about themselves in memory, kept in step with the store."""

from collections.abc import Sequence

from app.domain import Photo
from app.search.facts import FactTable
from app.store.base import PhotoFactColumns
from app.store.photo_facts import columns_of


class PhotoFactIndex(FactTable):
    """The facts of all photos, also of those whose features aren't computed yet."""

    def load(self, columns: PhotoFactColumns) -> None:
        """Take in the facts of many photos, as the store holds them."""
        self.add(columns.rows, columns.widths, columns.heights, columns.days, columns.colours)

    def put(self, photos: Sequence[Photo]) -> None:
        """Take in photos that came, each once."""
        if photos:
            self.load(columns_of(photos))
