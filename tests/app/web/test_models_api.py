"""The calls and the part of the status page that change models."""

import pytest
from flask.testing import FlaskClient

from app.inference.fake import FakeModelClient
from app.services.gallery import Gallery
from app.services.library import Upload
from tests import default_model
from tests.app.web.api_calls import API, error_of
from tests.photos import drawn_photo
from tests.waiting import wait_until

EMBEDDER = "vit_b16_in21k"
DEFAULT = default_model.FEATURES
BOTH = [DEFAULT, EMBEDDER]


@pytest.fixture(autouse=True)
def photos(fake_gallery: Gallery) -> None:
    """Have three photos that were looked at."""
    fake_gallery.library.upload([Upload(f"{seed}.jpg", drawn_photo(seed)) for seed in range(3)])
    wait_until(lambda: len(fake_gallery.outlooks.now.index) == 3, what="the photos")


def change_of(client: FlaskClient) -> dict[str, object]:
    found: dict[str, object] = client.get(f"{API}/models").get_json()["change"]
    return found


def test_a_change_is_begun_followed_and_undone(client: FlaskClient) -> None:
    begun = client.post(f"{API}/models/{EMBEDDER}/activate")
    assert begun.status_code == 202
    assert begun.get_json()["target"] == BOTH
    wait_until(lambda: change_of(client)["active"] == BOTH, what="the change")
    change = change_of(client)
    assert (change["under_way"], change["photos"], change["done"], change["problem"]) == (False, 3, 3, None)
    overlap = change["overlap"]
    assert isinstance(overlap, dict)
    assert (overlap["photos"], overlap["similar"]) == (3, 1.0)
    models = {one["name"]: one for one in client.get(f"{API}/models").get_json()["items"]}
    assert (models[EMBEDDER]["active"], models[EMBEDDER]["roles_in_use"]) == (True, ["embedder"])
    assert models["gallery_default"]["roles_in_use"] == ["detector", "tagger"]
    assert models[EMBEDDER]["covered"] == 3
    assert "gallery_reindexed_photos 3.0" in client.get("/metrics").get_data(as_text=True)
    assert client.post(f"{API}/models/rollback").get_json()["target"] == [DEFAULT]
    wait_until(lambda: change_of(client)["active"] == [DEFAULT], what="the way back")
    assert client.post(f"{API}/models/{EMBEDDER}/drop").get_json() == {"model": EMBEDDER, "photos": 3}
    assert client.get(f"{API}/models").get_json()["kept"] == [{"model": DEFAULT, "photos": 3}]
    assert client.post(f"{API}/models/{EMBEDDER}/drop").status_code == 404
    for name in (DEFAULT, "gallery_default"):
        assert client.post(f"{API}/models/{name}/drop").status_code == 400


def test_what_can_not_be_done_is_said(client: FlaskClient, fake_client: FakeModelClient) -> None:
    fake_client.lacks = {EMBEDDER}
    unserved = client.post(f"{API}/models/{EMBEDDER}/activate")
    assert unserved.status_code == 503
    assert f"python -m model_server build {EMBEDDER}" in error_of(unserved)["message"]
    unknown = client.post(f"{API}/models/nothing/activate")
    assert (unknown.status_code, error_of(unknown)["code"]) == (404, "model_not_found")
    for action in ("pause", "resume", "rollback"):
        assert client.post(f"{API}/models/{action}").status_code == 400


def test_the_status_page_has_buttons_for_what_can_be_done(client: FlaskClient, fake_client: FakeModelClient) -> None:
    wait_until(lambda: f'id="activate-{EMBEDDER}"' in page(client), what="the model server being there")
    fake_client.lacks = {"resnet50"}
    assert 'id="activate-resnet50"' not in page(client)
    assert 'id="activate-gallery_default"' not in page(client)
    assert client.post("/status/models/activate", data={"name": EMBEDDER}).status_code == 303
    wait_until(lambda: change_of(client)["active"] == BOTH, what="the change")
    shown = page(client)
    assert "ten most similar photos" in shown
    assert f"Back to {DEFAULT}" in shown
    assert client.post("/status/models/rollback").status_code == 303
    wait_until(lambda: change_of(client)["active"] == [DEFAULT], what="the way back")
    refused = client.post("/status/models/pause")
    assert refused.status_code == 400
    assert "No change of models is under way" in refused.get_data(as_text=True)
    assert client.post("/status/models/activate", data={"name": "nothing"}).status_code == 404


def page(client: FlaskClient) -> str:
    return client.get("/status").get_data(as_text=True)
