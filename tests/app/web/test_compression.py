import gzip

import pytest
from flask.testing import FlaskClient

from tests.app.web.api_calls import API, upload_ready
from tests.photos import drawn_photo

ACCEPT = {"Accept-Encoding": "gzip, br"}


@pytest.mark.parametrize("address", ["/", "/static/css/base.css", "/static/js/main.js", "/openapi.json"])
def test_texts_are_compressed_where_the_caller_can_read_it(client: FlaskClient, address: str) -> None:
    plain, squeezed = (client.get(address, headers=headers, buffered=True) for headers in ({}, ACCEPT))
    assert "Content-Encoding" not in plain.headers
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert squeezed.content_length == len(squeezed.data) < len(plain.data)
    assert gzip.decompress(squeezed.data) == plain.data
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in squeezed.vary


def test_a_compressed_file_that_is_known_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/static/css/base.css", headers=ACCEPT, buffered=True)
    known = ACCEPT | {"If-None-Match": first.headers["ETag"]}
    again = client.get("/static/css/base.css", headers=known, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


def test_pictures_and_short_answers_are_sent_as_they_are(client: FlaskClient) -> None:
    [photo_id] = upload_ready(client, ("a.jpg", drawn_photo()))
    for address in (f"{API}/images/{photo_id}/file", f"{API}/images/{photo_id}/thumbnail", f"{API}/images/nothing"):
        assert "Content-Encoding" not in client.get(address, headers=ACCEPT, buffered=True).headers
