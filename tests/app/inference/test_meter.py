"""What the model server is asked is counted as Prometheus wants it."""

import numpy as np
import pytest

from app.errors import ModelServerUnavailable
from app.inference.fake import FakeModelClient, Fault
from app.inference.meter import ROWS, MeteredClient
from tests.model_server.server.tiny import SIZE_PX, card

CARD = card("tiny")


def test_calls_are_counted_by_pictures_time_and_ending() -> None:
    server = FakeModelClient()
    client = MeteredClient(server)
    for rows in (1, 3, 4, 100):
        client.predict(CARD, np.ones((rows, SIZE_PX, SIZE_PX, 3), np.uint8))
    server.fault = Fault.DEAD
    with pytest.raises(ModelServerUnavailable):
        client.predict(CARD, np.ones((2, SIZE_PX, SIZE_PX, 3), np.uint8))
    counts = client.counts()
    assert counts.rows.bounds == ROWS
    assert counts.rows.below == (1, 2, 4, 4, 4, 4, 5)
    assert counts.rows.total == 110
    assert counts.seconds.below[-1] == 5
    assert counts.endings == {"ok": 4, "model_server_unavailable": 1}
