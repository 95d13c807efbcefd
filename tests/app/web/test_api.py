"""The JSON API on a real file; the model server is the fake, its answers are other tests' matter."""

import hashlib
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.errors import StoreFull
from app.inference.fake import FakeModelClient, Fault
from app.services.gallery import Gallery
from app.store.hdf5 import Hdf5Store
from tests.app.web.api_calls import API, error_of, item_ids, json_of, state_of, upload, upload_ready
from tests.photos import drawn_photo, encoded
from tests.waiting import wait_until


def test_an_upload_is_accepted_and_becomes_ready(client: FlaskClient) -> None:
    data = drawn_photo(1)
    answer = upload(client, ("holiday.jpg", data))
    assert answer.status_code == 202
    (item,) = json_of(answer)["items"]
    assert item["id"] == hashlib.sha256(data).hexdigest()[:32]
    assert item["filename"] == "holiday.jpg"
    assert item["duplicate"] is False
    wait_until(lambda: state_of(client, item["id"]) == "ready")


def test_the_same_photo_twice_is_one_photo(client: FlaskClient) -> None:
    first = json_of(upload(client, ("a.jpg", drawn_photo(1))))["items"][0]
    second = json_of(upload(client, ("b.jpg", drawn_photo(1)), ("c.jpg", drawn_photo(2))))["items"]
    assert second[0]["id"] == first["id"]
    assert [item["duplicate"] for item in second] == [True, False]
    assert json_of(client.get(f"{API}/images"))["total"] == 2


def test_a_bad_file_never_sinks_the_others(client: FlaskClient) -> None:
    answer = upload(client, ("good.jpg", drawn_photo(1)), ("bad.jpg", b"just words"), ("fine.png", drawn_photo(2)))
    assert answer.status_code == 202
    items = json_of(answer)["items"]
    assert [item["filename"] for item in items] == ["good.jpg", "bad.jpg", "fine.png"]
    assert "id" in items[0]
    assert items[1]["error"]["code"] == "unsupported_image"
    assert "id" in items[2]


def test_an_upload_of_bad_files_only_is_refused_with_each_reason(client: FlaskClient) -> None:
    answer = upload(client, ("a.jpg", b""), ("../b.jpg", drawn_photo(1)))
    assert answer.status_code == 400
    items = error_of(answer)["detail"]["items"]
    assert [item["error"]["code"] for item in items] == ["unsupported_image", "bad_file_name"]


def test_the_original_bytes_come_back_unchanged_with_range_and_lasting_cache(client: FlaskClient) -> None:
    data = drawn_photo(1)
    (photo_id,) = item_ids(upload(client, ("a photo.jpg", data)))
    answer = client.get(f"{API}/images/{photo_id}/file")
    assert answer.data == data
    assert answer.mimetype == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    part = client.get(f"{API}/images/{photo_id}/file", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.data == data[10:20]
    again = client.get(f"{API}/images/{photo_id}/file", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("asked", "expected"), [(1, 256), (256, 256), (300, 512), (513, 1024), (4000, 1024)])
def test_thumbnails_are_webp_of_the_next_larger_size(client: FlaskClient, asked: int, expected: int) -> None:
    (photo_id,) = item_ids(upload(client, ("big.jpg", drawn_photo(1, width=1600, height=1200))))
    answer = client.get(f"{API}/images/{photo_id}/thumbnail?size={asked}")
    assert answer.mimetype == "image/webp"
    assert Image.open(BytesIO(answer.data)).size == (expected, expected * 3 // 4)


def test_a_photo_says_what_is_known_of_it(client: FlaskClient) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1, width=400, height=200)))
    details = json_of(client.get(f"{API}/images/{photo_id}"))
    assert (details["width"], details["height"], details["name"]) == (400, 200, "a.jpg")
    assert details["state"] == "ready"
    assert details["models"] == ["gallery_default"]
    assert len(details["tags"]) == 10
    for thing in details["objects"]:
        assert set(thing) == {"label", "class_id", "confidence", "box"}
        assert all(0 <= corner <= 1 for corner in thing["box"])


def test_exif_orientation_turns_the_picture_upright(client: FlaskClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    exif[0x0110] = "Camera X"
    data = encoded(Image.new("RGB", (80, 40), "red"), exif=exif)
    (photo_id,) = item_ids(upload(client, ("turned.jpg", data)))
    details = json_of(client.get(f"{API}/images/{photo_id}"))
    assert (details["width"], details["height"]) == (40, 80)
    assert "Camera X" in str(details["exif"])


def test_the_list_goes_newest_first_page_by_page(client: FlaskClient) -> None:
    ids = [item_ids(upload(client, (f"{seed}.jpg", drawn_photo(seed))))[0] for seed in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = json_of(client.get(f"{API}/images", query_string=query))
        assert page["total"] == 5
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_the_list_filters_by_state_and_label(client: FlaskClient, fake_client: FakeModelClient) -> None:
    (ready,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    fake_client.fault = Fault.DEAD
    upload(client, ("b.jpg", drawn_photo(2)))
    assert item_ids(client.get(f"{API}/images?state=ready")) == [ready]
    label = json_of(client.get(f"{API}/images/{ready}"))["objects"][0]["label"]
    assert item_ids(client.get(f"{API}/images", query_string={"label": label})) == [ready]
    assert error_of(client.get(f"{API}/images?label=unicorn"))["code"] == "bad_parameter"


def test_a_deleted_photo_is_gone_from_list_file_and_search(client: FlaskClient) -> None:
    first, second = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2)))
    assert client.delete(f"{API}/images/{first}").status_code == 204
    assert item_ids(client.get(f"{API}/images")) == [second]
    assert error_of(client.get(f"{API}/images/{first}/file"))["code"] == "photo_not_found"
    assert item_ids(client.get(f"{API}/images/{second}/similar")) == []
    assert client.delete(f"{API}/images/{first}").status_code == 404


