"""`POST /api/v1/images/from-url`: what the web service fetched becomes a photo, and refusals are told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.services.gallery import Gallery
from app.services.web_photos import WebPhotos
from app.settings import Settings
from tests.app.services.web_server import WebServer, loopback_addresses, web_server
from tests.app.web.api_calls import json_of
from tests.conftest import make_client
from tests.photos import drawn_photo

ADDRESS = "/api/v1/images/from-url"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


@pytest.fixture
def web_client(settings: Settings, fake_gallery: Gallery) -> FlaskClient:
    """Return a client of a gallery that takes loopback for the web."""
    web_photos = WebPhotos(100_000, loopback_addresses(photos=["127.0.0.1"]))
    return make_client(settings, replace(fake_gallery, web_photos=web_photos))


def test_a_photo_by_address_is_stored(web_client: FlaskClient, web: WebServer) -> None:
    web.pages["/boat.jpg"] = photo = drawn_photo()
    answer = web_client.post(ADDRESS, json={"url": web.url("/boat.jpg")})
    assert answer.status_code == 202
    (item,) = json_of(answer)["items"]
    assert (item["filename"], item["duplicate"]) == ("boat.jpg", False)
    assert web_client.get(f"/api/v1/images/{item['id']}/file").data == photo


def test_what_is_no_photo_is_refused(web_client: FlaskClient, web: WebServer) -> None:
    web.pages |= {"/page.jpg": b"<html>", "/big.jpg": bytes(100_001)}
    refusals = {
        "/page.jpg": (400, "unsupported_image"),
        "/big.jpg": (413, "upload_too_large"),
        "/none": (502, "download_failed"),
    }
    for path, (status, code) in refusals.items():
        answer = web_client.post(ADDRESS, json={"url": web.url(path)})
        assert (answer.status_code, json_of(answer)["error"]["code"]) == (status, code)


def test_addresses_inside_are_refused_by_a_gallery_as_it_is_run(client: FlaskClient, web: WebServer) -> None:
    web.pages["/boat.jpg"] = drawn_photo()
    answer = client.post(ADDRESS, json={"url": f"http://127.0.0.1:{web.port}/boat.jpg"})
    assert (answer.status_code, json_of(answer)["error"]["code"]) == (400, "bad_address")
    assert web.asked == []
