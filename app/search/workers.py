"""Threads for work on large arrays, which NumPy does without holding the others up."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar, cast

Result = TypeVar("Result")


MOST_WAITING = 4


class InTurn:
    """A thread that does one piece of work after the other while the caller goes on; leaving waits for all of it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="search-in-turn")
        self._waiting = deque[Future[None]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            while self._waiting and error[0] is None:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done after what was asked for before, once not much of that is left; raise what that raised."""
        while len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(work))


class Workers:
    """As many threads as there are processors, the caller's among them."""

    def __init__(self) -> None:
        self._count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(max(1, self._count - 1), thread_name_prefix="search")

    def each(self, work: Callable[[slice], Result], count: int, at_once: int) -> list[Result]:
        """Return what `work` makes of each slice of up to `at_once` of `count` entries, in order.

        The caller begins at once, so that nothing waits for threads to wake up or to be done with another search.
        """
        slices = [slice(start, min(start + at_once, count)) for start in range(0, count, at_once)]
        if len(slices) < 2 or self._count < 2:
            return [work(part) for part in slices]
        made: list[Result | None] = [None] * len(slices)
        left = iter(list(enumerate(slices)))

        def take_turns() -> None:
            for place, part in left:
                made[place] = work(part)

        helpers = [self._pool.submit(take_turns) for _ in range(min(self._count, len(slices)) - 1)]
        try:
            take_turns()
        finally:
            for helper in helpers:
                if not helper.cancel():
                    helper.result()
        return cast(list[Result], made)
