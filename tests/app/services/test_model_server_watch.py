"""Knowing how the model server is costs no caller any time, and its return is noticed."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from app.domain import PartState
from app.errors import ModelServerUnavailable
from app.inference.base import ModelClient, ModelState, ModelStatus
from app.inference.circuit_breaker import BreakerState, CircuitBreaker
from app.inference.fake import FakeModelClient, Fault
from app.services import model_server_watch
from app.services.model_server_watch import ModelServerWatch
from model_server.catalogue import load_card
from tests.waiting import wait_until

CARD = load_card("gallery_default")


def make_watch(client: ModelClient, on_return: Callable[[], None] = lambda: None) -> ModelServerWatch:
    breaker = CircuitBreaker(client)
    return ModelServerWatch(client, lambda: CARD, lambda card: breaker, on_return)


def test_before_it_is_started_no_server_runs() -> None:
    watch = make_watch(FakeModelClient())
    assert watch.part.state is PartState.DOWN


def test_a_server_that_has_never_answered_is_starting_and_one_that_stopped_is_down() -> None:
    client = FakeModelClient()
    returns: list[str] = []
    watch = make_watch(client, on_return=lambda: returns.append("back"))
    states = []
    for fault in (Fault.DEAD, None, Fault.DEAD, None, None):
        client.fault = fault
        watch.check()
        states.append(watch.part.state)
    ready = PartState.READY
    assert states == [PartState.STARTING, ready, PartState.DOWN, ready, ready]
    assert returns == ["back", "back"], "once for each return"


def test_a_server_that_hangs_keeps_nobody_waiting() -> None:
    watch = make_watch(FakeModelClient(fault=Fault.SLOW, delay_s=5.0))
    watch.start()
    started = time.monotonic()
    assert watch.part.state is PartState.STARTING
    assert time.monotonic() - started < 0.5


def test_it_asks_by_itself_until_it_is_stopped() -> None:
    client = FakeModelClient()
    watch = make_watch(client)
    watch.start()
    wait_until(lambda: watch.part.state is PartState.READY, what="the first answer")
    client.fault = Fault.DEAD
    wait_until(lambda: watch.part.state is PartState.DOWN, what="noticing that it is away")
    watch.stop()
    client.fault = None
    watch.stop()
    assert watch.part.state is PartState.DOWN


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.WRONG_SHAPE, Fault.REJECTS, Fault.NO_MEMORY, Fault.FULL])
def test_a_server_that_says_it_is_well_but_cannot_look_at_a_picture_is_down(fault: Fault) -> None:
    client = FakeModelClient(fault=fault)
    breaker = CircuitBreaker(client)
    watch = ModelServerWatch(client, lambda: CARD, lambda card: breaker, on_return=lambda: None)
    watch.check()
    assert watch.part.state is PartState.DOWN
    assert str(fault) in watch.part.message
    with pytest.raises(ModelServerUnavailable, match=str(fault)):
        breaker.predict(CARD, np.ones((1, 300, 300, 3), np.uint8))
    client.fault = None
    watch.check()
    assert (watch.part.state, breaker.state) == (PartState.READY, BreakerState.CLOSED)


def test_a_server_with_another_version_is_down_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeModelClient()
    status = ModelStatus(ModelState.OTHER_VERSION, 7, "It has version 7.")
    monkeypatch.setattr(client, "status", lambda card: status)
    watch = make_watch(client)
    watch.check()
    assert (watch.part.state, watch.part.message) == (PartState.DOWN, "It has version 7.")


def test_an_open_breaker_makes_it_ask_for_a_proof_and_closes_with_it() -> None:
    client = FakeModelClient()
    breaker = CircuitBreaker(client)
    returns: list[str] = []
    watch = ModelServerWatch(client, lambda: CARD, lambda card: breaker, on_return=lambda: returns.append("back"))
    watch.check()
    breaker.trip("Calls failed.")
    watch.check()
    assert breaker.state is BreakerState.CLOSED
    assert returns == ["back", "back"]


def test_while_others_get_answers_no_proof_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeModelClient()
    watch = make_watch(client)
    watch.check()
    client.fault = Fault.GARBAGE
    states = []
    watch.check()
    states.append(watch.part.state)
    later = time.monotonic() + model_server_watch.PROOF_EVERY_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    watch.check()
    states.append(watch.part.state)
    assert states == [PartState.READY, PartState.DOWN], "the last answer is fresh enough until it is old"
