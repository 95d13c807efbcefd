"""Ways to break the protocol, and a program that explores with one of them: `python -m tests.crash.broken STEP`.

It ends with 1 once it has found a loss, and with 0 if it found none. HDF5 may crash or hang on what a broken protocol
leaves, which is why this is a program of its own.
"""

import faulthandler
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import backup
from app.store.changes import Changes
from app.store.hdf5 import Hdf5Store
from app.store.journal import Journal, Record, State
from app.store.transactional_file import TransactionalFile
from tests.app.store.photos import SMALL
from tests.crash.explorer import explore
from tests.crash.session import TIGHT, CopyDisk

Patch = pytest.MonkeyPatch


def no_sync_at_the_commit_point(patch: Patch) -> None:
    def reach(self: TransactionalFile, record: Record) -> None:
        self._state = State(record.sequence, record.end)

    patch.setattr(TransactionalFile, "_reach_commit_point", reach)


def applied_before_it_is_durable(patch: Patch) -> None:
    reach = TransactionalFile._reach_commit_point

    def early(self: TransactionalFile, record: Record) -> None:
        self._apply(record)
        reach(self, record)

    patch.setattr(TransactionalFile, "_reach_commit_point", early)


def only_one_slot(patch: Patch) -> None:
    load = Journal._load
    patch.setattr(Journal, "_slot", lambda self, sequence: self._slots_at)
    patch.setattr(Journal, "_load", lambda self, slot: load(self, 0) or load(self, 1) if slot == 0 else None)


def record_checksum_not_looked_at(patch: Patch) -> None:
    patch.setattr(Journal, "_is_whole", lambda self, body, crc32: True)


def fresh_bytes_not_checked(patch: Patch) -> None:
    patch.setattr(Journal, "_fresh_is_there", lambda self, record: True)


def only_the_newest_record_replayed(patch: Patch) -> None:
    replay = Journal._replay
    patch.setattr(Journal, "_replay", lambda self, records: replay(self, records[-1:]))


def nothing_replayed(patch: Patch) -> None:
    patch.setattr(Journal, "_replay", lambda self, records: None)


def retired_before_it_is_durable(patch: Patch) -> None:
    def retire(self: Journal, state: State) -> State:
        for _ in range(2):
            state = State(state.sequence + 1, state.end)
            self.write(Record(state.sequence, state.end, retired=True))
        self._device.sync()
        return state

    patch.setattr(Journal, "retire", retire)


def spilled_record_not_retired(patch: Patch) -> None:
    retire = Journal.retire
    apply = TransactionalFile._apply

    def keep(self: TransactionalFile, record: Record) -> None:
        apply(self, record)
        patch.setattr(Journal, "retire", lambda journal, state: state)

    def commit(self: TransactionalFile, *arguments: object, **options: object) -> None:
        try:
            original(self, *arguments, **options)  # type: ignore[arg-type]
        finally:
            patch.setattr(Journal, "retire", retire)

    original = TransactionalFile.commit
    patch.setattr(TransactionalFile, "_apply", keep)
    patch.setattr(TransactionalFile, "commit", commit)


def pages_given_back_before_the_delete_is_durable(patch: Patch) -> None:
    write = Hdf5Store._write

    def early(self: Hdf5Store, changes: Changes) -> None:
        for extent in changes.freed:
            self._segments.give_back(extent)
        changes.freed.clear()
        write(self, changes)

    patch.setattr(Hdf5Store, "_write", early)


def photo_bytes_unknown_to_the_record(patch: Patch) -> None:
    commit = TransactionalFile.commit

    def forgetful(self: TransactionalFile, written: object, use_spare: bool = False) -> None:
        commit(self, [], use_spare=use_spare)

    patch.setattr(TransactionalFile, "commit", forgetful)


def a_backup_appears_before_it_is_durable(patch: Patch) -> None:
    patch.setattr(CopyDisk, "sync", lambda self: None)


def a_backup_forgets_what_was_written_meanwhile(patch: Patch) -> None:
    patch.setattr(backup, "_copy_pages", lambda device, copy, written: None)


STEPS: list[Callable[[Patch], None]] = [
    no_sync_at_the_commit_point,
    applied_before_it_is_durable,
    only_one_slot,
    record_checksum_not_looked_at,
    fresh_bytes_not_checked,
    only_the_newest_record_replayed,
    nothing_replayed,
    retired_before_it_is_durable,
    spilled_record_not_retired,
    pages_given_back_before_the_delete_is_durable,
    photo_bytes_unknown_to_the_record,
    a_backup_appears_before_it_is_durable,
    a_backup_forgets_what_was_written_meanwhile,
]


_HANGING_S = 30


def main(name: str) -> int:
    """Explore with a broken step; return the exit status."""
    next(step for step in STEPS if step.__name__ == name)(pytest.MonkeyPatch())
    for seed in range(6):
        layout = TIGHT if seed % 2 else SMALL
        with tempfile.TemporaryDirectory() as folder:
            found = explore(Path(folder), seed, 14, 4, layout=layout, stop_after=1, look_at_most_s=_HANGING_S)
        if found.problems:
            sys.stdout.write(f"{name}: {found.states} states, {next(iter(found.problems))[:160]}\n")
            return 1
    return 0


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(main(sys.argv[1]))
