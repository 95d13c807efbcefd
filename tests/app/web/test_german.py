"""The pages in German: also what the parts beneath them say."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app.inference.fake import FakeModelClient
from tests.app.web.api_calls import API, error_of, state_of, upload, upload_ready
from tests.photos import drawn_photo
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("address", "german"),
    [
        ("/photos/nonsense", "Kein Foto hat die Kennung"),
        ("/nowhere", "Unter dieser Adresse ist nichts."),
        ("/search?q=dog+colour%3Ablurple", "keine Farbe, die die Suche kennt"),
        ("/search?q=%22dog", "Dieses Anführungszeichen wird nicht geschlossen."),
        ("/search?q=zzqqx", "ist kein Wort, das die Galerie kennt"),
        ("/search?q=is%3Alandscape", "Querformat, 320 \N{MULTIPLICATION SIGN} 240 Pixel"),
        ("/search/layout?boxes=[]&lang=de", "Setze"),
        ("/?state=great", "nur eines von"),
    ],
)
def test_what_a_page_shows_is_german(client: FlaskClient, address: str, german: str) -> None:
    upload_ready(client, ("a.jpg", drawn_photo(1)))
    assert german in client.get(address, headers={"Accept-Language": "de"}).text


def test_reasons_of_refused_and_failed_files_are_german(client: FlaskClient, fake_client: FakeModelClient) -> None:
    client.set_cookie("lang", "de")
    answer = client.post("/upload", data={"file": [(BytesIO(b"just words"), "notes.jpg")]})
    assert "Die Datei enthält Text und kein Bild" in client.get(answer.location).text
    fake_client.rejects = lambda image: bool(image.any())
    (item,) = upload(client, ("a.jpg", drawn_photo(1))).json["items"]  # type: ignore[index]
    wait_until(lambda: state_of(client, item["id"]) == "failed", what="a failed photo")
    for address in ("/status", f"/photos/{item['id']}"):
        assert "hat das Bild abgelehnt" in client.get(address).text


def test_the_api_stays_english(client: FlaskClient) -> None:
    answer = client.get(f"{API}/images/nonsense", headers={"Accept-Language": "de"})
    assert error_of(answer)["message"].startswith("No photo has the id")
