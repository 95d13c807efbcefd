"""Records a session with the store and looks at every state in which a crash can leave its file."""

import faulthandler
import io
import random
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from app.domain import PhotoState
from app.errors import GalleryError
from app.store.hdf5 import Hdf5Store
from app.store.schema import Layout
from tests.app.store.photos import MODEL, SMALL, Clock, feature_table, features, neighbours
from tests.crash.recorder import CrashState, Entry, MemoryDisk, crash_states
from tests.crash.session import APPEARED, LISTS, NUMBERS, Kept, Logical, Session, numbered_photo


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
        number = NUMBERS[kept.id]
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
        seeds[row] = LISTS[found.tobytes()]
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
