import re
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain import PhotoState
from app.inference.fake import FakeModelClient, Fault
from app.services.gallery import Gallery
from app.services.library import Upload
from tests.photos import drawn_photo
from tests.waiting import wait_until

PNG_START = b"\x89PNG\r\n\x1a\n"


def store(gallery: Gallery, name: str = "shapes.jpg", seed: int = 0) -> str:
    """Upload a drawn photo; return its id once it is searchable."""
    [result] = gallery.library.upload([Upload(name, drawn_photo(seed))])
    assert result.photo is not None
    photo_id = result.photo.id
    wait_until(lambda: gallery.library.details(photo_id).photo.state is PhotoState.READY, what="the photo's features")
    return photo_id


def post_files(client: FlaskClient, address: str, *files: tuple[bytes, str], **fields: str) -> TestResponse:
    parts = [(BytesIO(data), name) for data, name in files]
    return client.post(address, data={"file": parts, **fields}, content_type="multipart/form-data")


def test_an_empty_gallery_shows_what_to_do(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "Drop your photos here" in page
    assert '<form class="dropzone" action="/upload" method="post" enctype="multipart/form-data"' in page


def test_the_gallery_shows_the_newest_first_with_shape_and_colour(client: FlaskClient, fake_gallery: Gallery) -> None:
    ids = [store(fake_gallery, seed=seed) for seed in range(3)]
    page = client.get("/").text
    assert re.findall(r'data-photo-id="(\w+)"', page) == ids[::-1]
    assert page.count('data-ratio="1.3333"') == 3
    assert len(re.findall(r'data-colour="#[0-9a-f]{6}"', page)) == 3
    assert f"/api/v1/images/{ids[0]}/thumbnail?size=256 256w" in page


def test_older_photos_are_reached_by_a_plain_link(
    client: FlaskClient, fake_gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store(fake_gallery, seed=seed) for seed in range(3)]
    monkeypatch.setattr("app.web.pages.PAGE_PHOTOS", 2)
    first = client.get("/").text
    [older] = re.findall(r'href="([^"]+)" rel="next"', first)
    second = client.get(unescape(older)).text
    shown = re.findall(r'data-photo-id="(\w+)"', first) + re.findall(r'data-photo-id="(\w+)"', second)
    assert shown == ids[::-1]
    assert "data-older" not in second


def test_newer_photos_are_reached_as_well(
    client: FlaskClient, fake_gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        store(fake_gallery, seed=seed)
    monkeypatch.setattr("app.web.pages.PAGE_PHOTOS", 2)
    page = client.get("/?first=4").text
    assert re.findall(r'href="([^"]+)" rel="prev"', page) == ["/?first=2"]
    assert 'rel="next"' not in page
    assert client.get("/?first=-1").status_code == client.get("/?first=two").status_code == 400
    assert client.get("/?first=99").status_code == 200


def test_photos_stand_under_their_months(client: FlaskClient, fake_gallery: Gallery) -> None:
    store(fake_gallery)
    month = f"{datetime.now(UTC):%B %Y}"
    assert f'<h2 class="month__title">{month}</h2>' in client.get("/").text


def test_the_gallery_of_a_label_has_a_timeline_of_its_own(client: FlaskClient, fake_gallery: Gallery) -> None:
    store(fake_gallery)
    label = fake_gallery.library.details(fake_gallery.library.page().photos[0].id).objects[0].label
    page = unescape(client.get("/", query_string={"label": label}).text)
    query = urlencode({"label": label})
    assert f'data-outline="/api/v1/timeline?{query}"' in page
    assert page.count('<li class="tile" data-photo-id') == 1


def test_several_photos_are_searched_with(client: FlaskClient, fake_gallery: Gallery) -> None:
    first, second, third = (store(fake_gallery, seed=seed) for seed in range(3))
    page = client.get(f"/search/similar?ids={first},{second}").text
    assert "Like these 2 photos" in page
    assert re.findall(r'class="tile tile--hit" data-photo-id="(\w+)"', page) == [third]
    assert f"/search/similar?ids={first},{second}&amp;method=layout" in page


def test_a_search_with_no_photo_or_with_one_that_is_gone_says_so(client: FlaskClient) -> None:
    assert client.get("/search/similar").status_code == 400
    assert client.get("/search/similar?ids=odd").status_code == 404
    assert client.get(f"/search/similar?ids={'0' * 32}").status_code == 404


def test_a_photo_that_waits_carries_a_badge(
    client: FlaskClient, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    fake_client.fault = Fault.DEAD
    fake_gallery.library.upload([Upload("shapes.jpg", drawn_photo())])
    page = client.get("/").text
    assert re.search(r'class="badge badge--(stored|processing)"', page)
    wait_until(lambda: "banner--shown" in client.get("/").text, 10, "the line that says why")


def test_a_name_is_shown_as_text_whatever_it_holds(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery, name='"><script>alert(1)<b>.jpg')
    for address in ("/", f"/photos/{photo_id}"):
        page = client.get(address).text
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_an_upload_by_form_leads_to_what_became_of_each_file(client: FlaskClient) -> None:
    answer = post_files(client, "/upload", (drawn_photo(), "good.jpg"), (b"no picture", "bad.jpg"))
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert re.search(r'href="/photos/[0-9a-f]{32}">good\.jpg</a>', page)
    assert '<span class="outcome__name">bad.jpg</span>' in page
    assert "1 of 2 not taken" in page


def test_a_second_upload_of_a_photo_says_so(client: FlaskClient) -> None:
    post_files(client, "/upload", (drawn_photo(), "one.jpg"))
    answer = post_files(client, "/upload", (drawn_photo(), "two.jpg"))
    assert "Already in the gallery" in client.get(answer.location).text


def test_an_upload_without_a_file_says_so(client: FlaskClient) -> None:
    answer = client.post("/upload", data={}, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert "No file was chosen" in answer.text


def test_an_unknown_receipt_leads_to_the_gallery(client: FlaskClient) -> None:
    answer = client.get("/upload/unknown")
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_search_shows_scores_and_reasons(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery)
    label = fake_gallery.library.details(fake_gallery.library.page().photos[0].id).objects[0].label
    page = client.get("/search", query_string={"q": f'"{label}"'}).text
    assert f'href="/photos/{photo_id}"' in page
    assert re.search(r'class="score">\d\.\d\d<', page)
    assert re.search(rf"{label}, [\w ]+ \d\.\d\d", unescape(page))


def test_an_empty_search_leads_to_the_gallery(client: FlaskClient) -> None:
    assert client.get("/search?q=+").location == "/"


def test_unknown_words_come_with_near_ones_as_links(client: FlaskClient, fake_gallery: Gallery) -> None:
    store(fake_gallery)
    answer = client.get("/search?q=dgo")
    assert answer.status_code == 422
    assert re.search(r'Instead of <strong>dgo</strong>, try\s+<a class="chip" href="/search\?q=\w+">', answer.text)


def test_a_malformed_query_is_marked_at_the_place(client: FlaskClient) -> None:
    answer = client.get("/search", query_string={"q": 'dog "cat'})
    assert answer.status_code == 400
    assert '<code>dog <mark>"</mark>cat</code>' in unescape(answer.text)


def test_a_query_of_ten_thousand_characters_is_refused_briefly(client: FlaskClient) -> None:
    answer = client.get("/search", query_string={"q": "cat " * 2500})
    assert answer.status_code == 400
    assert "problem" in answer.text


@pytest.mark.parametrize("address", ["/?state=odd", "/search?q=cat&mode=odd", f"/photos/{'0' * 32}?method=odd"])
def test_a_value_that_cannot_be_is_a_bad_request(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert "is one of" in unescape(answer.text)


def test_a_photo_page_draws_boxes_in_the_pictures_pixels(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery)
    page = client.get(f"/photos/{photo_id}").text
    assert '<svg class="boxes" viewBox="0 0 320 240"' in page
    assert 'x="0.0" y="0.0" width="320.0" height="240.0"' in page
    assert "320 \N{MULTIPLICATION SIGN} 240 pixels" in page
    assert f'href="/api/v1/images/{photo_id}/file" download="shapes.jpg"' in page


@pytest.mark.parametrize("method", ["embedding", "ssd", "layout", "hybrid"])
def test_a_photo_page_shows_similar_ones_by_each_method(
    client: FlaskClient, fake_gallery: Gallery, method: str
) -> None:
    photo_id, other = store(fake_gallery, seed=1), store(fake_gallery, seed=2)
    page = client.get(f"/photos/{photo_id}?method={method}").text
    assert re.search(rf'href="/photos/{photo_id}\?method={method}#similar" aria-current="true"', page)
    assert f'<li class="tile tile--hit" data-photo-id="{photo_id}"' not in page
    if method == "embedding":
        assert f'<li class="tile tile--hit" data-photo-id="{other}"' in page


def test_a_failed_photo_tells_why_and_is_tried_again(
    client: FlaskClient, fake_gallery: Gallery, fake_client: FakeModelClient
) -> None:
    fake_client.rejects = lambda image: bool(image.any())
    [result] = fake_gallery.library.upload([Upload("odd.jpg", drawn_photo())])
    assert result.photo is not None
    photo_id = result.photo.id
    state = lambda: fake_gallery.library.details(photo_id).photo.state  # noqa: E731
    wait_until(lambda: state() is PhotoState.FAILED, what="the failure")
    page = client.get(f"/photos/{photo_id}").text
    assert "as the test wants it" in page
    assert "Similar photos appear here once this one is searchable" in page
    assert "odd.jpg" in client.get("/?state=failed").text
    fake_client.rejects = lambda image: False
    assert client.post(f"/photos/{photo_id}/retry").status_code == 303
    wait_until(lambda: state() is PhotoState.READY, what="the second try")


def test_a_deleted_photo_is_gone(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery)
    answer = client.post(f"/photos/{photo_id}/delete")
    assert answer.status_code == 303
    assert "The photo is deleted." in client.get(answer.location).text
    assert client.get(f"/photos/{photo_id}").status_code == 404


def test_search_by_photo_finds_the_same_one_first(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery, seed=1)
    store(fake_gallery, seed=2)
    answer = post_files(client, "/search/photo", (drawn_photo(1), "mine.jpg"), method="embedding")
    assert answer.status_code == 200
    assert "Like mine.jpg" in answer.text
    assert re.findall(r'data-photo-id="(\w+)"', answer.text)[0] == photo_id
    assert fake_gallery.library.page().total == 2


def test_search_by_photo_says_what_is_wrong(client: FlaskClient, fake_client: FakeModelClient) -> None:
    assert client.get("/search/photo").status_code == 200
    assert client.post("/search/photo", data={}, content_type="multipart/form-data").status_code == 400
    assert post_files(client, "/search/photo", (b"no picture", "bad.jpg")).status_code == 415
    fake_client.fault = Fault.DEAD
    answer = post_files(client, "/search/photo", (drawn_photo(), "good.jpg"))
    assert answer.status_code == 503
    assert '<p class="problem" role="alert">' in answer.text


def test_the_status_page_has_a_panel_for_each_part(client: FlaskClient) -> None:
    page = client.get("/status").text
    for name in ("Photos", "Model server", "Gallery file", "Models", "Search", "Memory"):
        assert re.search(rf"<h2[^>]*>{name}</h2>", page), name


@pytest.mark.parametrize("address", ["/nothing", "/photos/nothing", f"/photos/{'0' * 32}"])
def test_an_unknown_address_is_a_page_with_advice(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert "It may have been deleted" in answer.text


def test_no_page_holds_inline_script_or_style(client: FlaskClient, fake_gallery: Gallery) -> None:
    photo_id = store(fake_gallery)
    for address in ("/", "/upload", "/search?q=cat", f"/photos/{photo_id}", "/search/photo", "/status", "/nothing"):
        page = client.get(address).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), address
        assert not re.search(r"<script(?![^>]*(?:\ssrc=|\stype=.application/json))", page), address
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), address
