"""One contract for every client: the fake in process, and the real one against the fake server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from app.domain import Bytes8
from app.errors import InferenceError, ModelOutputInvalid, ModelRejectedInput, ModelServerUnavailable
from app.inference.base import ModelClient, ModelOutput, ModelState
from app.inference.fake import FakeModelClient, Fault
from app.inference.fake_server import FakeModelServer
from app.inference.grpc_client import GrpcModelClient
from tests.model_server.server.tiny import LABELS, NEWEST, SIZE_PX, card

CARD = card("tiny")
OUTPUTS = ("detections", "embedding", "probabilities", "label_scores")


@dataclass
class Setup:
    """A client and the switch that makes its server misbehave."""

    client: ModelClient
    break_server: Callable[[Fault | None], None]


def pictures(count: int, seed: int = 0) -> Bytes8:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE_PX, SIZE_PX, 3), np.uint8)


@pytest.fixture(params=["in process", "over gRPC"])
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    if request.param == "in process":
        fake = FakeModelClient(version=NEWEST, delay_s=0.3)
        yield Setup(fake, lambda fault: setattr(fake, "fault", fault))
        return
    with FakeModelServer(CARD, delay_s=0.3) as server:
        client = GrpcModelClient(server.address)
        yield Setup(client, lambda fault: setattr(server, "fault", fault))
        client.close()


def test_outputs_have_the_shapes_of_the_contract(setup: Setup) -> None:
    output = setup.client.predict(CARD, pictures(3))
    assert output.version == NEWEST
    shapes = {name: getattr(output, name).shape for name in OUTPUTS}
    assert shapes == {"detections": (3, 20, 6), "embedding": (3, 4), "probabilities": (3, 5), "label_scores": (3, 3)}
    assert {getattr(output, name).dtype for name in OUTPUTS} == {np.dtype(np.float32)}


def test_a_picture_gets_the_same_answer_in_any_company(setup: Setup) -> None:
    images = pictures(4)
    together, alone = setup.client.predict(CARD, images), setup.client.predict(CARD, images[2:3])
    for name in OUTPUTS:
        np.testing.assert_array_equal(getattr(together, name)[2:3], getattr(alone, name))


def test_outputs_that_are_not_of_the_model_are_none(setup: Setup) -> None:
    embedder = card("tiny", {"embedding": "float32 [n, 4]"})
    output = setup.client.predict(embedder, pictures(1))
    assert output.embedding is not None
    assert output.detections is output.probabilities is output.label_scores is None


def test_a_loaded_model_says_so(setup: Setup) -> None:
    status = setup.client.status(CARD)
    assert (status.state, "tiny" in status.message) == (ModelState.LOADED, True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DEAD, ModelServerUnavailable),
        (Fault.FULL, ModelServerUnavailable),
        (Fault.REJECTS, ModelRejectedInput),
        (Fault.WRONG_SHAPE, ModelOutputInvalid),
        (Fault.NOT_A_NUMBER, ModelOutputInvalid),
        (Fault.GARBAGE, ModelOutputInvalid),
    ],
)
def test_each_fault_has_its_error_and_passes(setup: Setup, fault: Fault, error: type[InferenceError]) -> None:
    setup.break_server(fault)
    with pytest.raises(error):
        setup.client.predict(CARD, pictures(1))
    setup.break_server(None)
    assert isinstance(setup.client.predict(CARD, pictures(1)), ModelOutput)


def test_a_slow_server_still_answers(setup: Setup) -> None:
    setup.break_server(Fault.SLOW)
    assert setup.client.predict(CARD, pictures(1)).version == NEWEST


def test_a_dead_server_tells_no_status(setup: Setup) -> None:
    setup.break_server(Fault.DEAD)
    with pytest.raises(ModelServerUnavailable):
        setup.client.status(CARD)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX + 1, 3), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX, 3), np.float32),
        np.zeros((0, SIZE_PX, SIZE_PX, 3), np.uint8),
    ],
    ids=["one picture without rows", "another size", "another type", "none"],
)
def test_arrays_that_are_no_pictures_are_our_own_mistake(setup: Setup, images: Bytes8) -> None:
    with pytest.raises(ValueError, match=r"tiny takes uint8 \(n, 8, 8, 3\)"):
        setup.client.predict(CARD, images)


def test_the_fake_client_refuses_the_pictures_it_is_told_to() -> None:
    fake = FakeModelClient()
    fake.rejects = lambda image: bool((image == 7).all())
    good, bad = pictures(2), np.full((1, SIZE_PX, SIZE_PX, 3), 7, np.uint8)
    with pytest.raises(ModelRejectedInput):
        fake.predict(CARD, np.concatenate([good, bad]))
    fake.predict(CARD, good)
    assert fake.batches == [3, 2]


def test_the_first_pixel_picks_what_the_fakes_see() -> None:
    image = np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8)
    image[0, 0, 0, 0] = 2
    output = FakeModelClient().predict(CARD, image)
    assert output.detections is not None
    assert output.label_scores is not None
    assert LABELS[int(output.detections[0, 0, 0]) - 1] == "cup"
    assert LABELS[int(output.label_scores[0].argmax())] == "cup"
