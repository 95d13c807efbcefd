"""Saved searches over the JSON API: what they find is true whenever they are done."""

from typing import Any

import pytest
from flask.testing import FlaskClient

import app as gallery_package
from app.inference.fake import FakeModelClient
from app.services.gallery import Gallery
from app.settings import Settings
from tests.app.web.api_calls import API, error_of, item_ids, json_of, upload_ready
from tests.conftest import make_client
from tests.photos import drawn_photo


def save(client: FlaskClient, name: str, **search: Any) -> int:
    """Save a search; return its id."""
    answer = client.post(f"{API}/searches", json={"name": name, "search": search})
    assert answer.status_code == 201, answer.text
    return int(json_of(answer)["id"])


def found(client: FlaskClient, search_id: int) -> list[str]:
    """Do a saved search; return ids."""
    return item_ids(client.get(f"{API}/searches/{search_id}/results"))


def test_a_saved_search_finds_photos_that_came_later(client: FlaskClient) -> None:
    search_id = save(client, "  tall   ones ", q="is:portrait")
    assert found(client, search_id) == []
    (tall,) = upload_ready(client, ("a.jpg", drawn_photo(1, width=200, height=300)))
    assert found(client, search_id) == [tall]
    (saved,) = json_of(client.get(f"{API}/searches"))["items"]
    assert (saved["name"], saved["search"]) == ("tall ones", {"q": "is:portrait", "mode": "late"})


def test_examples_and_layouts_are_saved_too_and_forgotten_when_asked(client: FlaskClient) -> None:
    first, second = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2)))
    alike = save(client, "alike", examples=[{"id": first}], method="hybrid")
    placed = save(client, "placed", boxes=[{"label": "dog", "box": [0, 0, 1, 1]}])
    assert first not in found(client, alike)
    assert client.delete(f"{API}/searches/{placed}").status_code == 204
    assert client.get(f"{API}/searches/{placed}").status_code == 404
    assert error_of(client.get(f"{API}/searches/{placed}/results"))["code"] == "saved_search_not_found"
    client.delete(f"{API}/images/{first}")
    assert error_of(client.get(f"{API}/searches/{alike}/results"))["code"] == "photo_not_found"
    assert second in item_ids(client.get(f"{API}/images"))


def test_saved_searches_survive_a_restart(
    settings: Settings, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    search_id = save(make_client(settings, fake_gallery), "cats", q="cat -dog")
    fake_gallery.close()
    again = gallery_package.open_gallery(settings, fake_client)
    try:
        assert json_of(make_client(settings, again).get(f"{API}/searches/{search_id}"))["name"] == "cats"
    finally:
        again.close()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": " ", "search": {"q": "dog"}}, "name"),
        ({"name": "x" * 101, "search": {"q": "dog"}}, "name"),
        ({"name": "x", "search": {}}, "exactly one of"),
        ({"name": "x", "search": {"q": "dog>="}}, "digits"),
        ({"name": "x", "search": {"examples": [{"file": 0}]}}, "there are 0"),
        ({"name": "x", "search": {"boxes": [{"label": "unicorn", "box": [0, 0, 1, 1]}]}}, "unicorn"),
    ],
)
def test_what_could_not_be_done_is_not_saved(client: FlaskClient, body: dict[str, Any], named: str) -> None:
    answer = client.post(f"{API}/searches", json=body)
    assert answer.status_code == 400
    assert named in str(error_of(answer))
    assert json_of(client.get(f"{API}/searches"))["total"] == 0
