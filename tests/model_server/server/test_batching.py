"""The batcher by itself, with work that waits until the test lets it go."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future

import grpc
import numpy as np
import pytest

from model_server.server.batching import Batcher, Task, Tensors, run_batch, take_batch
from model_server.server.statuses import StatusError

WAIT_S = 10.0


class Doubler:
    """Doubles `x`; records the rows of each run, can be held, and fails for rows with a negative number."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, inputs: Tensors) -> Tensors:
        self.runs.append(len(inputs["x"]))
        self.started.set()
        assert self.go_on.wait(WAIT_S)
        if (inputs["x"] < 0).any():
            raise ValueError("negative")
        return {"y": inputs["x"] * 2}


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    batcher = Batcher(max_rows=4, max_waiting=6)
    yield batcher
    batcher.close()


def task(doubler: Doubler, *values: float, group: str | None = "doubler") -> Task:
    return Task(doubler, {"x": np.array(values, np.float32)}, group)


def keep_busy(batcher: Batcher, doubler: Doubler) -> Future[Tensors]:
    """Occupy the batcher until `doubler.go_on` is set."""
    doubler.go_on.clear()
    held = batcher.submit(task(doubler, 0))
    assert doubler.started.wait(WAIT_S)
    return held


def test_an_idle_batcher_runs_at_once_and_alone(batcher: Batcher, doubler: Doubler) -> None:
    result = batcher.submit(task(doubler, 1, 2)).result(WAIT_S)
    assert result["y"].tolist() == [2, 4]
    assert doubler.runs == [2]


def test_what_waits_runs_together_and_each_gets_its_rows(batcher: Batcher, doubler: Doubler) -> None:
    keep_busy(batcher, doubler)
    waiting = [batcher.submit(task(doubler, *values)) for values in ([1], [2, 3], [4])]
    doubler.go_on.set()
    assert [future.result(WAIT_S)["y"].tolist() for future in waiting] == [[2], [4, 6], [8]]
    assert doubler.runs == [1, 4]


def test_batches_keep_to_the_limit_of_rows(batcher: Batcher, doubler: Doubler) -> None:
    keep_busy(batcher, doubler)
    waiting = [batcher.submit(task(doubler, 1, 2, 3)) for _ in range(2)]
    doubler.go_on.set()
    for future in waiting:
        future.result(WAIT_S)
    assert doubler.runs == [1, 3, 3]


def test_a_full_queue_refuses_and_recovers(batcher: Batcher, doubler: Doubler) -> None:
    keep_busy(batcher, doubler)
    waiting = [batcher.submit(task(doubler, 1)) for _ in range(6)]
    with pytest.raises(StatusError) as caught:
        batcher.submit(task(doubler, 1))
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    doubler.go_on.set()
    for future in waiting:
        future.result(WAIT_S)
    batcher.submit(task(doubler, 1)).result(WAIT_S)


def test_work_whose_caller_has_gone_is_not_done(batcher: Batcher, doubler: Doubler) -> None:
    keep_busy(batcher, doubler)
    gone = Task(doubler, {"x": np.ones(1, np.float32)}, "doubler", is_wanted=lambda: False)
    abandoned, wanted = batcher.submit(gone), batcher.submit(task(doubler, 5))
    doubler.go_on.set()
    assert wanted.result(WAIT_S)["y"].tolist() == [10]
    with pytest.raises(CancelledError):
        abandoned.result(WAIT_S)
    assert doubler.runs == [1, 1]


def test_only_the_guilty_one_of_a_batch_fails(doubler: Doubler) -> None:
    batch = [task(doubler, 1), task(doubler, -1), task(doubler, 2)]
    run_batch(batch)
    assert [member.result.exception() is None for member in batch] == [True, False, True]
    assert batch[2].result.result()["y"].tolist() == [4]


def test_outputs_that_do_not_follow_the_rows_are_not_cut_up() -> None:
    def summed(inputs: Tensors) -> Tensors:
        return {"sum": inputs["x"].sum(keepdims=True)}

    batch = [Task(summed, {"x": np.array(values, np.float32)}, "sum") for values in ([1, 2], [3, 4])]
    run_batch(batch)
    assert [member.result.result()["sum"].tolist() for member in batch] == [[3], [7]]


def test_taking_a_batch_leaves_other_groups_in_their_order(doubler: Doubler) -> None:
    waiting = deque(
        task(doubler, number, group=group) for number, group in enumerate(["a", "b", "a", None, None, "b", "a"])
    )
    taken = [[float(member.inputs["x"][0]) for member in take_batch(waiting, max_rows=4)] for _ in range(4)]
    assert taken == [[0, 2, 6], [1, 5], [3], [4]]
    assert not waiting


def test_closing_finishes_what_waits(doubler: Doubler) -> None:
    batcher = Batcher(max_rows=4, max_waiting=6)
    futures = [batcher.submit(task(doubler, number)) for number in range(5)]
    batcher.close()
    assert all(future.done() for future in futures)
