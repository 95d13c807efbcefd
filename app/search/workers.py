"""Threads for work on large arrays, which NumPy does without holding the others up."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """As many threads as there are processors; they start with the first piece of work that is worth it."""

    def __init__(self) -> None:
        self._count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="search")

    def each(self, work: Callable[[slice], Result], count: int, at_once: int) -> list[Result]:
        """Return what `work` makes of each slice of up to `at_once` of `count` entries, in order."""
        slices = [slice(start, min(start + at_once, count)) for start in range(0, count, at_once)]
        if len(slices) < 2 or self._count < 2:
            return [work(part) for part in slices]
        return list(self._pool.map(work, slices))
