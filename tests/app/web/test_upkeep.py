"""Upkeep over HTTP: begun at once, done in the background, and told by one list."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.services.gallery import Gallery
from app.settings import Settings
from app.store.hdf5 import Hdf5Store
from tests.app.store.photos import damage
from tests.app.web.api_calls import API, error_of, json_of, upload_ready
from tests.photos import drawn_photo
from tests.waiting import wait_until

UPKEEP = f"{API}/upkeep"


def tasks(client: FlaskClient) -> list[dict[str, Any]]:
    """Return all tasks that are told of, the newest first."""
    items: list[dict[str, Any]] = json_of(client.get(UPKEEP))["items"]
    return items


def ended(client: FlaskClient, call: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    """Begin a task, wait until it has ended, and return it."""
    answer = client.post(f"{UPKEEP}/{call}", json=body)
    assert answer.status_code == 202, answer.text
    task_id = json_of(answer)["id"]

    def task() -> dict[str, Any]:
        return next(task for task in tasks(client) if task["id"] == task_id)

    wait_until(lambda: task()["state"] in ("done", "failed"), what=f"the end of {call}")
    return task()


def test_nothing_was_done_at_first(client: FlaskClient) -> None:
    assert json_of(client.get(UPKEEP)) == {"items": [], "next_cursor": None, "total": 0}


def test_a_whole_file_verifies(client: FlaskClient) -> None:
    data = drawn_photo(1)
    upload_ready(client, ("a.jpg", data), ("b.jpg", drawn_photo(2)))
    task = ended(client, "verify")
    assert (task["kind"], task["state"], task["done"], task["of"]) == ("verify", "done", 2, 2)
    result = task["result"]
    assert result.pop("checked_bytes") > len(data)
    assert result == {"whole": True, "photos": 2, "queued": 0, "mended": 0, "damages": []}


def test_what_is_left_of_a_damaged_photo_is_sent_only_if_asked_for(client: FlaskClient, settings: Settings) -> None:
    data = drawn_photo(1)
    (photo_id,) = upload_ready(client, ("a.jpg", data))
    path = f"{API}/images/{photo_id}/file"
    assert client.get(path, query_string={"damaged": "true"}).data == data
    damage(settings.data, data, [700])
    answer = client.get(path)
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "photo_damaged"
    assert "a.jpg" in error_of(answer)["message"]
    left = client.get(path, query_string={"damaged": "true"})
    assert left.status_code == 200
    assert left.headers["Cache-Control"] == "no-store"
    assert left.data == data[:700] + bytes([data[700] ^ 0x55]) + data[701:]


def test_a_damaged_photo_is_named(client: FlaskClient, settings: Settings) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    damage(settings.data, drawn_photo(1), [700])
    result = ended(client, "verify")["result"]
    assert not result["whole"]
    assert result["damages"] == [
        {"id": photo_id, "name": "a.jpg", "part": "photo", "model": None, "recomputable": False}
    ]


def test_compacting_tells_what_came_of_it(client: FlaskClient) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    client.delete(f"{API}/images/{photo_id}")
    task = ended(client, "compact")
    assert task["state"] == "done"
    assert task["result"]["freed_bytes"] >= 0


def test_a_backup_lies_beside_the_gallery_file(client: FlaskClient, settings: Settings) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    task = ended(client, "backup", {"file": "copy.h5"})
    copy = settings.data.with_name("copy.h5")
    assert task["file"] == "copy.h5"
    assert task["result"] == {"file": "copy.h5", "size_bytes": copy.stat().st_size}
    store = Hdf5Store.open(copy, create=False)
    assert store.read_bytes(store.at(0).id) == drawn_photo(1)
    assert store.at(0).id == photo_id
    store.close()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".h5/",
        "../copy.h5",
        "/tmp/copy.h5",
        "folder/copy.h5",
        "folder\\copy.h5",
        "copy",
        "copy.txt",
        "copy\n.h5",
        "copy\0.h5",
        "\ud800.h5",
        "x" * 198 + ".h5",
    ],
)
def test_a_backup_goes_nowhere_else(client: FlaskClient, settings: Settings, name: str) -> None:
    answer = client.post(f"{UPKEEP}/backup", json={"file": name})
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "bad_file_name"
    assert tasks(client) == []


@pytest.mark.parametrize("name", ["gallery.h5", "taken.h5", "link.h5"])
def test_a_backup_never_replaces_anything(client: FlaskClient, settings: Settings, name: str) -> None:
    settings.data.with_name("taken.h5").write_text("mine")
    settings.data.with_name("link.h5").symlink_to("nowhere")
    answer = client.post(f"{UPKEEP}/backup", json={"file": name})
    assert answer.status_code == 400
    assert "exists already" in error_of(answer)["message"]
    assert settings.data.with_name("taken.h5").read_text() == "mine"


@pytest.mark.parametrize("body", [{}, {"file": 7}, {"file": "a.h5", "folder": "/tmp"}, ["a.h5"]])
def test_a_wrong_body_is_refused_clearly(client: FlaskClient, body: object) -> None:
    answer = client.post(f"{UPKEEP}/backup", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "bad_parameter"


def test_a_backup_that_fails_says_why(
    client: FlaskClient, fake_gallery: Gallery, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def take(name: str) -> Path:
        path = settings.data.with_name(name)
        path.write_text("mine")
        return path

    monkeypatch.setattr(fake_gallery.upkeep, "path_beside", take)
    task = ended(client, "backup", {"file": "late.h5"})
    assert task["state"] == "failed"
    assert set(task["error"]) == {"code", "message", "detail"}
    assert "exists already" in task["error"]["message"]
    assert settings.data.with_name("late.h5").read_text() == "mine"


def test_another_site_cannot_begin_anything(client: FlaskClient) -> None:
    for call in ("verify", "compact", "backup"):
        answer = client.post(f"{UPKEEP}/{call}", headers={"Origin": "http://evil.example"}, json={"file": "a.h5"})
        assert answer.status_code == 403
    assert tasks(client) == []
