"""Records a session with the store and looks at every state in which a crash can leave its file."""

import faulthandler
import functools
import io
import random
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import h5py
import numpy as np

from app.domain import Features, PhotoId, PhotoState
from app.errors import GalleryError
from app.store import backup
from app.store.base import Known, NewPhoto
from app.store.hdf5 import Hdf5Store
from app.store.schema import Layout
from tests.app.store.photos import MODEL, SMALL, START, Clock, feature_table, features, moving, neighbours, photo
from tests.crash.recorder import CrashState, Entry, MemoryDisk, Promise, crash_states

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
            (1, self._mend), (1, self._back_up), (2, self._add_known),
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
        """Compact, work on what has moved, and compact again."""
        for choose in (self._compact, self._add, self._finish, self._delete, self._compact):
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
            seed = self.rng.randrange(500)
            found[self._id(after, row)] = features(seed)
            of_these_features = after[row].neighbours if after[row].feature == seed else None
            after[row] = Kept(after[row].number, PhotoState.READY, seed, None, neighbours=of_these_features)
        return lambda: self.store.finish(MODEL, found)

    def _put_neighbours(self, after: Logical) -> Callable[[], object] | None:
        seed, rows = self.rng.randrange(500), [row for row in after if self.rng.random() < 0.4]
        if not rows:
            return None
        lists = neighbours(self.store, rows, seed)
        _LISTS.update({one.tobytes(): seed for one in lists.neighbours})
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
    _NUMBERS[new.id] = number
    return new


_NUMBERS: dict[PhotoId, int] = {}
_LISTS: dict[bytes, int] = {}
"""The seed of each list of neighbours."""


@dataclass
class Findings:
    """What an exploration saw."""

    kinds: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def states(self) -> int:
        return sum(self.kinds.values())


def empty_file(folder: Path, layout: Layout) -> bytes:
    """Return the content of a new gallery file."""
    path = folder / "empty.h5"
    Hdf5Store.open(path, layout=layout).close()
    return path.read_bytes()


def explore(
    folder: Path,
    seed: int,
    steps: int,
    samples: int,
    *,
    layout: Layout = SMALL,
    stop_after: int | None = None,
    look_at_most_s: float | None = None,
) -> Findings:
    """Record a session of random steps in a new file and look at the states that crashes in it leave.

    HDF5 can hang on a broken file without ever giving Python back: with `look_at_most_s`, a hundred looks that take
    longer end the process.
    """
    rng, before = random.Random(seed), empty_file(folder, layout)
    session = Session(rng, before, layout)
    for _ in range(steps):
        session.step()
    session.store.close()
    return _look_at_all(session, before, rng, samples, stop_after, look_at_most_s)


def explore_compaction(folder: Path, seed: int, samples: int, share: float = 1.0) -> Findings:
    """Look at a share of the states that crashes leave in compactions of a file that much was deleted of."""
    rng = random.Random(seed)
    session = Session(rng, empty_file(folder, SMALL), SMALL)
    before = session.fill_and_thin()
    session.compact_and_go_on()
    session.store.close()
    return _look_at_all(session, before, rng, samples, share=share)


def _look_at_all(
    session: Session,
    before: bytes,
    rng: random.Random,
    samples: int,
    stop_after: int | None = None,
    look_at_most_s: float | None = None,
    share: float = 1.0,
) -> Findings:
    findings = Findings()
    for state in crash_states(before, session.disk.log, rng, samples):
        if rng.random() >= share:
            continue
        findings.kinds[state.kind] += 1
        if look_at_most_s is not None and findings.states % 100 == 1:
            faulthandler.dump_traceback_later(look_at_most_s, exit=True)
        for problem in _look(state, session.states, rng, findings, samples):
            findings.problems[f"{state.kind}: {problem}"] += 1
        if stop_after is not None and (sum(findings.problems.values()) >= stop_after):
            break
    for log, allowed in session.backups:
        for problem in _look_at_backup(log, [session.states[number] for number in allowed], rng, findings, samples):
            findings.problems[f"backup: {problem}"] += 1
    if look_at_most_s is not None:
        faulthandler.cancel_dump_traceback_later()
    return findings


