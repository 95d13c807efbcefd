"""The client against the real default model, as it was built, on the real local server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from skimage import data

from app.domain import Bytes8
from app.inference.base import ModelState
from app.inference.grpc_client import GrpcModelClient
from model_server.catalogue import load_card

CARD = load_card("gallery_default")
SIZE = (CARD.input_width_px, CARD.input_height_px)


@pytest.fixture
def default_client(model_server_address: str) -> Iterator[GrpcModelClient]:
    client = GrpcModelClient(model_server_address)
    yield client
    client.close()


def photos() -> Bytes8:
    """Return three photos that come with scikit-image, at the model's size: a cat, a cup of coffee, a rocket."""
    pictures = [data.chelsea(), data.coffee(), data.rocket()]
    return np.stack([np.asarray(Image.fromarray(picture).resize(SIZE)) for picture in pictures])


def test_it_is_loaded_in_the_version_of_its_card(default_client: GrpcModelClient) -> None:
    status = default_client.status(CARD)
    assert (status.state, status.version) == (ModelState.LOADED, CARD.version)


def test_it_keeps_the_wire_contract(default_client: GrpcModelClient) -> None:
    output = default_client.predict(CARD, photos())
    assert output.detections is not None
    assert output.embedding is not None
    assert output.probabilities is not None
    assert output.label_scores is not None
    assert output.detections.shape == (3, 20, 6)
    assert output.embedding.shape == (3, CARD.embedding_width)
    assert output.label_scores.shape == (3, len(CARD.labels))
    np.testing.assert_allclose(output.probabilities.sum(axis=1), 1, atol=1e-3)
    assert (np.diff(output.detections[..., 1], axis=1) <= 0).all(), "the most confident object comes first"


def test_it_sees_the_cat(default_client: GrpcModelClient) -> None:
    output = default_client.predict(CARD, photos())
    assert output.label_scores is not None
    cat = CARD.labels.index("cat")
    assert output.label_scores[:, cat].argmax() == 0


def test_photos_alone_together_and_all_at_once_get_the_same_embedding(default_client: GrpcModelClient) -> None:
    images = photos()
    together = default_client.predict(CARD, images)
    with ThreadPoolExecutor(12) as pool:
        at_once = list(pool.map(lambda index: default_client.predict(CARD, images[index % 3][None]), range(12)))
    assert together.embedding is not None
    for index, output in enumerate(at_once):
        assert output.embedding is not None
        np.testing.assert_allclose(output.embedding[0], together.embedding[index % 3], rtol=1e-3, atol=1e-4)
