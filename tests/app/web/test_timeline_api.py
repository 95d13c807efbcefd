from io import BytesIO
from zipfile import ZipFile

from flask.testing import FlaskClient

from tests.app.web.api_calls import API, error_of, json_of, upload_ready
from tests.photos import drawn_photo


def test_the_timeline_tells_where_each_photo_stands(client: FlaskClient) -> None:
    ids = upload_ready(client, ("flat.jpg", drawn_photo(1)), ("tall.jpg", drawn_photo(2, 240, 320)))
    outline = json_of(client.get(f"{API}/timeline"))
    assert outline["ratios"] == [750, 1333]
    assert [month["count"] for month in outline["months"]] == [outline["total"]] == [2]
    stretch = json_of(client.get(f"{API}/timeline/photos?limit=1&offset=1"))
    assert [item["id"] for item in stretch["items"]] == ids[:1]
    assert (stretch["version"], stretch["total"]) == (outline["version"], 2)
    assert stretch["items"][0]["day"].startswith(outline["months"][0]["month"])


def test_an_unchanged_timeline_is_not_sent_twice(client: FlaskClient) -> None:
    first = client.get(f"{API}/timeline")
    again = client.get(f"{API}/timeline", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    upload_ready(client, ("a.jpg", drawn_photo()))
    assert client.get(f"{API}/timeline", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_the_timeline_of_a_state_has_only_its_photos(client: FlaskClient) -> None:
    upload_ready(client, ("a.jpg", drawn_photo()))
    assert json_of(client.get(f"{API}/timeline?state=ready"))["total"] == 1
    assert json_of(client.get(f"{API}/timeline?state=failed"))["total"] == 0
    assert json_of(client.get(f"{API}/timeline/photos?state=failed"))["items"] == []
    assert client.get(f"{API}/timeline?label=nothing").status_code == 400


def test_photos_are_downloaded_in_a_zip(client: FlaskClient) -> None:
    ids = upload_ready(client, ("a.jpg", drawn_photo(1)), ("a.jpg", drawn_photo(2)))
    answer = client.post(f"{API}/images/zip", data={"ids": ",".join([*ids, "f" * 32])})
    assert answer.mimetype == "application/zip"
    assert answer.content_length == len(answer.data)
    assert answer.headers["Content-Disposition"] == "attachment; filename=photos.zip"
    with ZipFile(BytesIO(answer.data)) as file:
        assert {name: file.read(name) for name in file.namelist()} == {
            "a.jpg": drawn_photo(1),
            "a (2).jpg": drawn_photo(2),
        }


def test_a_zip_of_nothing_is_refused(client: FlaskClient) -> None:
    assert client.post(f"{API}/images/zip", data={}).status_code == 400
    answer = client.post(f"{API}/images/zip", data={"ids": "f" * 32})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "photo_not_found")
