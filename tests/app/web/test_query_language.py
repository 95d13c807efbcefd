"""Conditions in queries, and suggestions, over the JSON API; the fake sees one object as large as the photo."""

from flask.testing import FlaskClient

from app.inference.fake import FakeModelClient, Fault
from tests.app.web.api_calls import API, error_of, item_ids, json_of, upload, upload_ready
from tests.photos import drawn_photo


def label_of(client: FlaskClient, photo_id: str) -> str:
    """Return what the fake saw in a photo."""
    return str(json_of(client.get(f"{API}/images/{photo_id}"))["objects"][0]["label"])


def found(client: FlaskClient, words: str) -> list[str]:
    """Search by words; return ids."""
    answer = client.get(f"{API}/search", query_string={"q": words})
    assert answer.status_code == 200, answer.text
    return item_ids(answer)


def test_photos_are_found_by_shape_alone(client: FlaskClient) -> None:
    wide, tall = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2, width=200, height=300)))
    assert found(client, "is:landscape") == [wide]
    assert found(client, "is:portrait") == [tall]
    assert found(client, "-is:portrait") == [wide]


def test_photos_are_found_by_what_they_are_before_they_were_looked_at_and_the_newest_first(
    client: FlaskClient, fake_client: FakeModelClient
) -> None:
    (old,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    fake_client.fault = Fault.DEAD
    (new,) = item_ids(upload(client, ("b.jpg", drawn_photo(2))))
    assert found(client, "is:landscape after:2023") == [new, old]
    answer = json_of(client.get(f"{API}/search", query_string={"q": "is:landscape"}))
    assert answer["total"] == 2
    assert [reason["kind"] for reason in answer["items"][0]["why"]] == ["fact"]
    assert found(client, "is:landscape giraffe=0") == [old]
    assert client.delete(f"{API}/images/{new}").status_code == 204
    assert found(client, "is:landscape") == [old]


def test_counts_and_sizes_leave_out_what_does_not_meet_them_and_prove_what_does(client: FlaskClient) -> None:
    first, _ = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2)))
    label = label_of(client, first)
    assert found(client, f'big:"{label}"')[0] == first
    assert first not in found(client, f'"{label}">=2 after:1990')
    (hit, *_) = json_of(client.get(f"{API}/search", query_string={"q": f'"{label}"=1'}))["items"]
    proof = next(reason for reason in hit["why"] if reason["kind"] == "count")
    assert (proof["count"], proof["boxes"]) == (1, [[0.0, 0.0, 1.0, 1.0]])


def test_a_condition_goes_with_a_photo_too(client: FlaskClient) -> None:
    wide, tall = upload_ready(client, ("a.jpg", drawn_photo(1)), ("b.jpg", drawn_photo(2, width=200, height=300)))
    both = client.get(f"{API}/images/{wide}/similar", query_string={"q": "is:portrait"})
    assert item_ids(both) == [tall]
    assert item_ids(client.get(f"{API}/images/{wide}/similar", query_string={"q": "is:landscape"})) == []


def test_a_mistake_is_shown_at_its_place(client: FlaskClient) -> None:
    error = error_of(client.get(f"{API}/search", query_string={"q": "dog colour:blurple"}))
    assert error["code"] == "bad_query"
    assert error["detail"]["position"] >= 4
    assert "blue" in error["message"]


def test_a_deleted_photo_meets_no_condition_any_more(client: FlaskClient) -> None:
    (photo,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    client.delete(f"{API}/images/{photo}")
    assert found(client, "is:landscape") == []


def test_what_is_typed_is_completed_with_what_the_gallery_holds(client: FlaskClient) -> None:
    (photo,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    label = label_of(client, photo)
    items = json_of(client.get(f"{API}/suggest", query_string={"q": label[:2]}))["items"]
    assert label in [item["text"] for item in items]
    (own,) = [item for item in items if item["text"] == label]
    assert (own["kind"], own["photos"]) == ("label", 1)
    assert own["query"].strip() in (label, f'"{label}"')


def test_keys_and_their_values_are_suggested_where_the_cursor_is(client: FlaskClient) -> None:
    texts = [item["text"] for item in json_of(client.get(f"{API}/suggest?q=is:"))["items"]]
    assert texts[:2] == ["portrait", "landscape"]
    in_the_middle = json_of(client.get(f"{API}/suggest", query_string={"q": "gira dog", "cursor": 4}))["items"]
    assert in_the_middle[0]["text"] == "giraffe"
    assert in_the_middle[0]["query"] == "giraffe dog"
