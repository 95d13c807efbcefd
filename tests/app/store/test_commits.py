import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import StoreError, StoreFull
from app.store.changes import Changes
from app.store.commits import CommitQueue, Ticket
from app.store.table import PhotoTable
from tests.waiting import wait_until


class SlowDisk:
    """Commits that wait until they are let go, and that find the disk full for the changes named in `too_large`."""

    def __init__(self, too_large: frozenset[str] = frozenset()) -> None:
        self.go = threading.Event()
        self.groups: list[list[str]] = []
        self.begun = threading.Semaphore(0)
        self._too_large = too_large

    def commit(self, tickets: list[Ticket]) -> None:
        changes = Changes(PhotoTable())
        for ticket in tickets:
            ticket.stage(changes)
        names = [str(ticket.result) for ticket in tickets]
        self.begun.release()
        self.go.wait(30)
        if self._too_large & set(names):
            raise StoreFull("full", path=str(Path("disk")))
        self.groups.append(names)


def run_while_one_is_under_way(queue: CommitQueue, disk: SlowDisk, names: list[str]) -> dict[str, object]:
    """Start a change, let others come while it commits, and return what each came to."""
    outcomes: dict[str, object] = {}

    def run(name: str) -> None:
        try:
            outcomes[name] = queue.run(lambda changes: name)
        except StoreError as error:
            outcomes[name] = error

    with ThreadPoolExecutor(len(names) + 1) as pool:
        pool.submit(run, "first")
        assert disk.begun.acquire(timeout=30)
        for number, name in enumerate(names):
            pool.submit(run, name)
            wait_until(lambda wanted=number + 1: len(queue._waiting) == wanted)  # type: ignore[misc]
        disk.go.set()
    return outcomes


def test_changes_that_wait_share_the_next_commit() -> None:
    disk = SlowDisk()
    queue = CommitQueue(disk.commit)
    outcomes = run_while_one_is_under_way(queue, disk, ["a", "b", "c"])
    assert disk.groups == [["first"], ["a", "b", "c"]]
    assert outcomes == {name: name for name in ("first", "a", "b", "c")}


def test_a_full_disk_stops_only_what_does_not_fit() -> None:
    disk = SlowDisk(too_large=frozenset(["b"]))
    queue = CommitQueue(disk.commit)
    outcomes = run_while_one_is_under_way(queue, disk, ["a", "b", "c"])
    assert isinstance(outcomes.pop("b"), StoreFull)
    assert outcomes == {name: name for name in ("first", "a", "c")}
    assert disk.groups == [["first"], ["a"], ["c"]]


def test_a_change_that_cannot_be_staged_fails_alone() -> None:
    disk = SlowDisk()
    disk.go.set()
    queue = CommitQueue(disk.commit)

    def impossible(changes: Changes) -> str:
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"):
        queue.run(impossible)
    assert queue.run(lambda changes: "next") == "next"