def test_a_deleted_photo_can_be_uploaded_again(client: FlaskClient) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    client.delete(f"{API}/images/{photo_id}")
    (again,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    assert again == photo_id


@pytest.mark.parametrize("method", ["embedding", "ssd", "layout", "hybrid"])
def test_similar_photos_come_with_scores_and_reasons(client: FlaskClient, method: str) -> None:
    ids = upload_ready(client, *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(6)])
    results = json_of(client.get(f"{API}/images/{ids[0]}/similar?method={method}&limit=3"))
    assert results["total"] == 6
    assert len(results["items"]) <= 3
    scores = [item["score"] for item in results["items"]]
    assert scores == sorted(scores, reverse=True)
    for item in results["items"]:
        assert item["id"] != ids[0]
        assert item["why"], "every hit says why"


def test_a_stored_photo_sent_from_outside_finds_itself_first_and_is_not_stored_again(client: FlaskClient) -> None:
    ids = upload_ready(client, *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(4)])
    answer = client.post(f"{API}/search/similar", data={"file": (BytesIO(drawn_photo(2)), "x.jpg"), "limit": "2"})
    assert item_ids(answer)[0] == ids[2]
    answer = client.post(f"{API}/search/similar", data={"file": (BytesIO(drawn_photo(9)), "x.jpg")})
    assert answer.status_code == 200
    assert json_of(client.get(f"{API}/images"))["total"] == 4


def test_a_part_of_a_picture_can_be_searched_with(client: FlaskClient, fake_client: FakeModelClient) -> None:
    upload_ready(client, ("a.jpg", drawn_photo(1)))
    form = {"file": (BytesIO(drawn_photo(2)), "x.jpg"), "box": "0.1,.2,0.5,0.75"}
    assert client.post(f"{API}/search/similar", data=form).status_code == 200


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0.5,0,0.5,1", "0,0,1,2", "nan,0,1,1", "0.9,0,0.1,1"])
def test_an_impossible_box_is_refused(client: FlaskClient, box: str) -> None:
    form = {"file": (BytesIO(drawn_photo(2)), "x.jpg"), "box": box}
    answer = client.post(f"{API}/search/similar", data=form)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "bad_parameter"


def test_a_photo_that_is_not_ready_cannot_be_compared_yet(client: FlaskClient, fake_client: FakeModelClient) -> None:
    fake_client.fault = Fault.DEAD
    (photo_id,) = item_ids(upload(client, ("a.jpg", drawn_photo(1))))
    answer = client.get(f"{API}/images/{photo_id}/similar")
    assert answer.status_code == 409
    assert error_of(answer)["code"] == "photo_not_ready"


def test_while_the_model_server_is_away_the_rest_goes_on(client: FlaskClient, fake_client: FakeModelClient) -> None:
    first, _ = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2)))
    fake_client.fault = Fault.DEAD
    assert upload(client, ("c.jpg", drawn_photo(3))).status_code == 202
    assert len(item_ids(client.get(f"{API}/images/{first}/similar"))) == 1
    answer = client.post(f"{API}/search/similar", data={"file": (BytesIO(drawn_photo(4)), "x.jpg")})
    assert answer.status_code == 503
    assert error_of(answer)["code"] == "model_server_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    fake_client.fault = None
    wait_until(lambda: json_of(client.get(f"{API}/images?state=ready"))["total"] == 3, what="recovery by itself")


def test_a_failed_photo_says_why_and_can_be_tried_again(client: FlaskClient, fake_client: FakeModelClient) -> None:
    fake_client.rejects = lambda image: bool(image.any())
    (photo_id,) = item_ids(upload(client, ("a.jpg", drawn_photo(1))))
    wait_until(lambda: state_of(client, photo_id) == "failed")
    assert json_of(client.get(f"{API}/images/{photo_id}"))["error"]
    fake_client.rejects = lambda image: False
    assert client.post(f"{API}/images/{photo_id}/retry").status_code == 202
    wait_until(lambda: state_of(client, photo_id) == "ready")


def test_models_tell_state_and_coverage(client: FlaskClient) -> None:
    upload_ready(client, ("a.jpg", drawn_photo(1)))
    wait_until(lambda: client.get("/readyz").status_code == 200, what="readiness")
    (default,) = [model for model in json_of(client.get(f"{API}/models"))["items"] if model["active"]]
    assert default["name"] == "gallery_default"
    assert default["state"] == "ready"
    assert default["covered"] == 1


def test_a_full_disk_refuses_uploads_and_nothing_else(
    client: FlaskClient, fake_gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))

    def no_room(*_: object) -> None:
        raise StoreFull("The disk is full. Make room, then upload again.")

    with monkeypatch.context() as full:
        full.setattr(Hdf5Store, "add", no_room)
        answer = upload(client, ("b.jpg", drawn_photo(2)))
    assert answer.status_code == 507
    assert error_of(answer)["code"] == "store_full"
    assert client.get(f"{API}/images/{photo_id}/file").data == drawn_photo(1)
    assert upload(client, ("b.jpg", drawn_photo(2))).status_code == 202
