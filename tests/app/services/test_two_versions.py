"""The real model server has two versions of a model, and nobody notices the change from one to the other."""

import io
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from app.domain import PhotoId
from app.opening import open_gallery
from app.services.gallery import Gallery
from app.settings import Settings
from model_server.catalogue import ModelCard
from tests.app.services.second_models import GatedServer
from tests.app.web.api_calls import API
from tests.conftest import make_client
from tests.default_model import CARD, FEATURES, OLDER, OLDER_FEATURES
from tests.photos import drawn_photo
from tests.waiting import wait_until

Open = Callable[[ModelCard], tuple[Gallery, FlaskClient]]


@pytest.fixture
def server(model_server_address: str) -> GatedServer:
    return GatedServer(model_server_address)


@pytest.fixture
def open_with(real_settings: Settings, server: GatedServer) -> Iterator[Open]:
    """Return what opens the test's gallery with one model in the catalogue, after closing the one that was open."""
    opened: list[Gallery] = []

    def open_anew(card: ModelCard) -> tuple[Gallery, FlaskClient]:
        while opened:
            opened.pop().close()
        opened.append(open_gallery(real_settings, server, catalogue=lambda: [card]))
        return opened[0], make_client(real_settings, opened[0])

    yield open_anew
    server.gate.open()
    while opened:
        opened.pop().close()


def upload(client: FlaskClient, *seeds: int) -> list[PhotoId]:
    """Upload photos and wait until each can be found."""
    files = [(io.BytesIO(drawn_photo(seed)), f"{seed}.jpg") for seed in seeds]
    ids = [PhotoId(item["id"]) for item in client.post(f"{API}/images", data={"file": files}).get_json()["items"]]
    wait_until(lambda: all(client.get(f"{API}/images/{one}").get_json()["state"] == "ready" for one in ids), 30)
    return ids


def like_outside_photo(client: FlaskClient, seed: int) -> list[str]:
    data = {"file": (io.BytesIO(drawn_photo(seed)), "outside.jpg"), "method": "embedding"}
    answer = client.post(f"{API}/search/similar", data=data)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.get_json()["items"]]


def test_while_a_newer_version_looks_at_all_photos_the_older_one_answers_and_takes_in_what_comes(
    open_with: Open, server: GatedServer
) -> None:
    _, client = open_with(OLDER)
    upload(client, 0, 1, 2)
    server.gate.held = {f"{CARD.name}:{CARD.version}"}
    gallery, client = open_with(CARD)
    (new,) = upload(client, 3)
    change = client.get(f"{API}/models").get_json()["change"]
    assert (change["active"], change["target"], change["done"]) == ([OLDER_FEATURES], [FEATURES], 0)
    assert like_outside_photo(client, 3)[0] == new
    assert client.get(f"{API}/images/{new}/similar").get_json()["items"]
    by_older = gallery.outlooks.now.stored
    server.gate.open()
    wait_until(lambda: gallery.models.change().active == (FEATURES,), 30, "the change")
    assert like_outside_photo(client, 3)[0] == new
    assert client.get("/readyz").status_code == 200
    (report,) = client.get(f"{API}/models").get_json()["items"]
    assert (report["version"], report["covered"]) == (CARD.version, 4)
    for stored in (by_older, gallery.outlooks.now.stored):
        features = stored.of(new)
        assert features is not None
        assert len(features.embedding) == CARD.embedding_width
