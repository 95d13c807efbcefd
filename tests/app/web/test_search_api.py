"""Searches by several examples and by layout over the JSON API; the model server is the fake.

The fake sees one object in every photo, as large as the photo, whose class depends on its first pixel.
"""

import json
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain import SimilarityMethod
from app.services.weak_tail import LEAST_SIMILARITY
from tests.app.web.api_calls import API, error_of, item_ids, json_of, upload_ready
from tests.photos import drawn_photo

LEAST_COSINE = LEAST_SIMILARITY[SimilarityMethod.EMBEDDING]


def similar(client: FlaskClient, files: list[bytes], **fields: object) -> TestResponse:
    """Search by examples; lists and objects among the fields are sent as JSON."""
    form: dict[str, Any] = {
        name: json.dumps(value) if isinstance(value, list | dict) else str(value) for name, value in fields.items()
    }
    form["file"] = [(BytesIO(data), f"{number}.jpg") for number, data in enumerate(files)]
    return client.post(f"{API}/search/similar", data=form, content_type="multipart/form-data")


@pytest.fixture
def ids(client: FlaskClient) -> list[str]:
    """Store six photos."""
    return upload_ready(client, *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(6)])


def test_several_examples_find_what_is_like_all_of_them_without_themselves(
    client: FlaskClient, ids: list[str]
) -> None:
    answer = similar(client, [], examples=[{"id": ids[0]}, {"id": ids[1], "weight": 0.5}])
    assert answer.status_code == 200, answer.text
    assert set(item_ids(answer)) == set(ids[2:])
    why = json_of(answer)["items"][0]["why"]
    assert [(reason["kind"], reason["example"], reason["weight"]) for reason in why] == [
        ("example", "0.jpg", 1.0),
        ("example", "1.jpg", 0.5),
    ]


def test_what_is_hardly_like_one_photo_is_weak_and_likes_of_several_have_no_tail(
    client: FlaskClient, ids: list[str]
) -> None:
    one = json_of(similar(client, [drawn_photo(9)]))["items"]
    assert [item["weak"] for item in one] == [item["score"] < LEAST_COSINE for item in one]
    stored = json_of(client.get(f"{API}/images/{ids[0]}/similar"))["items"]
    assert [item["weak"] for item in stored] == [item["score"] < LEAST_COSINE for item in stored]
    several = json_of(similar(client, [], examples=[{"id": ids[0]}, {"id": ids[1]}]))["items"]
    assert not any(item["weak"] for item in several)


def test_an_unwanted_example_pushes_what_is_like_it_back(client: FlaskClient, ids: list[str]) -> None:
    plain = json_of(similar(client, [drawn_photo(9)], limit=6))["items"]
    last = plain[0]["id"]
    answer = similar(client, [drawn_photo(9)], examples=[{"id": last, "weight": -1}])
    assert last not in item_ids(answer)
    before = {item["id"]: item["score"] for item in plain}
    assert all(item["score"] < before[item["id"]] for item in json_of(answer)["items"])


def test_files_and_stored_photos_and_words_go_together(client: FlaskClient, ids: list[str]) -> None:
    label = json_of(client.get(f"{API}/images/{ids[3]}"))["objects"][0]["label"]
    answer = similar(client, [drawn_photo(2)], examples=[{"file": 0, "weight": 2}, {"id": ids[1]}], q=label)
    kinds = {reason["kind"] for item in json_of(answer)["items"] for reason in item["why"]}
    assert kinds >= {"example", "label"}
    assert ids[3] in item_ids(answer)


def test_a_stored_photo_is_searched_with_by_a_part_of_it_and_words(client: FlaskClient, ids: list[str]) -> None:
    answer = client.get(f"{API}/images/{ids[0]}/similar?box=0,0,0.5,0.5&method=layout")
    assert answer.status_code == 200
    assert ids[0] not in item_ids(answer)
    label = json_of(client.get(f"{API}/images/{ids[3]}"))["objects"][0]["label"]
    both = client.get(f"{API}/images/{ids[0]}/similar", query_string={"q": label})
    assert item_ids(both)[0] == ids[3]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "nothing to search with"),
        ({"examples": "[{"}, "must be JSON"),
        ({"examples": "{}"}, "JSON list"),
        ({"examples": '[{"file": 0}]'}, "there are 0"),
        ({"examples": '[{"q": "dog", "weight": -1}]'}, "negative weight"),
        ({"box": "0,0,1,1", "q": "dog"}, "box belongs to the one file"),
        ({"examples": json.dumps([{"q": "dog"}] * 21)}, "1 to 20 examples"),
    ],
)
def test_examples_that_cannot_be_used_are_refused_by_name(
    client: FlaskClient, fields: dict[str, str], named: str
) -> None:
    answer = similar(client, [], **fields)
    assert answer.status_code == 400
    assert named in error_of(answer)["message"]


