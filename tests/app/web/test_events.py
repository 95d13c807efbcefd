"""Server-sent events: what changes in the gallery is told while it happens."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.inference.fake import FakeModelClient
from app.services import live_changes
from app.services.gallery import Gallery
from app.settings import Settings
from tests.app.cli.processes import serve
from tests.app.web.api_calls import API, upload
from tests.photos import drawn_photo

Event = tuple[str, dict[str, Any]]


def events_in(chunks: Iterator[Any]) -> Iterator[Event]:
    """Yield the name and the data of each event."""
    lines = (line for chunk in chunks for line in _text(chunk).splitlines())
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _text(chunk: Any) -> str:
    return chunk.decode() if isinstance(chunk, bytes) else str(chunk)


def watch(client: FlaskClient) -> TestResponse:
    """Begin to watch."""
    answer = client.get(f"{API}/events", buffered=False)
    assert answer.mimetype == "text/event-stream"
    return answer


def states_told(events: Iterator[Event], photo_id: str, last: str) -> list[str]:
    """Return the states that are told of a photo, up to `last`."""
    states: list[str] = []
    while last not in states:
        name, data = next(events)
        if name == "photos":
            states += [item["state"] for item in data["items"] if item["id"] == photo_id]
    return states


def test_a_watcher_is_told_how_the_gallery_is_and_how_far_a_photo_comes(client: FlaskClient) -> None:
    with watch(client) as answer:
        events = events_in(iter(answer.response))
        name, situation = next(events)
        assert name == "gallery"
        assert (situation["photos"], situation["pending_jobs"]) == (0, 0)
        (item,) = upload(client, ("a.jpg", drawn_photo(1))).json["items"]  # type: ignore[index]
        assert states_told(events, item["id"], "ready")[-1] == "ready"


def test_a_failure_comes_with_its_reason(client: FlaskClient, fake_client: FakeModelClient) -> None:
    fake_client.rejects = lambda image: bool(image.any())
    with watch(client) as answer:
        events = events_in(iter(answer.response))
        upload(client, ("a.jpg", drawn_photo(1)))
        failed = next(
            item for name, data in events if name == "photos" for item in data["items"] if item["state"] == "failed"
        )
        assert "refused the input" in failed["error"]


def test_a_deletion_is_told_as_a_reason_to_ask_anew(client: FlaskClient) -> None:
    (item,) = upload(client, ("a.jpg", drawn_photo(1))).json["items"]  # type: ignore[index]
    with watch(client) as answer:
        events = events_in(iter(answer.response))
        next(events)
        client.delete(f"{API}/images/{item['id']}")
        assert next(data["many"] for name, data in events if name == "photos" and data["many"]) is True


def test_of_too_many_watchers_the_one_that_came_first_ends(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_changes, "MOST_WATCHERS", 1)
    with watch(client) as first, watch(client) as second:
        later = events_in(iter(second.response))
        assert next(later)[0] == "gallery"
        told = [name for name, _ in events_in(iter(first.response))]
        assert told == ["gallery"], "what it was told when it began, and then the end"
        upload(client, ("a.jpg", drawn_photo(1)))
        assert next(later)[0] in ("gallery", "photos")


def test_closing_the_gallery_ends_what_is_watched(client: FlaskClient, fake_gallery: Gallery) -> None:
    with watch(client) as answer:
        events = events_in(iter(answer.response))
        next(events)
        fake_gallery.changes.stop()
        assert list(events) == []


def test_the_real_server_tells_at_once(live_gallery: str) -> None:
    with requests.get(f"{live_gallery}{API}/events", stream=True, timeout=30) as answer:
        events = events_in(answer.iter_lines())
        next(events)
        sent = requests.post(f"{live_gallery}{API}/images", files={"file": ("e.jpg", drawn_photo(4711))}, timeout=30)
        photo_id = sent.json()["items"][0]["id"]
        assert states_told(events, photo_id, "ready")[-1] == "ready"


def test_a_page_that_watches_does_not_hold_up_the_end(real_settings: Settings, tmp_path: Path) -> None:
    with (
        serve(real_settings, tmp_path) as running,
        requests.get(f"{running.url()}{API}/events", stream=True, timeout=30) as answer,
    ):
        next(events_in(answer.iter_lines()))
        asked_s = time.monotonic()
        running.process.terminate()
        running.process.wait(30)
        assert time.monotonic() - asked_s < 4, "gunicorn gives requests in hand 5 s"
