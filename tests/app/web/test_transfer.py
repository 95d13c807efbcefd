"""Photos that move between galleries over HTTP, with what is known of them."""

import json
import math
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

from app.domain import PhotoState
from app.inference.fake import FakeModelClient, Fault
from app.services.gallery import Gallery
from app.services.photo_ids import photo_id_of
from tests import default_model
from tests.app.web.api_calls import API, error_of, item_ids, json_of, state_of, upload_ready
from tests.photos import drawn_photo

MODEL = default_model.FEATURES
WIDTH = 1280


def features_for(seed: int, width: int = WIDTH) -> dict[str, Any]:
    """Return features such as a model gives, with numbers that no short decimal stands for."""
    random = np.random.default_rng(seed)
    detections = np.zeros((20, 6), np.float32)
    detections[0] = [1 + seed % 80, 0.9, 10, 20, 200.1, 220.7]
    arrays: dict[str, NDArray[np.generic]] = {
        "detections": detections,
        "word_vector": random.normal(size=50),
        "embedding": random.normal(size=width),
        "tag_probabilities": random.random(10),
        "label_scores": random.random(80),
    }
    lists = {name: array.astype(np.float32).tolist() for name, array in arrays.items()}
    return lists | {"tag_ids": random.integers(0, 1000, 10).tolist()}


def known(data: bytes, **changes: object) -> dict[str, Any]:
    """Return what a gallery says of a photo that is ready."""
    return {
        "id": photo_id_of(data),
        "name": "Ferien (1).jpg",
        "added_at": "2019-08-07T06:05:04.000321+00:00",
        "state": "ready",
        "error": None,
        "features": {MODEL: features_for(1)},
    } | changes


def restore(client: FlaskClient, *photos: tuple[bytes, object]) -> TestResponse:
    """Send photos, each its bytes and what is known of it."""
    document = {"photos": [entry for _, entry in photos]}
    return client.post(
        f"{API}/images/restore",
        data={
            "file": [(BytesIO(data), f"{number}.jpg") for number, (data, _) in enumerate(photos)],
            "known": (BytesIO(json.dumps(document).encode()), "known.json"),
        },
    )


def features_in(client: FlaskClient, photo_id: str) -> Any:
    return json_of(client.get(f"{API}/images/{photo_id}/features"))["features"]


@pytest.fixture
def no_model_server(fake_client: FakeModelClient) -> None:
    """Take the model server away: whatever is known must not need it."""
    fake_client.fault = Fault.DEAD


@pytest.mark.usefixtures("no_model_server")
def test_a_photo_comes_back_as_it_was(client: FlaskClient) -> None:
    data = drawn_photo(1)
    by_model = {MODEL: features_for(1), "other": features_for(2, 7)}
    answer = restore(client, (data, known(data, features=by_model, file="passed over.jpg")))
    assert answer.status_code == 202
    (item,) = json_of(answer)["items"]
    assert (item["filename"], item["state"], item["duplicate"], item["notes"]) == (
        "Ferien (1).jpg",
        "ready",
        False,
        [],
    )
    details = json_of(client.get(f"{API}/images/{item['id']}"))
    assert details["added_at"] == "2019-08-07T06:05:04.000321+00:00"
    assert details["objects"][0]["class_id"] == 2
    assert features_in(client, item["id"]) == by_model
    similar = json_of(client.get(f"{API}/images/{item['id']}/similar"))
    assert similar["total"] == 1


@pytest.mark.usefixtures("no_model_server")
def test_a_photo_that_came_back_is_found(client: FlaskClient) -> None:
    photos = [(data, known(data, features={MODEL: features_for(seed)})) for seed, data in PHOTOS.items()]
    first, *others = item_ids(restore(client, *photos))
    found = item_ids(client.get(f"{API}/images/{first}/similar?method=ssd&limit=10"))
    assert first not in found
    assert set(found) <= set(others)
    assert item_ids(client.get(f"{API}/images")) == [*reversed(others), first]


@pytest.mark.usefixtures("no_model_server")
def test_a_failed_photo_stays_failed_and_a_waiting_one_waits(client: FlaskClient, fake_gallery: Gallery) -> None:
    one, two, three = drawn_photo(1), drawn_photo(2), drawn_photo(3)
    reason = "Zu groß \u2014 \N{GRINNING FACE}"
    answer = restore(
        client,
        (one, known(one, state="failed", error=reason, features={})),
        (two, known(two, state="processing", features={})),
        (three, None),
    )
    ids = item_ids(answer)
    assert [item["notes"] for item in json_of(answer)["items"]] == [[], [], []]
    assert json_of(client.get(f"{API}/images/{ids[0]}"))["error"] == reason
    assert state_of(client, ids[0]) == "failed"
    assert state_of(client, ids[1]) in ("stored", "processing")
    assert json_of(client.get(f"{API}/images/{ids[2]}"))["name"] == "2.jpg"
    assert fake_gallery.library.page(state=PhotoState.FAILED).total == 1


