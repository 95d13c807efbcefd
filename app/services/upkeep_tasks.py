"""Upkeep in the background: what was asked for over HTTP, one piece after another, and what came of it."""

import logging
import secrets
import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from queue import SimpleQueue

from app.errors import BadParameter, GalleryError
from app.services.upkeep import Backup, Compaction, Upkeep, Verification, Work

log = logging.getLogger(__name__)

KEPT_TASKS = 10
"""How many that have ended are remembered."""


class TaskKind(StrEnum):
    """What is to be done."""

    VERIFY = "verify"
    COMPACT = "compact"
    BACKUP = "backup"


class TaskState(StrEnum):
    """How far it has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


ENDED = (TaskState.DONE, TaskState.FAILED)


@dataclass(frozen=True)
class Task:
    """One piece of upkeep."""

    id: str
    kind: TaskKind
    file: str | None = None
    """The name of the backup."""
    state: TaskState = TaskState.WAITING
    done: int = 0
    of: int = 0
    """How much is done of how much; of a compaction, for one stretch of the file after another."""
    result: Verification | Compaction | Backup | None = None
    error: GalleryError | None = None


class _Stopped(BaseException):
    """The gallery closes, so what is being done ends here."""


class UpkeepTasks:
    """One thread that does what is asked for, in order; nothing of it outlives the process."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._queue: SimpleQueue[tuple[str, Work] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin working in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Break off what is being done, which leaves the file whole, and end."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def all(self) -> tuple[Task, ...]:
        """Return what waits, what is being done and what was done last, the newest first."""
        with self._lock:
            return tuple(reversed(self._tasks.values()))

    def verify(self) -> Task:
        """Ask for a look at the whole file."""
        return self._ask(TaskKind.VERIFY, self._upkeep.verify)

    def compact(self) -> Task:
        """Ask for unused room to be given back."""
        return self._ask(TaskKind.COMPACT, self._upkeep.compact)

    def backup(self, name: str) -> Task:
        """Ask for a copy of this name beside the gallery file; raise BadFileName or BadParameter."""
        path = self._upkeep.path_beside(name)
        return self._ask(TaskKind.BACKUP, lambda progress: self._upkeep.backup(path, progress), path.name)

    def _ask(self, kind: TaskKind, work: Work, file: str | None = None) -> Task:
        """Queue a task, or return the one of its kind that waits already, so that few wait, however many ask."""
        with self._lock:
            for task in self._tasks.values():
                if task.kind is kind and task.state is TaskState.WAITING:
                    if task.file != file:
                        raise BadParameter(f"Another backup waits to be made ({task.file}). Ask again once it is.")
                    return task
            task = Task(secrets.token_hex(8), kind, file)
            self._tasks[task.id] = task
            self._queue.put((task.id, work))
            return task

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None and not self._stopping.is_set():
            task_id, work = asked
            self._change(task_id, state=TaskState.RUNNING)
            try:
                self._perform(task_id, work)
            except _Stopped:
                return
            self._forget_old()

    def _perform(self, task_id: str, work: Work) -> None:
        """Do a task and note what came of it, whatever that is."""

        def progress(done: int, of: int) -> None:
            if self._stopping.is_set():
                raise _Stopped
            self._change(task_id, done=done, of=of)

        try:
            result = work(progress)
        except GalleryError as error:
            log.warning("upkeep failed: %s", error.message)
            self._change(task_id, state=TaskState.FAILED, error=error)
        except Exception as error:  # the edge of a thread: dying silently would strand every later task
            log.exception("upkeep: unexpected error")
            unexpected = GalleryError(f"Unexpected error: {error!r}. The log has the details.")
            self._change(task_id, state=TaskState.FAILED, error=unexpected)
        else:
            self._change(task_id, state=TaskState.DONE, result=result)

    def _change(self, task_id: str, **changes: object) -> None:
        with self._lock:
            self._tasks[task_id] = replace(self._tasks[task_id], **changes)  # type: ignore[arg-type]

    def _forget_old(self) -> None:
        with self._lock:
            ended = [task.id for task in self._tasks.values() if task.state in ENDED]
            for task_id in ended[:-KEPT_TASKS]:
                del self._tasks[task_id]
