"""Each request has an id that its caller can choose and that goes wherever the request leads."""

import logging
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app import request_ids
from app.domain import Bytes8
from app.inference.base import ModelOutput
from app.inference.fake import FakeModelClient
from model_server.catalogue import ModelCard
from tests.photos import drawn_photo
from tests.waiting import wait_until


def test_a_caller_s_id_is_told_back_and_others_get_one_each(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    given = {client.get("/healthz").headers["X-Request-ID"] for _ in range(3)}
    assert len(given) == 3
    assert client.get("/no-such-page").headers["X-Request-ID"]
    assert request_ids.current() is None


@pytest.mark.parametrize("bad", ["", "two words", "x" * 129, "<b>"])
def test_an_id_that_could_break_a_log_line_is_replaced(client: FlaskClient, bad: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"] != bad


def test_the_id_reaches_the_call_of_the_model_server(
    client: FlaskClient, fake_client: FakeModelClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: client.get("/readyz").status_code == 200, what="readiness")
    seen: list[str | None] = []
    predict = fake_client.predict

    def note(model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        seen.append(request_ids.current())
        return predict(model, images, deadline_s)

    monkeypatch.setattr(fake_client, "predict", note)
    picture = {"file": (BytesIO(drawn_photo(1)), "a.jpg")}
    client.post("/api/v1/search/similar", data=picture, headers={"X-Request-ID": "my-search"})
    assert "my-search" in seen
    client.post("/api/v1/images", data={"file": (BytesIO(drawn_photo(2)), "b.jpg")})
    wait_until(lambda: any((one or "").startswith("batch-") for one in seen), what="the batch")


def test_requests_are_logged_with_facts_for_programs_but_not_those_of_machines(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.web.request_log")
    client.get("/api/v1/images?limit=1")
    client.get("/healthz")
    (line,) = [record for record in caplog.records if record.name == "app.web.request_log"]
    facts = vars(line)["facts"]
    assert (facts["method"], facts["path"], facts["status"]) == ("GET", "/api/v1/images", 200)
    assert facts["seconds"] > 0
