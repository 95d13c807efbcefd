"""Somebody who waits gets another try where that helps, and an answer within their time."""

import numpy as np
import pytest

from app.domain import Bytes8
from app.errors import ModelRejectedInput, ModelServerUnavailable
from app.inference.base import ModelOutput
from app.inference.circuit_breaker import CircuitBreaker
from app.inference.fake import FakeModelClient, Fault
from app.inference.retrying import FIRST_PAUSE_S, LONGEST_PAUSE_S, TRIES, RetryingClient
from model_server.catalogue import ModelCard
from tests.model_server.server.tiny import SIZE_PX, card

CARD = card("tiny")
IMAGES: Bytes8 = np.ones((1, SIZE_PX, SIZE_PX, 3), np.uint8)


class Server(FakeModelClient):
    """Refuses the first calls for a full queue, each after `takes_s`, and notes how long each might take."""

    def __init__(self, refusals: int, takes_s: float = 0.0) -> None:
        super().__init__()
        self.refusals = refusals
        self.takes_s = takes_s
        self.now = 0.0
        self.pauses: list[float] = []
        self.deadlines: list[float | None] = []

    def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.now += pause_s

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        self.deadlines.append(deadline_s)
        self.now += min(self.takes_s, deadline_s or 0.0)
        self.fault = Fault.FULL if len(self.deadlines) <= self.refusals else None
        return super().predict(model, images)

    def client(self, budget_s: float = 10.0) -> RetryingClient:
        return RetryingClient(self, budget_s, lambda: self.now, self.sleep)


def test_a_full_queue_is_tried_again_with_growing_pauses() -> None:
    server = Server(refusals=TRIES - 1)
    assert server.client().predict(CARD, IMAGES).version == 1
    longest_s = FIRST_PAUSE_S
    for pause_s in server.pauses:
        assert longest_s / 2 <= pause_s <= longest_s
        longest_s = min(2 * longest_s, LONGEST_PAUSE_S)
    assert len(server.pauses) == TRIES - 1


def test_pauses_differ_between_callers() -> None:
    pauses = set()
    for _ in range(5):
        server = Server(refusals=1)
        server.client().predict(CARD, IMAGES)
        pauses.add(server.pauses[0])
    assert len(pauses) > 1


def test_tries_are_limited() -> None:
    server = Server(refusals=TRIES)
    with pytest.raises(ModelServerUnavailable, match="full"):
        server.client().predict(CARD, IMAGES)
    assert len(server.deadlines) == TRIES


def test_all_tries_together_keep_to_the_time() -> None:
    server = Server(refusals=TRIES, takes_s=2.0)
    with pytest.raises(ModelServerUnavailable):
        server.client(budget_s=5.0).predict(CARD, IMAGES)
    assert server.now <= 5.0
    assert server.deadlines[0] == 5.0
    assert 2.0 < (server.deadlines[1] or 0) < 3.0


def test_what_will_not_work_later_either_is_not_tried_again() -> None:
    server = FakeModelClient(Fault.REJECTS)
    with pytest.raises(ModelRejectedInput):
        RetryingClient(server).predict(CARD, IMAGES)
    assert server.batches == [1]


def test_an_open_breaker_is_believed() -> None:
    server = Server(refusals=0)
    breaker = CircuitBreaker(server)
    breaker.trip("It is away.")
    with pytest.raises(ModelServerUnavailable, match="It is away"):
        RetryingClient(breaker, sleep=server.sleep).predict(CARD, IMAGES)
    assert server.pauses == []
