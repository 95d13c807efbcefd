"""A server that fails is spared, and so are those who would wait for it; it is found again by one call at a time."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from app.domain import Bytes8
from app.errors import InferenceError, ModelServerUnavailable
from app.inference.circuit_breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, OPENS_AFTER, BreakerState, CircuitBreaker
from app.inference.fake import FakeModelClient, Fault
from tests.model_server.server.tiny import SIZE_PX, card
from tests.waiting import wait_until

CARD = card("tiny")
IMAGES: Bytes8 = np.ones((1, SIZE_PX, SIZE_PX, 3), np.uint8)


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A breaker before a fake server."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = FakeModelClient()
        self.breaker = CircuitBreaker(self.server, self.clock)

    def call(self) -> None:
        self.breaker.predict(CARD, IMAGES)

    def fail(self, fault: Fault = Fault.DEAD, times: int = 1) -> None:
        self.server.fault = fault
        for _ in range(times):
            with pytest.raises(InferenceError):
                self.call()
        self.server.fault = None

    @property
    def calls(self) -> int:
        return len(self.server.batches)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_opens_after_failures_in_a_row_and_then_refuses_at_once_with_the_reason(bench: Bench) -> None:
    bench.fail(times=OPENS_AFTER - 1)
    bench.call()
    bench.fail(times=OPENS_AFTER - 1)
    assert bench.breaker.state is BreakerState.CLOSED
    bench.fail()
    assert (bench.breaker.state, bench.breaker.opened) == (BreakerState.OPEN, 1)
    calls = bench.calls
    with pytest.raises(ModelServerUnavailable, match="misbehaves: dead") as caught:
        bench.call()
    assert bench.calls == calls
    assert caught.value.detail["retry_after_s"] == FIRST_PAUSE_S


def test_one_failure_for_which_somebody_waited_long_is_enough(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*arguments: object) -> None:
        bench.clock.now += 5
        raise ModelServerUnavailable("No answer within 5 s.")

    monkeypatch.setattr(bench.server, "predict", silent)
    with pytest.raises(ModelServerUnavailable):
        bench.call()
    assert bench.breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.REJECTS, Fault.NO_MEMORY])
def test_an_answer_that_may_be_the_picture_s_fault_opens_nothing(bench: Bench, fault: Fault) -> None:
    bench.fail(fault, times=3 * OPENS_AFTER)
    assert bench.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("fault", [Fault.DEAD, Fault.GARBAGE, Fault.REJECTS, Fault.NO_MEMORY])
def test_only_a_usable_answer_closes_it_and_pauses_double(bench: Bench, fault: Fault) -> None:
    bench.fail(times=OPENS_AFTER)
    pause_s = FIRST_PAUSE_S
    for _ in range(6):
        calls = bench.calls
        bench.clock.now += pause_s - 0.01
        bench.fail(fault)
        assert bench.calls == calls, "nobody is let through before the pause is over"
        bench.clock.now += 0.01
        bench.fail(fault)
        assert bench.calls == calls + 1
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    bench.clock.now += pause_s
    bench.call()
    assert bench.breaker.state is BreakerState.CLOSED
    bench.fail(times=OPENS_AFTER)
    bench.clock.now += FIRST_PAUSE_S
    bench.call()
    assert bench.breaker.state is BreakerState.CLOSED, "pauses are short again"


def test_half_open_one_call_goes_through_and_the_others_are_refused(bench: Bench) -> None:
    bench.fail(times=OPENS_AFTER)
    bench.clock.now += FIRST_PAUSE_S
    bench.server.fault, bench.server.delay_s = Fault.SLOW, 30.0
    probe = threading.Thread(target=bench.call)
    probe.start()
    wait_until(lambda: bench.breaker.state is BreakerState.HALF_OPEN, what="the probe")
    with pytest.raises(ModelServerUnavailable):
        bench.call()
    bench.server.close()
    probe.join()
    assert bench.breaker.state is BreakerState.CLOSED


def test_a_failure_from_before_it_was_reset_counts_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def outlived(*arguments: object) -> None:
        bench.breaker.trip("Noticed elsewhere.")
        bench.breaker.reset()
        bench.clock.now += 5
        raise ModelServerUnavailable("Late.")

    monkeypatch.setattr(bench.server, "predict", outlived)
    with pytest.raises(ModelServerUnavailable):
        bench.call()
    assert bench.breaker.state is BreakerState.CLOSED


def test_what_is_noticed_elsewhere_opens_and_closes_it(bench: Bench) -> None:
    bench.breaker.trip("It is starting.")
    bench.breaker.trip("It has another version.")
    with pytest.raises(ModelServerUnavailable, match="another version"):
        bench.call()
    assert bench.breaker.opened == 1
    assert bench.breaker.status(CARD).version == 1, "asking how it is always goes through"
    bench.breaker.reset()
    bench.call()
    assert bench.breaker.answered_at == bench.clock.now


def test_a_mistake_of_ours_leaves_it_as_it_was(bench: Bench) -> None:
    wrong = np.zeros((1, 2, 2, 3), np.uint8)
    for prepare in (lambda: None, lambda: bench.fail(times=OPENS_AFTER)):
        _then_wrong(bench, prepare, wrong)


def _then_wrong(bench: Bench, prepare: Callable[[], None], wrong: Bytes8) -> None:
    prepare()
    state = bench.breaker.state
    bench.clock.now += FIRST_PAUSE_S
    with pytest.raises(ValueError, match="takes uint8"):
        bench.breaker.predict(CARD, wrong)
    assert bench.breaker.state is state