def test_what_belongs_to_other_bytes_is_not_taken_over(client: FlaskClient) -> None:
    (photo_id,) = item_ids(restore(client, (drawn_photo(1), known(drawn_photo(2)))))
    assert photo_id == photo_id_of(drawn_photo(1))
    details = json_of(client.get(f"{API}/images/{photo_id}"))
    assert details["name"] == "0.jpg"
    assert not details["added_at"].startswith("2019")


def without(name: str) -> dict[str, Any]:
    features = features_for(1)
    del features[name]
    return features


UNUSABLE: dict[str, tuple[object, str]] = {
    "not a number": (features_for(1) | {"embedding": [math.nan] * WIDTH}, "embedding"),
    "infinite": (features_for(1) | {"word_vector": [math.inf] * 50}, "word_vector"),
    "too large for its square": (features_for(1) | {"embedding": [1e30] * WIDTH}, "embedding"),
    "other labels": (features_for(1) | {"label_scores": [0.5] * 90}, "label_scores"),
    "fewer parts": (features_for(1) | {"tag_ids": [], "tag_probabilities": []}, "tag_ids"),
    "another width": (features_for(1, 7), "1280"),
    "no width": (features_for(1, 0), "embedding"),
    "flat detections": (features_for(1) | {"detections": [0.0] * 120}, "detections"),
    "ragged": (features_for(1) | {"detections": [[1.0], [1.0, 2.0]]}, "detections"),
    "text": (features_for(1) | {"label_scores": ["1"] * 80}, "label_scores"),
    "yes and no": (features_for(1) | {"label_scores": [True] * 80}, "label_scores"),
    "a class that isn't": (features_for(1) | {"detections": [[81.0, 1, 0, 0, 1, 1]] * 20}, "class_id"),
    "half a class": (features_for(1) | {"detections": [[1.5, 1, 0, 0, 1, 1]] * 20}, "class_id"),
    "a tag that isn't": (features_for(1) | {"tag_ids": [1000] * 10}, "tag_ids"),
    "a broken tag": (features_for(1) | {"tag_ids": [1.5] * 10}, "tag_ids"),
    "a huge tag": (features_for(1) | {"tag_ids": [2**70] * 10}, "tag_ids"),
    "missing": (without("tag_ids"), "tag_ids"),
    "a list": ([1, 2], "detections"),
}


def test_features_that_can_not_be_are_refused_and_computed_anew(client: FlaskClient) -> None:
    photos = {name: drawn_photo(seed) for seed, name in enumerate(UNUSABLE)}
    entries = [(data, known(data, features={MODEL: UNUSABLE[name][0]})) for name, data in photos.items()]
    answer = restore(client, *entries)
    assert answer.status_code == 202
    for name, item in zip(photos, json_of(answer)["items"], strict=True):
        assert UNUSABLE[name][1] in item["notes"][0], name
        assert "looked at anew" in item["notes"][1], name
        assert item["filename"] == "Ferien (1).jpg"
    for photo_id in upload_ready(client, *photos.items()):
        assert features_in(client, photo_id).keys() == {MODEL}


@pytest.mark.usefixtures("no_model_server")
def test_features_of_a_new_model_must_agree_with_each_other(client: FlaskClient) -> None:
    photos = [
        (data, known(data, features={MODEL: features_for(1), "new": features_for(1, 7 + seed)}))
        for seed, data in PHOTOS.items()
    ]
    items = json_of(restore(client, *photos))["items"]
    assert [len(item["notes"]) for item in items] == [0, 1, 1]
    assert {item["state"] for item in items} == {"ready"}
    data = drawn_photo(4)
    (item,) = json_of(restore(client, (data, known(data, features={"../new": features_for(1, 7)}))))["items"]
    assert "no model is called so" in item["notes"][0]


@pytest.mark.usefixtures("no_model_server")
def test_no_more_models_come_in_than_there_is_room_for(client: FlaskClient) -> None:
    data = drawn_photo(1)
    by_model = {MODEL: features_for(1)} | {f"m{number}": features_for(number, 3) for number in range(40)}
    (item,) = json_of(restore(client, (data, known(data, features=by_model))))["items"]
    assert item["state"] == "ready"
    assert len(item["notes"]) == 9
    assert len(features_in(client, item["id"])) == 32


