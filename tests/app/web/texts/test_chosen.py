import json
import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.web.texts import languages, texts_of
from tests.app.web.api_calls import upload_ready
from tests.photos import drawn_photo

ADDRESSES = ("/", "/upload", "/search?q=cat", "/search?q=dgo", "/search/photo", "/status", "/docs", "/nothing")


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_page_speaks_german(client: FlaskClient, address: str) -> None:
    english = client.get(address, headers={"Accept-Language": "en"}).text
    german = client.get(address, headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).text
    assert (language_of(english), language_of(german)) == ("en", "de")
    assert "Hochladen" in german
    assert "Hochladen" not in english


def test_a_photo_speaks_german(client: FlaskClient) -> None:
    [photo_id] = upload_ready(client, ("a.jpg", drawn_photo()))
    for address in (f"/photos/{photo_id}", f"/search/similar?ids={photo_id}", "/"):
        page = unescape(client.get(address, headers={"Accept-Language": "de"}).text)
        assert language_of(page) == "de"
        assert "Hochladen" in page
    assert "320 \N{MULTIPLICATION SIGN} 240 Pixel" in unescape(client.get(f"/photos/{photo_id}?lang=de").text)


@pytest.mark.parametrize("wish", ["fr", "xx-YY", "", "../de", "*"])
def test_an_unknown_language_falls_back_to_english(client: FlaskClient, wish: str) -> None:
    assert language_of(client.get("/", headers={"Accept-Language": wish}).text) == "en"
    assert language_of(client.get("/", query_string={"lang": wish}).text) == "en"


def test_a_language_once_chosen_stays(client: FlaskClient) -> None:
    answer = client.get("/search?q=cat&lang=de")
    assert language_of(answer.text) == "de"
    assert language_of(client.get("/").text) == "de"
    assert language_of(client.get("/?lang=en").text) == "en"
    assert language_of(client.get("/").text) == "en"


def test_every_language_is_offered_for_the_same_page(client: FlaskClient) -> None:
    page = client.get("/search?q=cat&mode=classic").text
    for code, name in languages().items():
        link = rf'href="\?q=cat&amp;mode=classic&amp;lang={code}"[^>]*>{name}</a>'
        assert re.search(link, page)


def test_caches_are_told_what_the_language_hangs_on(client: FlaskClient) -> None:
    answer = client.get("/?lang=de")
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)
    assert answer.headers["Content-Language"] == "de"


def test_scripts_get_their_texts_as_data(client: FlaskClient) -> None:
    page = client.get("/?lang=de").text
    found = re.search(r'<script type="application/json" id="texts">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert data["locale"] == "de-DE"
    assert data["texts"]["uploads.done"] == texts_of("de").t("js.uploads.done")
