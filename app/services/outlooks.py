"""The outlook that answers, and the one that is made ready to take its place in one moment.

Whoever answers takes `now` once and uses nothing else, so that each answer is entirely of one set of models.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain import Features, Photo
from app.errors import PhotoNotFound, StoreError
from app.services.outlook import Outlook
from app.store.base import Store


class Outlooks:
    """Tells outlooks of photos that come and go; every method may be called from any thread."""

    def __init__(self, store: Store, first: Outlook) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._now = first
        self._next: Outlook | None = None
        self._noted: set[int] | None = None
        """The rows that changed while the next outlook is being filled from the store."""
        self._on_put: Callable[[Collection[str]], None] = lambda models: None

    @property
    def now(self) -> Outlook:
        """The outlook that answers."""
        return self._now

    def tell(self, on_put: Callable[[Collection[str]], None]) -> None:
        """Have `on_put` told the names of models whenever they have said something of photos."""
        self._on_put = on_put

    def said_by(self, model: str) -> "SaidBy":
        """Return what hears of features by one model."""
        return SaidBy(self, model)

    def put(self, photos: Sequence[Photo], said: Sequence[Mapping[str, Features]]) -> None:
        """Hear what some models say of each of `photos`, which is stored already."""
        rows = [photo.row for photo in photos]
        for outlook in self._concerned(rows):
            _put(outlook, photos, said)
        self._on_put({model for own in said for model in own})

    def remove(self, row: int) -> None:
        """Hear that a photo is gone."""
        for outlook in self._concerned([row]):
            outlook.remove(row)

    def make_ready(self, outlook: Outlook) -> None:
        """Fill an outlook from the store, and from then on tell it of everything; it doesn't answer yet."""
        with self._lock:
            self._next, self._noted = outlook, set()
        outlook.index.reserve(self._store.info().photos)
        outlook.index.load(outlook.stored.blocks())
        while noted := self._taken_note_of():
            for row in noted:
                self._settle(outlook, row)

    def give_up(self) -> None:
        """Forget the outlook that was made ready."""
        with self._lock:
            outlook, self._next, self._noted = self._next, None, None
        if outlook is not None:
            outlook.stop()

    def swap(self) -> None:
        """Answer with the outlook that was made ready from now on; the one before ends its work."""
        with self._lock:
            if self._next is None or self._noted is not None:
                raise RuntimeError("No outlook was made ready.")
            before, self._now, self._next = self._now, self._next, None
        before.stop()

    def stop(self) -> None:
        """End the work of all outlooks."""
        self.give_up()
        self.now.stop()

    def _concerned(self, rows: Sequence[int]) -> list[Outlook]:
        """Return whom a change concerns that is told right now; while the next is being filled, note it for later."""
        with self._lock:
            if self._noted is not None:
                self._noted.update(rows)
                return [self._now]
            return [self._now] if self._next is None else [self._now, self._next]

    def _taken_note_of(self) -> set[int]:
        """Return the rows noted so far; if there are none, the next outlook is told everything from now on."""
        with self._lock:
            noted = self._noted or set()
            self._noted = set() if noted else None
            return noted

    def _settle(self, outlook: Outlook, row: int) -> None:
        """Let an outlook know of a photo what the store knows of it now."""
        try:
            photo = self._store.at(row)
        except PhotoNotFound:
            outlook.remove(row)
            return
        _put(outlook, [photo], [{}])


@dataclass(frozen=True)
class SaidBy:
    """Hears of features by one model."""

    outlooks: Outlooks
    model: str

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`."""
        self.outlooks.put(photos, [{self.model: one} for one in features])


def _put(outlook: Outlook, photos: Sequence[Photo], said: Sequence[Mapping[str, Features]]) -> None:
    """Let an outlook know those of the photos whose features are complete by now."""
    complete = [(photo, _completed(outlook, photo, own)) for photo, own in zip(photos, said, strict=True)]
    known = [(photo, features) for photo, features in complete if features is not None]
    if known:
        outlook.put([photo for photo, _ in known], [features for _, features in known])


def _completed(outlook: Outlook, photo: Photo, said: Mapping[str, Features]) -> Features | None:
    if said and not said.keys() & outlook.models.cards.keys():
        return None  # nothing new to it
    try:
        return outlook.stored.completed(photo.id, said)
    except (PhotoNotFound, StoreError):
        return None  # deleted since, or damaged: then it is computed anew, which is told
