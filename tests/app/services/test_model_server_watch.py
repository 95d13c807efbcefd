"""Knowing how the model server is costs no caller any time, and its return is noticed."""

import time

from app.domain import PartState
from app.inference.fake import FakeModelClient, Fault
from app.services.model_server_watch import ModelServerWatch
from model_server.catalogue import load_card
from tests.waiting import wait_until

CARD = load_card("gallery_default")


def test_before_it_is_started_no_server_runs() -> None:
    watch = ModelServerWatch(FakeModelClient(), CARD, on_return=lambda: None)
    assert watch.part.state is PartState.DOWN


def test_a_server_that_has_never_answered_is_starting_and_one_that_stopped_is_down() -> None:
    client = FakeModelClient()
    returns: list[str] = []
    watch = ModelServerWatch(client, CARD, on_return=lambda: returns.append("back"))
    states = []
    for fault in (Fault.DEAD, None, Fault.DEAD, None, None):
        client.fault = fault
        watch.check()
        states.append(watch.part.state)
    ready = PartState.READY
    assert states == [PartState.STARTING, ready, PartState.DOWN, ready, ready]
    assert returns == ["back", "back"], "once for each return"


def test_a_server_that_hangs_keeps_nobody_waiting() -> None:
    watch = ModelServerWatch(FakeModelClient(fault=Fault.SLOW, delay_s=5.0), CARD, on_return=lambda: None)
    watch.start()
    started = time.monotonic()
    assert watch.part.state is PartState.STARTING
    assert time.monotonic() - started < 0.5


def test_it_asks_by_itself_until_it_is_stopped() -> None:
    client = FakeModelClient()
    watch = ModelServerWatch(client, CARD, on_return=lambda: None)
    watch.start()
    wait_until(lambda: watch.part.state is PartState.READY, what="the first answer")
    client.fault = Fault.DEAD
    wait_until(lambda: watch.part.state is PartState.DOWN, what="noticing that it is away")
    watch.stop()
    client.fault = None
    watch.stop()
    assert watch.part.state is PartState.DOWN
