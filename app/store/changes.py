"""What one commit will change, gathered before anything is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.domain import Features, PhotoId
from app.errors import PhotoDamaged, PhotoNotFound, StoreError
from app.store.base import Shapes
from app.store.journal import Fresh
from app.store.segments import Extent
from app.store.table import Entry, PhotoTable, blank


@dataclass
class Changes:
    """Rows as they will be, over the committed ones; nobody else sees them before the commit."""

    committed: PhotoTable
    entries: dict[int, Entry] = field(default_factory=dict)
    features: dict[str, dict[int, Features]] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    new_models: dict[str, Shapes] = field(default_factory=dict)
    """Models that have no datasets yet, with the shapes of their features."""
    written: list[Fresh] = field(default_factory=list)
    """Bytes that new rows refer to."""
    also: list[Callable[[], None]] = field(default_factory=list)
    """What else writes to the file within the commit."""
    freed: list[Extent] = field(default_factory=list)
    """Pages to give back once the commit is durable."""
    _appended: int = 0
    _new_ids: dict[PhotoId, int] = field(default_factory=dict)

    def row_of(self, photo_id: PhotoId) -> int | None:
        """Return the row of a photo, or None if there is none (any more)."""
        row = self._new_ids.get(photo_id)
        if row is None:
            row = self.committed.row_of(photo_id)
        return None if row is None or self.entry(row) is None else row

    def expect_row_of(self, photo_id: PhotoId) -> int:
        """Return the row of a photo; raise PhotoNotFound."""
        row = self.row_of(photo_id)
        if row is None:
            raise not_found(photo_id)
        return row

    def entry(self, row: int) -> Entry | None:
        """Return a living row as it will be."""
        entry = self.entries.get(row)
        if entry is None:
            return self.committed.entry(row)
        return entry if entry.alive else None

    def expect_entry(self, row: int) -> Entry:
        """Return a living row that must exist."""
        entry = self.entry(row)
        if entry is None:
            raise no_row(row)
        return entry

    def living(self, photo_ids: Iterable[PhotoId]) -> Iterator[tuple[int, Entry]]:
        """Yield row and entry of those photos that the gallery still has."""
        for photo_id in photo_ids:
            row = self.row_of(photo_id)
            if row is not None:
                yield row, self.expect_entry(row)

    def append(self, photo_id: PhotoId, entry: Entry) -> int:
        """Add the row of a new photo and return its number."""
        row = self.committed.count + self._appended
        self._appended += 1
        self.entries[row] = entry
        self._new_ids[photo_id] = row
        return row

    def put_features(self, row: int, features: Mapping[str, Features]) -> None:
        """Give a row what models, which the commit admits, say of its photo."""
        for model, found in features.items():
            self.features.setdefault(model, {})[row] = found

    def remove(self, row: int) -> None:
        """Make a row a deleted one, of which nothing is kept."""
        self.entries[row] = Entry(blank()).with_fields(deleted=1)
        self.deleted.append(row)
        for features in self.features.values():
            features.pop(row, None)


def not_found(photo_id: PhotoId) -> PhotoNotFound:
    """Return the error for an id that no photo has."""
    return PhotoNotFound(f"The gallery has no photo {photo_id!r}. Was it deleted?", id=str(photo_id))


def no_row(row: int) -> PhotoNotFound:
    """Return the error for a row without a photo."""
    return PhotoNotFound(f"The gallery has no photo in row {row}. Was it deleted?", row=row)


def damaged_features(photo_id: PhotoId, name: str, model: str) -> StoreError:
    """Return the error for features that don't match their checksum."""
    return StoreError(
        f"The features of photo {photo_id} ({name}) by {model} are damaged. Compute them anew.",
        id=str(photo_id),
        model=model,
    )


def damaged_bytes(what: str, photo_id: PhotoId, name: str) -> PhotoDamaged:
    """Return the error for bytes that don't match their checksum."""
    return PhotoDamaged(
        f"The {what} {name!r} ({photo_id}) is damaged in the gallery file: its bytes don't match their checksum. "
        "Delete it and upload it again; `gallery export` writes what is left of it.",
        id=str(photo_id),
        name=name,
    )
