"""Group commit: changes that wait while one commit runs share the next one."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from app.errors import StoreFull
from app.store.changes import Changes

T = TypeVar("T")

_AT_ONCE = 32


class Ticket:
    """One caller's change and what became of it."""

    def __init__(self, stage: Callable[[Changes], Any], use_spare: bool) -> None:
        self._stage = stage
        self.use_spare = use_spare
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def stage(self, changes: Changes) -> None:
        """Add this change to those of a commit, or note why it can't be."""
        self.error = None
        try:
            self.result = self._stage(changes)
        except Exception as error:  # It belongs to the caller of this one change; the others go on.
            self.error = error


class CommitQueue:
    """Runs `commit` for groups of changes, one group at a time, in the order in which they came.

    There is no thread of its own: the first caller that finds no commit running commits for all that wait.
    """

    def __init__(self, commit: Callable[[list[Ticket]], None]) -> None:
        self._commit = commit
        self._turn = threading.Condition()
        self._waiting: list[Ticket] = []
        self._busy = False
        self.count = 0
        """How many groups were committed, with success or without."""

    def run(self, stage: Callable[[Changes], T], *, use_spare: bool = False) -> T:
        """Commit a change and return what staging it returned; raise what went wrong with it.

        `stage` must leave the changes alone if it raises. It runs with no other commit under way.
        """
        ticket = Ticket(stage, use_spare)
        with self._turn:
            self._waiting.append(ticket)
        while not ticket.done:
            self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error
        result: T = ticket.result
        return result

    def _lead(self, ticket: Ticket) -> None:
        with self._turn:
            while self._busy and not ticket.done:
                self._turn.wait()
            if ticket.done:
                return
            self._busy = True
            group = self._waiting[:_AT_ONCE]
            del self._waiting[:_AT_ONCE]
        try:
            self._commit_all(group)
        finally:
            with self._turn:
                self.count += 1
                for one in group:
                    one.done = True
                self._busy = False
                self._turn.notify_all()

    def _commit_all(self, group: list[Ticket]) -> None:
        try:
            self._commit(group)
        except StoreFull as error:
            self._one_by_one(group, error)
        except BaseException as error:
            for ticket in group:
                ticket.error = ticket.error or error

    def _one_by_one(self, group: list[Ticket], error: StoreFull) -> None:
        """Let what still fits through: a delete mustn't fail for an upload in its group."""
        if len(group) == 1:
            group[0].error = group[0].error or error
            return
        for ticket in group:
            self._commit_all([ticket])
