"""The API's calls on many photos at once."""

from flask.testing import FlaskClient

from app.inference.fake import FakeModelClient
from tests.app.web.api_calls import API, error_of, item_ids, json_of, state_of, upload, upload_ready
from tests.photos import drawn_photo
from tests.waiting import wait_until


def test_many_are_deleted_at_once_and_unknown_ones_are_passed_over(client: FlaskClient) -> None:
    first, second, third = upload_ready(client, *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(3)])
    answer = client.post(f"{API}/images/delete", json={"ids": [first, "f" * 32, third, first]})
    assert json_of(answer) == {"deleted": [first, third]}
    assert item_ids(client.get(f"{API}/images")) == [second]
    assert json_of(client.post(f"{API}/images/delete", json={"ids": ["../etc/passwd"]})) == {"deleted": []}
    assert error_of(client.post(f"{API}/images/delete", json={"ids": []}))["code"] == "bad_parameter"
    assert error_of(client.post(f"{API}/images/delete", json={"ids": ["a"] * 501}))["code"] == "bad_parameter"


def test_all_failed_photos_are_looked_at_again(client: FlaskClient, fake_client: FakeModelClient) -> None:
    fake_client.rejects = lambda image: bool(image.any())
    ids = item_ids(upload(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2))))
    wait_until(lambda: all(state_of(client, photo_id) == "failed" for photo_id in ids), what="two failed photos")
    fake_client.rejects = lambda image: False
    assert json_of(client.post(f"{API}/images/retry")) == {"retried": 2}
    wait_until(lambda: all(state_of(client, photo_id) == "ready" for photo_id in ids), what="two photos ready")
    assert json_of(client.post(f"{API}/images/retry")) == {"retried": 0}


def test_the_demo_photos_are_added_once(client: FlaskClient) -> None:
    added = json_of(client.post(f"{API}/images/demo"))["items"]
    assert len(added) > 5
    assert not any(item["duplicate"] for item in added)
    assert all(item["duplicate"] for item in json_of(client.post(f"{API}/images/demo"))["items"])
    assert json_of(client.get(f"{API}/images"))["total"] == len(added)