def _look(
    state: CrashState, states: list[Logical], rng: random.Random, findings: Findings, samples: int
) -> Iterator[str]:
    """Yield what is wrong with a crash state, and with some of the states that a crash in its recovery leaves."""
    disk = MemoryDisk(bytearray(state.content))
    problem = _open_and_compare(disk, [states[number] for number in state.allowed], rng)
    if problem is not None:
        yield problem
    if rng.random() < 0.05:
        recovering = MemoryDisk(bytearray(state.content))
        try:
            Hdf5Store(recovering, SMALL, Clock())
        except GalleryError:
            return
        for second in crash_states(state.content, recovering.log, rng, max(1, samples // 4), state.allowed):
            findings.kinds["in recovery"] += 1
            disk = MemoryDisk(bytearray(second.content))
            problem = _open_and_compare(disk, [states[number] for number in state.allowed], rng)
            if problem is not None:
                yield f"in recovery, {second.kind}: {problem}"


def _look_at_backup(
    log: list[Entry], allowed: list[Logical], rng: random.Random, findings: Findings, samples: int
) -> Iterator[str]:
    """Yield what is wrong with what a crash can leave of a backup under its name."""
    for state in crash_states(b"", log, rng, samples):
        if state.allowed == APPEARED.states:
            findings.kinds["backup"] += 1
            problem = _open_and_compare(MemoryDisk(bytearray(state.content)), allowed, rng)
            if problem is not None:
                yield f"{state.kind}: {problem}"


def _open_and_compare(disk: MemoryDisk, allowed: list[Logical], rng: random.Random) -> str | None:
    """Return what is wrong; a fifth of the files is read with plain h5py too, a tenth is worked on."""
    try:
        store = Hdf5Store(disk, SMALL, Clock())
        found = _read_all(store)
        if found not in allowed:
            return f"the gallery holds {_difference(found, allowed)}"
        if rng.random() < 0.2 and (problem := _plain_problem(disk, found)) is not None:
            return problem
        if rng.random() < 0.1:
            return _go_on_problem(disk, store, found)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:160]
    return None


def _read_all(store: Hdf5Store) -> Logical:
    """Return what the store knows, every byte of it read and compared."""
    jobs = {job.photo_id: job for job in store.jobs()}
    table = feature_table(store, MODEL)
    places = {int(row): at for at, row in enumerate(table.rows)}
    lists = _read_lists(store)
    found: Logical = {}
    for row in store.rows().tolist():
        kept = store.at(row)
        number = _NUMBERS[kept.id]
        expected = numbered_photo(number)
        same = store.read_bytes(kept.id) == expected.data and store.read_thumbnail(kept.id) == expected.thumbnail
        if not same or kept.facts != expected.facts or kept.name != expected.name:
            raise AssertionError(f"photo {number} came back otherwise")
        feature = None
        if row in places:
            feature = _seed_of(table.embeddings[places[row]])
            if not np.array_equal(table.detections[places[row]], features(feature).detections):
                raise AssertionError(f"the features of photo {number} are of two kinds")
            if not np.array_equal(table.label_scores[places[row]], features(feature).label_scores):
                raise AssertionError(f"the features of photo {number} are of two kinds")
        job = jobs.get(kept.id)
        found[row] = Kept(
            number, kept.state, feature, None if job is None else job.attempts, kept.error, lists.get(row)
        )
    return found


def _read_lists(store: Hdf5Store) -> dict[int, int]:
    """Return the seed of each row's list of neighbours, which must be whole."""
    lists, seeds = store.neighbours.lists(MODEL), dict[int, int]()
    for row, found, similarities in zip(lists.rows.tolist(), lists.neighbours, lists.similarities, strict=True):
        seeds[row] = _LISTS[found.tobytes()]
        if not np.array_equal(similarities, neighbours(store, [row], seeds[row]).similarities[0]):
            raise AssertionError(f"the neighbours of row {row} are of two kinds")
    return seeds


_SEEDS: dict[bytes, int] = {}


def _seed_of(embedding: np.ndarray) -> int:
    if not _SEEDS:
        _SEEDS.update((features(seed).embedding.tobytes(), seed) for seed in range(500))
    return _SEEDS[embedding.tobytes()]


def _plain_problem(disk: MemoryDisk, found: Logical) -> str | None:
    """Read the photos with nothing but h5py, right after recovery."""
    with h5py.File(io.BytesIO(disk.content), "r") as file:
        for row, image in enumerate(file["images"][:]):
            if bool(image["deleted"]) == (row in found):
                return f"plain h5py sees row {row} otherwise"
            if not image["deleted"]:
                segment, start = file[f"segments/{image['segment']:06d}"], int(image["offset"])
                if zlib.crc32(segment[start : start + int(image["length"])].tobytes()) != image["crc32"]:
                    return f"plain h5py reads other bytes in row {row}"
    return None


def _go_on_problem(disk: MemoryDisk, store: Hdf5Store, found: Logical) -> str | None:
    """Work on after the crash, stop cleanly, and see that nothing was lost later."""
    new = [numbered_photo(900_000 + i) for i in range(3)]
    added = store.add(new, MODEL)
    store.finish(MODEL, {new[0].id: features(1)})
    store.delete(new[1].id)
    if found:
        first = min(found)
        store.delete(store.at(first).id)
    store.close()
    expected = {row: kept for row, kept in found.items() if row != min(found)}
    expected[added[0].photo.row] = Kept(900_000, PhotoState.READY, 1, None)
    expected[added[2].photo.row] = Kept(900_002, PhotoState.STORED)
    again = Hdf5Store(disk, SMALL, Clock())
    later = _read_all(again)
    return None if later == expected else f"later the gallery holds {_difference(later, [expected])}"


def _difference(found: Logical, allowed: list[Logical]) -> str:
    nearest = min(allowed, key=lambda one: len(set(one.items()) ^ set(found.items())))
    missing = {row: kept for row, kept in nearest.items() if found.get(row) != kept}
    extra = {row: kept for row, kept in found.items() if nearest.get(row) != kept}
    return f"not {missing} but {extra}"
