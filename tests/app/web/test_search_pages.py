"""The pages of searches: by likes and dislikes, by layout, saved ones, and the help; the model server is the fake."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.app.web.api_calls import API, json_of, upload_ready
from tests.photos import drawn_photo


@pytest.fixture
def ids(client: FlaskClient) -> list[str]:
    """Store four photos."""
    return upload_ready(client, *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(4)])


def page(client: FlaskClient, address: str, **values: object) -> str:
    query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    answer = client.get(address, query_string=query)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_a_hit_is_one_step_away_from_more_and_less_like_it(client: FlaskClient, ids: list[str]) -> None:
    text = page(client, "/search/similar", ids=ids[0])
    more = re.findall(r'class="step" href="([^"]+)" aria-label="More like 1.jpg"', text)
    assert more == [f"/search/similar?ids={ids[0]},{ids[1]}&method=embedding"]
    (less,) = re.findall(r'class="step" href="(/search/similar\?examples=[^"]+)" aria-label="Less like 1.jpg"', text)
    asked = json.loads(parse_qs(urlsplit(less).query)["examples"][0])
    assert asked == [{"id": ids[0]}, {"id": ids[1], "weight": -0.5}]
    after = unescape(client.get(less).text)
    assert "Not like 1.jpg" in after
    assert f'"tile tile--hit" data-photo-id="{ids[1]}"' not in after


def test_examples_can_be_taken_away_again_but_not_the_last(client: FlaskClient, ids: list[str]) -> None:
    examples = [{"id": ids[0]}, {"id": ids[1], "weight": -0.5}]
    text = page(client, "/search/similar", examples=examples)
    assert re.findall(r'class="example__remove" href="([^"]+)"', text) == [
        f"/search/similar?ids={ids[0]}&method=embedding"
    ]


def test_words_and_the_weights_of_a_hybrid_are_in_the_address(client: FlaskClient, ids: list[str]) -> None:
    text = page(client, "/search/similar", ids=ids[0], method="hybrid", embedding="30", layout="70")
    assert re.findall(r'name="(\w+)" min="0" max="100" step="5" value="(\d+)"', text) == [
        ("embedding", "30"),
        ("layout", "70"),
        ("ssd", "0"),
    ]
    assert "embedding=30&layout=70" in re.findall(r'class="step" href="([^"]+)"', text)[0]
    assert client.get(f"/search/similar?ids={ids[0]}&method=hybrid&ssd=much").status_code == 400
    assert client.get(f"/search/similar?ids={ids[0]}&method=hybrid&ssd=0").status_code == 400


def test_things_placed_by_hand_are_searched_for(client: FlaskClient, ids: list[str]) -> None:
    label = json_of(client.get(f"{API}/images/{ids[2]}"))["objects"][0]["label"]
    text = page(client, "/search/layout", boxes=[{"label": label, "box": [0, 0, 1, 1]}], shape="1:1")
    assert f'data-photo-id="{ids[2]}"' in text
    assert 'class="marks"' in text
    assert 'value="1:1" checked' in text
    assert client.get("/search/layout").status_code == 200
    refused = client.get("/search/layout", query_string={"boxes": '[{"label":"girafe","box":[0,0,1,1]}]'})
    assert refused.status_code == 400
    assert "giraffe" in refused.text


def save(client: FlaskClient, name: str, search: object) -> None:
    answer = client.post("/searches", data={"name": name, "search": json.dumps(search)})
    assert (answer.status_code, answer.location) == (303, "/searches")


def test_searches_are_saved_opened_and_deleted(client: FlaskClient, ids: list[str]) -> None:
    assert "No search is saved yet" in page(client, "/searches")
    weights = {"embedding": 0.5, "layout": 0.5}
    box = {"label": "dog", "box": [0, 0.5, 0.4, 1]}
    save(client, "Animals", {"q": "animal -person", "mode": "classic"})
    save(client, "Like it", {"examples": [{"id": ids[0]}], "method": "hybrid", "weights": weights})
    save(client, "Dog left", {"boxes": [box]})
    text = page(client, "/searches")
    addresses = re.findall(r'class="saved__link" href="(/searches/\d+)"', text)
    opened = [client.get(address).location for address in reversed(addresses)]
    assert opened[:2] == [
        "/search?q=animal+-person&mode=classic",
        f"/search/similar?ids={ids[0]}&method=hybrid&embedding=50&layout=50",
    ]
    assert json.loads(parse_qs(urlsplit(opened[2]).query)["boxes"][0]) == [box]
    assert client.post(f"{addresses[0]}/delete").status_code == 303
    assert "Dog left" not in page(client, "/searches")
    assert client.get(addresses[0]).status_code == 404


def test_a_saved_search_is_offered_with_its_results(client: FlaskClient, ids: list[str]) -> None:
    (search,) = re.findall(r'name="search" value=\'?"?(\{.*?\})"? data-search-text', page(client, "/search", q="dog"))
    assert json.loads(search) == {"q": "dog", "mode": "late"}


def test_chips_of_the_query_stand_over_the_results(client: FlaskClient, ids: list[str]) -> None:
    text = page(client, "/search", q="animal -person")
    assert 'class="clause clause--excluded"' in text
    assert 'href="/search?q=-person" aria-label="Search without animal"' in text


def test_the_query_language_is_explained_on_a_page(client: FlaskClient) -> None:
    text = page(client, "/help/search")
    assert "<h1" in text
    assert "Searching by words" in text
    assert "<td><code>person left-of:dog</code></td>" in text
    assert "<style" not in text
