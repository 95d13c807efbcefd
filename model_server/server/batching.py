"""Dynamic batching: what waits while the model is busy runs together next; an idle model is never waited for."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.server import statuses

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs that wait for `execute`; tasks of the same `group` (not None) may be joined row by row."""

    execute: Callable[[Tensors], Tensors]
    inputs: Tensors
    group: Hashable | None = None
    is_wanted: Callable[[], bool] = lambda: True
    """Asked just before the work starts: has the caller gone?"""
    result: Future[Tensors] = field(default_factory=Future)

    @property
    def rows(self) -> int:
        """How many rows this task adds to a batch; one that runs alone counts as one."""
        return 1 if self.group is None else len(next(iter(self.inputs.values())))


class Batcher:
    """A bounded queue before `workers` threads, each of which runs one batch at a time."""

    def __init__(self, max_rows: int, max_waiting: int, workers: int = 1) -> None:
        self.max_rows = max_rows
        self.max_waiting = max_waiting
        self._waiting: deque[Task] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batcher-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> Future[Tensors]:
        """Queue `task`; raise StatusError (UNAVAILABLE) when the queue is full."""
        with self._changed:
            if len(self._waiting) >= self.max_waiting:
                raise statuses.queue_full(self.max_waiting)
            self._waiting.append(task)
            self._changed.notify()
        return task.result

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            run_batch(batch)

    def _next_batch(self) -> list[Task]:
        """Wait for work and take the oldest task with those that fit to it; return nothing once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return take_batch(self._waiting, self.max_rows)


def take_batch(waiting: deque[Task], max_rows: int) -> list[Task]:
    """Remove from `waiting` its oldest task and all later ones of the same group, up to `max_rows` rows."""
    batch: list[Task] = []
    rows = 0
    for task in list(waiting):
        fits = not batch or (task.group is not None and task.group == batch[0].group and rows + task.rows <= max_rows)
        if fits:
            batch.append(task)
            rows += task.rows
            waiting.remove(task)
    return batch


def run_batch(batch: list[Task]) -> None:
    """Run tasks together and give each its rows; if that fails, run each alone, so that only the guilty one fails."""
    wanted = [task for task in batch if _claim(task)]
    if len(wanted) > 1 and _run_together(wanted):
        return
    for task in wanted:
        _run_alone(task)


def _claim(task: Task) -> bool:
    """Start `task` unless its caller has gone, whose future is cancelled instead."""
    if not task.is_wanted():
        task.result.cancel()
    return task.result.set_running_or_notify_cancel()


def _run_together(tasks: list[Task]) -> bool:
    names = tasks[0].inputs
    joined = {name: np.concatenate([task.inputs[name] for task in tasks]) for name in names}
    rows = [task.rows for task in tasks]
    try:
        outputs = tasks[0].execute(joined)
    except Exception:  # whatever it was, each task meets its own error when it runs alone
        return False
    if any(len(array) != sum(rows) for array in outputs.values()):
        return False
    ends = np.cumsum(rows)
    for task, end in zip(tasks, ends, strict=True):
        task.result.set_result({name: array[end - task.rows : end] for name, array in outputs.items()})
    return True


def _run_alone(task: Task) -> None:
    try:
        task.result.set_result(task.execute(task.inputs))
    except Exception as error:  # the thread must live on; the caller gets the error
        task.result.set_exception(error)
