"""What watches the gallery is told the truth: alive, ready or not and why, and how much there is."""

from flask.testing import FlaskClient

from app.inference.fake import FakeModelClient, Fault
from tests.app.web.api_calls import json_of, upload, upload_ready
from tests.photos import drawn_photo
from tests.waiting import wait_until


def test_alive(client: FlaskClient) -> None:
    assert json_of(client.get("/healthz")) == {"status": "alive"}


def test_ready_names_each_part_and_follows_the_model_server(
    client: FlaskClient, fake_client: FakeModelClient
) -> None:
    wait_until(lambda: client.get("/readyz").status_code == 200, what="readiness")
    parts = json_of(client.get("/readyz"))["parts"]
    assert set(parts) == {"gallery_file", "model_server", "ingest", "search"}
    fake_client.fault = Fault.DEAD
    wait_until(lambda: client.get("/readyz").status_code == 503, what="noticing that the server is away")
    answer = json_of(client.get("/readyz"))
    assert answer["ready"] is False
    assert answer["parts"]["model_server"]["state"] == "down"
    fake_client.fault = None
    wait_until(lambda: client.get("/readyz").status_code == 200, what="readiness again")


def test_metrics_count_photos_and_requests(client: FlaskClient) -> None:
    upload_ready(client, ("a.jpg", drawn_photo(1)))
    text = client.get("/metrics").text
    assert 'gallery_photos{state="ready"} 1.0' in text
    assert "gallery_pending_jobs 0.0" in text
    assert 'gallery_requests_total{endpoint="api.upload_images",method="POST",status="202"} 1.0' in text


def test_metrics_tell_what_the_model_server_and_the_searches_do(client: FlaskClient) -> None:
    upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2)))
    text = client.get("/metrics").text
    assert "gallery_oldest_pending_seconds 0.0" in text
    for index in ("labels", "embeddings", "objects", "layouts"):
        assert f'gallery_indexed_photos{{index="{index}"}} 2.0' in text
    assert 'gallery_inference_seconds_bucket{le="+Inf"}' in text
    assert 'gallery_inference_batch_size_bucket{le="1.0"}' in text
    assert 'gallery_inference_calls_total{ending="ok"}' in text
    assert 'gallery_breaker_state{state="closed"} 1.0' in text
    assert "gallery_watchers 0.0" in text
    assert "gallery_neighbours_waiting" in text
    assert float(text.partition("\ngallery_file_commits_total ")[2].split()[0]) >= 2


def test_metrics_tell_how_long_photos_wait_and_that_the_breaker_is_open(
    client: FlaskClient, fake_client: FakeModelClient
) -> None:
    fake_client.fault = Fault.DEAD
    upload(client, ("a.jpg", drawn_photo(1)))
    wait_until(lambda: 'gallery_breaker_state{state="open"} 1.0' in client.get("/metrics").text, what="the breaker")
    text = client.get("/metrics").text
    assert float(text.partition("\ngallery_oldest_pending_seconds ")[2].split()[0]) > 0
    assert 'gallery_inference_calls_total{ending="model_server_unavailable"}' in text


def test_unknown_methods_and_addresses_make_no_new_counters(client: FlaskClient) -> None:
    for number in range(5):
        client.open(f"/no-such-page-{number}", method="GET")
        client.open("/", method=f"ODD{number}")
    text = client.get("/metrics").text
    assert "no-such-page" not in text
    assert "ODD" not in text