NO_DESCRIPTIONS = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b"[]",
    b'{"photos": {}}',
    b'{"photos": []}',
    b'{"photos": [null, null]}',
    b'{"photos": [7]}',
    b'{"photos": [{}]}',
    json.dumps({"photos": [known(drawn_photo(1), added_at="yesterday")]}).encode(),
    json.dumps({"photos": [known(drawn_photo(1), added_at="0001-01-01T00:00:00+23:59")]}).encode(),
    json.dumps({"photos": [known(drawn_photo(1), added_at=7)]}).encode(),
    json.dumps({"photos": [known(drawn_photo(1), state="asleep")]}).encode(),
    json.dumps({"photos": [known(drawn_photo(1), id="../..")]}).encode(),
    json.dumps({"photos": [known(drawn_photo(1), features=[])]}).encode(),
]


def test_what_is_no_description_is_refused_and_nothing_stored(client: FlaskClient) -> None:
    for document in NO_DESCRIPTIONS:
        files = {"file": (BytesIO(drawn_photo(1)), "a.jpg"), "known": (BytesIO(document), "known.json")}
        answer = client.post(f"{API}/images/restore", data=files)
        assert answer.status_code == 400, document[:100]
        assert error_of(answer)["code"] == "bad_parameter"
    assert json_of(client.get(f"{API}/images"))["total"] == 0


def test_bad_files_stand_alone(client: FlaskClient) -> None:
    data = drawn_photo(1)
    answer = restore(client, (b"words", known(b"words")), (data, known(data)))
    assert answer.status_code == 202
    refused, stored = json_of(answer)["items"]
    assert refused["error"]["code"] == "unsupported_image"
    assert stored["state"] == "ready"
    alone = restore(client, (b"words", known(b"words")))
    assert (alone.status_code, error_of(alone)["code"]) == (400, "unsupported_image")


ODD_WORDS: list[tuple[dict[str, object], str, str | None]] = [
    ({"name": "../../etc/passwd"}, "0.jpg", None),
    ({"name": "bell\x07.jpg"}, "1.jpg", None),
    ({"state": "failed", "error": "\ud800\0"}, "Ferien (1).jpg", "?\ufffd"),
    ({"state": "failed", "error": "x" * 5000}, "Ferien (1).jpg", "x" * 1000),
    ({"state": "ready", "error": "ready all the same"}, "Ferien (1).jpg", None),
]


@pytest.mark.usefixtures("no_model_server")
def test_odd_words_do_no_harm(client: FlaskClient) -> None:
    photos = [drawn_photo(seed) for seed in range(len(ODD_WORDS))]
    entries = [(data, known(data, **changes)) for data, (changes, _, _) in zip(photos, ODD_WORDS, strict=True)]
    for photo_id, (_, name, error) in zip(item_ids(restore(client, *entries)), ODD_WORDS, strict=True):
        details = json_of(client.get(f"{API}/images/{photo_id}"))
        assert (details["name"], details["error"]) == (name, error)


def test_a_photo_that_is_here_stays_as_it_is(client: FlaskClient) -> None:
    data = drawn_photo(1)
    (photo_id,) = upload_ready(client, ("mine.jpg", data))
    before = features_in(client, photo_id)
    (item,) = json_of(restore(client, (data, known(data, state="failed", error="no"))))["items"]
    assert item["duplicate"]
    details = json_of(client.get(f"{API}/images/{photo_id}"))
    assert (details["name"], details["state"], details["error"]) == ("mine.jpg", "ready", None)
    assert features_in(client, photo_id) == before


def test_what_models_say_of_a_photo_is_exact(client: FlaskClient, fake_gallery: Gallery) -> None:
    (photo_id,) = upload_ready(client, ("a.jpg", drawn_photo(1)))
    told = features_in(client, photo_id)[MODEL]
    for name, array in vars(fake_gallery.transfer.features(photo_id_of(drawn_photo(1)))[MODEL]).items():
        np.testing.assert_array_equal(np.array(told[name], array.dtype), array)


@pytest.mark.usefixtures("no_model_server")
def test_a_photo_that_nobody_looked_at_has_no_features(client: FlaskClient) -> None:
    (photo_id,) = item_ids(restore(client, (drawn_photo(1), None)))
    assert features_in(client, photo_id) == {}
    missing = client.get(f"{API}/images/{'0' * 32}/features")
    assert (missing.status_code, error_of(missing)["code"]) == (404, "photo_not_found")


PHOTOS = {seed: drawn_photo(seed) for seed in range(3)}
