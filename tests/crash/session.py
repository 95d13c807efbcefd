"""Works with a store at random on a recording disk, and knows what the store has promised."""

import functools
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np

from app.domain import Features, PhotoId, PhotoState
from app.store import backup
from app.store.base import Known, NewPhoto
from app.store.hdf5 import Hdf5Store
from app.store.schema import Layout
from tests.app.store.photos import MODEL, SMALL, START, Clock, features, moving, neighbours, photo
from tests.crash.recorder import Entry, MemoryDisk, Promise

TIGHT = replace(SMALL, journal_bytes=28 * 1024)
"""With slots of one page, so that most records spill."""


@dataclass(frozen=True)
class Kept:
    """What must be known of one photo."""

    number: int
    state: PhotoState
    feature: int | None = None
    attempts: int | None = 0
    error: str | None = None
    neighbours: int | None = None
    """The seed of its list."""


Logical = dict[int, Kept]
"""All that the gallery knows, by row."""


Choice = Callable[[Logical], Callable[[], object] | None]
"""Changes what is known as an action will, and returns the action, or None where it makes no sense."""
APPEARED = Promise(frozenset([-1]))


class CopyDisk(MemoryDisk):
    """The disk of a backup, which appears under its name once it is closed."""

    def close(self) -> None:
        self.log.append(APPEARED)