def test_a_photo_with_the_thing_at_the_place_comes_first(client: FlaskClient, ids: list[str]) -> None:
    thing = json_of(client.get(f"{API}/images/{ids[2]}"))["objects"][0]
    body = {"boxes": [{"label": thing["label"], "box": [0, 0, 1, 0.9]}], "limit": 3}
    answer = client.post(f"{API}/search/layout", json=body)
    first = json_of(answer)["items"][0]
    details = json_of(client.get(f"{API}/images/{first['id']}"))
    assert details["objects"][0]["label"] == thing["label"]
    (reason,) = first["why"]
    assert (reason["kind"], reason["label"]) == ("box", thing["label"])
    assert reason["overlap"] == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("boxes", "named"),
    [
        ([{"label": "girafe", "box": [0, 0, 1, 1]}], "giraffe"),
        ([{"label": "dog", "box": [0, 0, 2, 1]}], "xmin < xmax"),
        ([], "boxes"),
        ([{"label": "dog", "box": [0, 0, 1, 1]}] * 21, "boxes"),
    ],
)
def test_boxes_that_cannot_be_placed_are_refused_by_name(client: FlaskClient, boxes: list[Any], named: str) -> None:
    answer = client.post(f"{API}/search/layout", json={"boxes": boxes})
    assert answer.status_code == 400
    assert named in json.dumps(error_of(answer))


def weighed(client: FlaskClient, weights: dict[str, float]) -> list[dict[str, Any]]:
    answer = similar(client, [drawn_photo(1)], method="hybrid", weights=weights)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = json_of(answer)["items"]
    return items


def test_a_hybrids_weights_are_chosen(client: FlaskClient, ids: list[str]) -> None:
    alone = weighed(client, {"embedding": 2})
    by_embedding = json_of(similar(client, [drawn_photo(1)], method="embedding"))["items"]
    assert len(by_embedding) == len(ids)
    scores = {item["id"]: item["score"] for item in by_embedding}
    assert [item["score"] for item in alone] == pytest.approx([scores[item["id"]] for item in alone])
    signals = [reason["method"] for reason in alone[0]["why"] if reason["kind"] == "signal"]
    assert signals == ["embedding"]
    assert (
        weighed(client, {"embedding": 0.4, "layout": 0.5, "ssd": 0.1})[0]["why"]
        == json_of(similar(client, [drawn_photo(1)], method="hybrid"))["items"][0]["why"]
    )


@pytest.mark.parametrize(
    ("method", "weights"),
    [
        ("embedding", {"embedding": 1}),
        ("hybrid", {"hybrid": 1}),
        ("hybrid", {"embedding": -1, "ssd": 2}),
        ("hybrid", {"embedding": 0}),
        ("hybrid", {}),
        ("hybrid", {"embedding": "much"}),
    ],
)
def test_weights_that_cannot_be_used_are_refused(client: FlaskClient, method: str, weights: dict[str, Any]) -> None:
    answer = similar(client, [drawn_photo(1)], method=method, weights=weights)
    assert answer.status_code == 400
    assert "weights" in json.dumps(error_of(answer))


def test_a_photo_that_says_it_is_ready_is_found(client: FlaskClient) -> None:
    for seed in range(20, 30):
        (photo_id,) = upload_ready(client, (f"{seed}.jpg", drawn_photo(seed)))
        label = json_of(client.get(f"{API}/images/{photo_id}"))["objects"][0]["label"]
        assert photo_id in item_ids(client.get(f"{API}/search", query_string={"q": f'"{label}"', "limit": 500}))
