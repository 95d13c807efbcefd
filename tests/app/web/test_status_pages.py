"""The status page without scripts, the demo photos, and the manifest."""

import re
from pathlib import Path

from flask.testing import FlaskClient
from PIL import Image

from app.domain import PhotoState
from app.inference.fake import FakeModelClient
from app.services.demo import FOLDER
from app.services.gallery import Gallery
from app.services.library import Upload
from app.services.process_memory import resident_bytes
from app.settings import ROOT, Settings
from tests.app.web.api_calls import json_of
from tests.photos import drawn_photo
from tests.waiting import wait_until


def failed_photos(gallery: Gallery, client: FakeModelClient, count: int) -> None:
    client.rejects = lambda image: bool(image.any())
    gallery.library.upload([Upload(f"photo-{seed}.jpg", drawn_photo(seed)) for seed in range(count)])
    wait_until(lambda: gallery.status.store_info().by_state.get(PhotoState.FAILED) == count, what="failed photos")
    client.rejects = lambda image: False


def test_failed_photos_are_named_with_their_reasons_and_tried_again(
    client: FlaskClient, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    failed_photos(fake_gallery, fake_client, 2)
    page = client.get("/status").text
    assert "2 photos failed" in page
    assert page.count('class="failure__reason"') == 2
    assert client.post("/status/retry").headers["Location"] == "/status"
    ready = 'count--ready"><dt>Searchable</dt><dd class="number">2<'
    wait_until(lambda: ready in client.get("/status").text, what="searchable photos")
    assert "failure__reason" not in client.get("/status").text


def test_one_failed_photo_is_tried_again(
    client: FlaskClient, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    failed_photos(fake_gallery, fake_client, 2)
    photo_id = re.search(r'name="id" value="(\w+)"', client.get("/status").text)
    assert photo_id is not None
    client.post("/status/retry", data={"id": photo_id[1]})
    wait_until(lambda: "1 photo failed" in client.get("/status").text, what="one failed photo")


def test_the_file_is_looked_after_and_the_page_says_what_came_of_it(client: FlaskClient, settings: Settings) -> None:
    for kind, text in (
        ("verify", "all is as it was stored"),
        ("compact", "given back"),
        ("backup", "Copied to gallery-"),
    ):
        assert client.post(f"/status/{kind}").headers["Location"] == "/status"
        wait_until(lambda text=text: text in client.get("/status").text, what=text)  # type: ignore[misc]
    assert len(list(settings.data.parent.glob("gallery-*.h5"))) == 1
    assert client.post("/status/destroy").status_code == 404


def test_the_page_speaks_german(client: FlaskClient, fake_gallery: Gallery, fake_client: FakeModelClient) -> None:
    failed_photos(fake_gallery, fake_client, 1)
    client.post("/status/verify")
    wait_until(lambda: "alles ist, wie es gespeichert wurde" in client.get("/status?lang=de").text, what="the result")
    page = client.get("/status?lang=de").text
    assert "1 Foto ist gescheitert" in page
    assert "Arbeitsspeicher" in page


def test_memory_is_that_of_this_process(client: FlaskClient) -> None:
    assert 10_000_000 < resident_bytes() < 64_000_000_000
    assert re.search(r"The gallery takes [\d.,]+ MB of memory", client.get("/status").text)


def test_an_empty_gallery_offers_photos_and_takes_them(client: FlaskClient) -> None:
    assert 'action="/demo"' in client.get("/").text
    assert client.post("/demo").headers["Location"] == "/"
    names = {item["name"] for item in json_of(client.get("/api/v1/images"))["items"]}
    assert names == {file.name for file in FOLDER.glob("*.jpg")}
    assert 'action="/demo"' not in client.get("/").text
    client.post("/demo")
    assert json_of(client.get("/api/v1/images"))["total"] == len(names) == 9


def test_each_demo_photo_has_its_maker_and_licence_named() -> None:
    licences = (FOLDER / "README.md").read_text()
    for file in FOLDER.glob("*.jpg"):
        assert re.search(rf"\| `{file.name}` \|.*\| (\[?CC|public domain)", licences), file.name


def test_browsers_can_install_the_gallery(client: FlaskClient) -> None:
    assert '<link rel="manifest" href="/manifest.webmanifest"' in client.get("/").text
    answer = client.get("/manifest.webmanifest?lang=de")
    found = json_of(answer)
    assert answer.mimetype == "application/manifest+json"
    assert (found["short_name"], found["lang"], found["start_url"]) == ("Galerie", "de", "/")
    for icon in found["icons"][1:]:
        with Image.open(Path(ROOT, icon["src"].lstrip("/"))) as picture:
            assert "{}x{}".format(*picture.size) == icon["sizes"]
    for shortcut in found["shortcuts"]:
        assert client.get(shortcut["url"]).status_code == 200