@dataclass
class Session:
    """A store on a recording disk, and what it has promised so far."""

    rng: random.Random
    before: bytes
    layout: Layout
    disk: MemoryDisk = field(init=False)
    states: list[Logical] = field(init=False)
    backups: list[tuple[list[Entry], frozenset[int]]] = field(default_factory=list)
    """What was asked of the disk of each backup, and which states it may hold."""
    dropped: dict[int, set[int]] = field(default_factory=dict)
    """The seeds of each row's features that were dropped."""
    next_photo: int = 1
    next_row: int = 0

    def __post_init__(self) -> None:
        self.disk = MemoryDisk(bytearray(self.before))
        self.states = [{}]
        self.disk.log.append(Promise(frozenset([0])))
        self.store = Hdf5Store(self.disk, self.layout, Clock())

    def step(self) -> None:
        """Do something at random."""
        actions: list[tuple[int, Choice]] = [
            (6, self._add), (4, self._finish), (3, self._delete), (1, self._postpone), (1, self._fail),
            (4, self._put_neighbours), (1, self._retry), (1, self._reopen), (1, self._refused), (1, self._compact),
            (1, self._mend), (1, self._back_up), (2, self._add_known), (1, self._drop_features),
        ]  # fmt: skip
        weights, choices = zip(*actions, strict=True)
        self._perform(self.rng.choices(choices, weights)[0])

    def fill_and_thin(self) -> bytes:
        """Store photos with features, delete most; return what the disk holds then, durably, for all later states."""
        for _ in range(8):
            self._perform(functools.partial(self._add, count=5))
        self._perform(functools.partial(self._finish, share=1))
        for row in self.states[-1]:
            if row < 16 or row % 3:
                self._perform(functools.partial(self._delete, row=row))
        self.store.close()
        self.store = Hdf5Store(self.disk, self.layout, Clock())
        self.disk.log[:] = [Promise(frozenset([len(self.states) - 1]))]
        return bytes(self.disk.content)

    def compact_and_go_on(self) -> None:
        """Compact, work on what has moved, compact again, and drop features whose rows fill whole chunks."""
        for choose in (
            self._compact, self._add, self._finish, self._delete, self._compact, self._drop_features, self._finish,
        ):  # fmt: skip
            self._perform(choose)

    def _perform(self, choose: "Choice") -> None:
        """Do something and note what it promises, before and after."""
        after = dict(self.states[-1])
        action = choose(after)
        if action is None:
            return
        self.states.append(after)
        now = len(self.states) - 1
        self.disk.log.append(Promise(frozenset([now - 1, now])))
        action()
        self.disk.log.append(Promise(frozenset([len(self.states) - 1])))

    def _add(self, after: Logical, count: int = 0) -> Callable[[], object]:
        count = count or self.rng.choice((1, 1, 2, 5))
        new = [numbered_photo(self.next_photo + i) for i in range(count)]
        for i in range(count):
            after[self.next_row + i] = Kept(self.next_photo + i, PhotoState.STORED)
        self.next_photo += count
        self.next_row += count
        return lambda: self.store.add(new, MODEL)

    def _add_known(self, after: Logical) -> Callable[[], object]:
        new = []
        for _ in range(self.rng.choice((1, 3))):
            state = self.rng.choice((PhotoState.READY, PhotoState.FAILED, PhotoState.STORED))
            error, seed = "no" if state is PhotoState.FAILED else None, self.rng.randrange(500)
            new.append(moving(numbered_photo(self.next_photo), Known(START, state, error, {MODEL: features(seed)})))
            attempts = 0 if state is PhotoState.STORED else None
            after[self.next_row] = Kept(self.next_photo, state, seed, attempts, error)
            self.next_photo += 1
            self.next_row += 1
        return lambda: self.store.add(new, MODEL)

    def _finish(self, after: Logical, share: float = 0.4) -> Callable[[], object] | None:
        rows = [row for row in after if self.rng.random() < share]
        if not rows:
            return None
        found: dict[PhotoId, Features] = {}
        for row in rows:
            seed = self._seed_for(row)
            found[self._id(after, row)] = features(seed)
            of_these_features = after[row].neighbours if after[row].feature == seed else None
            after[row] = Kept(after[row].number, PhotoState.READY, seed, None, neighbours=of_these_features)
        return lambda: self.store.finish(MODEL, found)

    def _drop_features(self, after: Logical) -> Callable[[], object]:
        for row, kept in after.items():
            if kept.feature is not None:
                self.dropped.setdefault(row, set()).add(kept.feature)
            after[row] = replace(kept, feature=None, neighbours=None)
        return lambda: self.store.drop_features(MODEL)

    def _seed_for(self, row: int) -> int:
        """Return the seed of new features: not of those that were dropped, for lists of neighbours may be left."""
        return self.rng.choice(sorted(set(range(500)) - self.dropped.get(row, set())))

    def _put_neighbours(self, after: Logical) -> Callable[[], object] | None:
        seed, rows = self.rng.randrange(500), [row for row in after if self.rng.random() < 0.4]
        if not rows:
            return None
        lists = neighbours(self.store, rows, seed)
        LISTS.update({one.tobytes(): seed for one in lists.neighbours})
        for row in rows:
            if after[row].feature is not None:
                after[row] = replace(after[row], neighbours=seed)
        return lambda: self.store.neighbours.put(MODEL, lists)

    def _delete(self, after: Logical, row: int | None = None) -> Callable[[], object] | None:
        if not after:
            return None
        row = self.rng.choice(list(after)) if row is None else row
        gone = self._id(after, row)
        del after[row]
        return lambda: self.store.delete(gone)

    def _postpone(self, after: Logical) -> Callable[[], object] | None:
        rows = [row for row, kept in after.items() if kept.attempts is not None]
        ids = [self._id(after, row) for row in rows]
        for row in rows:
            after[row] = replace(after[row], state=PhotoState.STORED, attempts=(after[row].attempts or 0) + 1)
        return (lambda: self.store.postpone(ids, START + timedelta(seconds=9), "late")) if ids else None

    def _fail(self, after: Logical) -> Callable[[], object] | None:
        if not after:
            return None
        row = self.rng.choice(list(after))
        failed = self._id(after, row)
        after[row] = replace(after[row], state=PhotoState.FAILED, attempts=None, error="no")
        return lambda: self.store.fail(failed, "no")

    def _retry(self, after: Logical) -> Callable[[], object] | None:
        if not after:
            return None
        row = self.rng.choice(list(after))
        again = self._id(after, row)
        after[row] = replace(after[row], state=PhotoState.STORED, attempts=0, error=None)
        return lambda: self.store.retry(again, MODEL)

    def _reopen(self, after: Logical) -> Callable[[], object]:
        def action() -> None:
            self.store.close()
            self.store = Hdf5Store(self.disk, self.layout, Clock())

        return action

    def _compact(self, after: Logical) -> Callable[[], object]:
        return lambda: self.store.compact()

    def _mend(self, after: Logical) -> Callable[[], object] | None:
        """Write a thumbnail anew."""
        if not after:
            return None
        new = numbered_photo(after[self.rng.choice(list(after))].number)
        return lambda: self.store.mend(new.id, new.thumbnail, new.facts.exif)

    def _back_up(self, after: Logical) -> Callable[[], object]:
        """Copy the file while two more photos come."""

        def action() -> None:
            first, copy, uploads = len(self.states) - 1, CopyDisk(bytearray()), 2

            def progress(done: int, of: int) -> None:
                nonlocal uploads
                if uploads:
                    uploads -= 1
                    self._perform(self._add)

            with (
                tempfile.TemporaryDirectory() as folder,
                patch.object(backup, "FileDevice", lambda path: copy),
                patch.object(backup, "_PIECE_BYTES", 64 * 1024),
            ):
                self.store.backup(Path(folder) / "copy.h5", progress)
            self.backups.append((copy.log, frozenset(range(first, len(self.states)))))

        return action

    def _refused(self, after: Logical) -> Callable[[], object] | None:
        """Try a change that fails half-way through HDF5's work and must leave no trace."""

        def action() -> None:
            try:
                with self.store._file.change():
                    self.store._file.hdf5.create_dataset("half", data=np.arange(5000))
                    raise _Refused
            except _Refused:
                pass

        return action

    def _id(self, after: Logical, row: int) -> PhotoId:
        return numbered_photo(after[row].number).id


class _Refused(Exception):
    pass


@functools.cache
def numbered_photo(number: int) -> NewPhoto:
    """Return the photo of a number, of one of three sizes."""
    new = photo(number, (600, 3000, 9000)[number % 3])
    NUMBERS[new.id] = number
    return new


NUMBERS: dict[PhotoId, int] = {}
LISTS: dict[bytes, int] = {}
"""The seed of each list of neighbours."""
