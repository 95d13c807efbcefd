"""Bad input gets its own clear 4xx, one line in the log, and costs nothing else."""

import logging
import struct
import zlib

import pytest
import requests
from flask.testing import FlaskClient

from app import create_app
from app.services.gallery import Gallery
from app.settings import Settings
from tests.app.web.api_calls import API, error_of, json_of, upload
from tests.photos import drawn_photo

MIB = 1024 * 1024


def huge_png(side: int = 30_000) -> bytes:
    """Return a PNG of side x side grey pixels that is about 100 kB long."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def empty_gif() -> bytes:
    """Return a GIF whose screen and frame are 0 x 0 pixels."""
    return (
        b"GIF89a" + struct.pack("<HHBBB", 0, 0, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 0, 0, 0) + b"\x02\x00;"
    )


BAD_FILES = {
    "empty.jpg": (b"", "unsupported_image", "empty"),
    "words.jpg": (b"These are words, not a picture.", "unsupported_image", "text"),
    "cut.jpg": (drawn_photo(1)[:2000], "unsupported_image", ""),
    "huge.png": (huge_png(), "image_too_large", "30,000"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_image", "SVG"),
    "nothing.gif": (empty_gif(), "unsupported_image", ""),
    "../../etc/passwd.jpg": (drawn_photo(1), "bad_file_name", ""),
    "bell\x07.jpg": (drawn_photo(1), "bad_file_name", ""),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_clearly_and_changes_nothing(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    data, code, hint = BAD_FILES[name]
    with caplog.at_level(logging.INFO, logger="app.web.error_pages"):
        answer = upload(client, (name, data))
    assert 400 <= answer.status_code < 500
    error = error_of(answer)
    assert error["code"] == code
    assert hint in error["message"]
    assert len(caplog.records) == 1
    assert "\n" not in caplog.records[0].getMessage()
    assert json_of(client.get(f"{API}/images"))["total"] == 0


def test_the_huge_picture_is_really_small_on_the_wire() -> None:
    assert len(huge_png()) < 200_000


def test_an_upload_over_the_limit_is_refused_and_its_neighbour_stored(live_gallery: str) -> None:
    too_long = drawn_photo(901) + bytes(60 * MIB)
    url = f"{live_gallery}{API}/images"
    alone = requests.post(url, files={"file": ("long.jpg", too_long)}, timeout=60)
    assert alone.status_code == 413
    assert alone.json()["error"]["code"] == "upload_too_large"
    assert "52,428,800" in alone.json()["error"]["message"]
    files = [("file", ("long.jpg", too_long)), ("file", ("fine.jpg", drawn_photo(902)))]
    both = requests.post(url, files=files, timeout=60)
    assert both.status_code == 202
    refused, stored = both.json()["items"]
    assert refused["error"]["code"] == "upload_too_large"
    requests.delete(f"{url}/{stored['id']}", timeout=60).raise_for_status()


def test_the_limit_is_a_setting(settings: Settings, fake_gallery: Gallery) -> None:
    application = create_app(Settings(data=settings.data, max_upload_bytes=1000), fake_gallery)
    answer = upload(application.test_client(), ("a.jpg", drawn_photo(1) + bytes(20_000)))
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "upload_too_large"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{API}/search?q=" + "cat " * 2500, 400, "bad_query"),
        (f"{API}/search?q=", 400, "bad_query"),
        (f"{API}/search", 400, "bad_parameter"),
        (f"{API}/search?q=cat&mode=psychic", 400, "bad_parameter"),
        (f"{API}/images?limit=-1", 400, "bad_parameter"),
        (f"{API}/images?limit=0", 400, "bad_parameter"),
        (f"{API}/images?limit=many", 400, "bad_parameter"),
        (f"{API}/images?limit=100000", 400, "bad_parameter"),
        (f"{API}/images?cursor=../../x", 400, "bad_parameter"),
        (f"{API}/images?state=sleeping", 400, "bad_parameter"),
        (f"{API}/images/{'0' * 32}", 404, "photo_not_found"),
        (f"{API}/images/{'0' * 32}/file", 404, "photo_not_found"),
        (f"{API}/images/{'0' * 32}/thumbnail", 404, "photo_not_found"),
        (f"{API}/images/{'0' * 32}/similar", 404, "photo_not_found"),
        (f"{API}/images/not-an-id", 404, "photo_not_found"),
        (f"{API}/images/{'0' * 32}/similar?method=magic", 400, "bad_parameter"),
        (f"{API}/images/{'0' * 32}/thumbnail?size=-5", 400, "bad_parameter"),
        (f"{API}/no-such-call", 404, "not_found"),
    ],
)
def test_a_bad_request_is_refused_clearly(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, status: int, code: str
) -> None:
    with caplog.at_level(logging.INFO, logger="app.web.error_pages"):
        answer = client.get(path)
    assert answer.status_code == status
    error = error_of(answer)
    assert error["code"] == code
    assert error["message"]
    assert len(caplog.records) == 1
    assert len(caplog.records[0].getMessage()) < 1000


def test_an_unexpected_fault_tells_nothing_of_the_inside(
    client: FlaskClient, fake_gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(type(fake_gallery.library), "page", fail)
    answer = client.get(f"{API}/images")
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "internal_error"
    assert "secret" not in answer.text
