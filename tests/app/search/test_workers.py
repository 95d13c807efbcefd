"""Threads for work on large arrays."""

import threading
import time
from functools import partial

import pytest

from app.search.workers import MOST_WAITING, InTurn, Workers


def test_slices_are_worked_on_in_order_and_cover_everything() -> None:
    found = Workers().each(lambda part: (part.start, part.stop), 10, 4)
    assert found == [(0, 4), (4, 8), (8, 10)]
    assert Workers().each(lambda part: part, 0, 4) == []


def test_work_on_a_slice_may_itself_be_split() -> None:
    workers = Workers()

    def lengths(part: slice) -> list[int]:
        return workers.each(lambda inner: inner.stop - inner.start, part.stop - part.start, 3)

    assert workers.each(lengths, 40, 10) == [[3, 3, 3, 1]] * 4


@pytest.mark.parametrize("wrong", range(4))
def test_an_error_in_any_slice_comes_out_once_all_threads_are_done(wrong: int) -> None:
    workers, working = Workers(), set[int]()

    def work(part: slice) -> None:
        working.add(part.start)
        time.sleep(0.005)
        working.remove(part.start)
        if part.start == wrong:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        workers.each(work, 4, 1)
    assert not working
    assert workers.each(lambda part: part.start, 3, 1) == [0, 1, 2]


def test_work_in_turn_is_done_in_order_on_another_thread_before_the_end() -> None:
    done: list[int] = []
    threads: set[str] = set()

    def work(number: int) -> None:
        time.sleep(0.001 * (5 - number % 5))
        threads.add(threading.current_thread().name)
        done.append(number)

    with InTurn() as turn:
        for number in range(20):
            turn.do(partial(work, number))
            assert number - len(done) <= MOST_WAITING
    assert done == list(range(20))
    assert len(threads) == 1
    assert threading.current_thread().name not in threads


def _raise() -> None:
    raise ZeroDivisionError


def test_what_work_in_turn_raises_comes_out_and_no_more_is_begun() -> None:
    begun: list[int] = []

    def ask() -> None:
        with InTurn() as turn:
            turn.do(_raise)
            for number in range(2 * MOST_WAITING):
                turn.do(partial(begun.append, number))

    with pytest.raises(ZeroDivisionError):
        ask()
    assert len(begun) <= MOST_WAITING


def test_an_error_of_the_caller_ends_the_work_and_stays_the_error() -> None:
    def ask() -> None:
        with InTurn() as turn:
            turn.do(_raise)
            raise KeyError

    with pytest.raises(KeyError):
        ask()
