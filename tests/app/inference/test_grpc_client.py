"""The gRPC client against a server that fails in each way a server can."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest

from app import request_ids
from app.domain import Bytes8, Float32
from app.errors import (
    InferenceError,
    ModelOutOfMemory,
    ModelOutputInvalid,
    ModelRejectedInput,
    ModelServerUnavailable,
    OtherModelVersion,
)
from app.inference.base import ModelState
from app.inference.fake import Fault
from app.inference.fake_server import FakeModelServer
from app.inference.grpc_client import GrpcModelClient
from tests.model_server.server.tiny import SIZE_PX, card

CARD = card("tiny")
IMAGES: Bytes8 = np.zeros((2, SIZE_PX, SIZE_PX, 3), np.uint8)
Code = grpc.StatusCode


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(CARD) as server:
        yield server


@pytest.fixture
def client(server: FakeModelServer) -> Iterator[GrpcModelClient]:
    client = GrpcModelClient(server.address)
    yield client
    client.close()


TRANSLATIONS = [
    (Code.INVALID_ARGUMENT, ModelRejectedInput),
    (Code.OUT_OF_RANGE, ModelRejectedInput),
    (Code.NOT_FOUND, ModelServerUnavailable),
    (Code.FAILED_PRECONDITION, ModelServerUnavailable),
    (Code.UNIMPLEMENTED, ModelServerUnavailable),
    (Code.UNAVAILABLE, ModelServerUnavailable),
    (Code.DEADLINE_EXCEEDED, ModelServerUnavailable),
    (Code.RESOURCE_EXHAUSTED, ModelOutOfMemory),
    (Code.ABORTED, ModelServerUnavailable),
    (Code.CANCELLED, ModelServerUnavailable),
    (Code.ALREADY_EXISTS, ModelServerUnavailable),
    (Code.PERMISSION_DENIED, ModelServerUnavailable),
    (Code.UNAUTHENTICATED, ModelServerUnavailable),
    (Code.INTERNAL, ModelOutputInvalid),
    (Code.UNKNOWN, ModelOutputInvalid),
    (Code.DATA_LOSS, ModelOutputInvalid),
]


def test_every_status_has_a_translation_here() -> None:
    assert {code for code, _ in TRANSLATIONS} == set(Code) - {Code.OK}


@pytest.mark.parametrize(("code", "error"), TRANSLATIONS, ids=lambda value: getattr(value, "name", ""))
def test_each_status_becomes_an_error_with_its_cause(
    server: FakeModelServer, client: GrpcModelClient, code: grpc.StatusCode, error: type[InferenceError]
) -> None:
    server.status = (code, "because of the test")
    with pytest.raises(error) as caught:
        client.predict(CARD, IMAGES)
    assert type(caught.value) is error
    assert isinstance(caught.value.__cause__, grpc.RpcError)
    assert caught.value.detail == {"address": server.address, "model": "tiny", "grpc_status": code.name}
    assert "because of the test" in caught.value.message or code is Code.DEADLINE_EXCEEDED


def test_a_message_over_the_limit_is_the_input_s_fault(server: FakeModelServer, client: GrpcModelClient) -> None:
    large = card("tiny", {"embedding": "float32 [n, 20000000]"})
    server.change = lambda outputs: outputs.update(embedding=np.zeros((2, 20_000_000), np.float32))
    with pytest.raises(ModelRejectedInput, match="message larger than max"):
        client.predict(large, IMAGES)


def test_a_slow_server_meets_the_deadline(server: FakeModelServer) -> None:
    client = GrpcModelClient(server.address, deadline_s=0.3, status_deadline_s=0.2)
    server.fault = Fault.SLOW
    for call, limit in ((lambda: client.predict(CARD, IMAGES), "0.3 s"), (lambda: client.status(CARD), "0.2 s")):
        started = time.monotonic()
        with pytest.raises(ModelServerUnavailable, match=f"no answer within {limit}"):
            call()
        assert time.monotonic() - started < 2
    client.close()


def test_nobody_at_the_address() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        client = GrpcModelClient(f"127.0.0.1:{holder.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(ModelServerUnavailable, match="UNAVAILABLE"):
            client.predict(CARD, IMAGES)
        assert time.monotonic() - started < 5
        client.close()


def test_a_server_that_returns_is_found_within_two_seconds(server: FakeModelServer, client: GrpcModelClient) -> None:
    client.predict(CARD, IMAGES)
    port = server.address.split(":")[1]
    server.stop()
    started = time.monotonic()
    while time.monotonic() - started < 3:  # long enough for gRPC's backoff to grow
        with pytest.raises(ModelServerUnavailable):
            client.predict(CARD, IMAGES)
        time.sleep(0.1)
    with FakeModelServer(CARD, port=int(port)):
        returned = time.monotonic()
        while True:
            try:
                client.predict(CARD, IMAGES)
                break
            except ModelServerUnavailable:
                assert time.monotonic() - returned < 2
                time.sleep(0.05)


def spoil(name: str, value: float) -> Callable[[dict[str, Float32]], None]:
    """Return a change that puts `value` into the first number of an output."""

    def change(outputs: dict[str, Float32]) -> None:
        outputs[name][(0,) * outputs[name].ndim] = value

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda outputs: outputs.pop("embedding"), "lacks the output embedding"),
        (spoil("embedding", np.inf), "NaN or infinity in embedding"),
        (spoil("probabilities", 1.5), "probabilities from 0 to 1.5, not 0 to 1"),
        (spoil("label_scores", -1), "label_scores from -1 to"),
        (spoil("detections", 4), "class ids from 0 to 4 in detections, not whole numbers from 0 to 3"),
        (spoil("detections", 0.5), "class ids from 0 to"),
        (lambda outputs: outputs.update(embedding=np.zeros((2, 9), np.float32)), r"shape \(2, 9\), not float32"),
        (lambda outputs: outputs.update(embedding=np.zeros((1, 4), np.float32)), r"shape \(1, 4\), not float32"),
        (lambda outputs: outputs.update(embedding=np.zeros((2, 4), np.float64)), "embedding of type 0"),
    ],
)
def test_answers_that_can_not_be_right_are_refused(
    server: FakeModelServer, client: GrpcModelClient, change: Callable[[dict[str, Float32]], None], text: str
) -> None:
    server.change = change
    with pytest.raises(ModelOutputInvalid, match=text):
        client.predict(CARD, IMAGES)


def test_numbers_may_come_as_a_list_as_tensorflow_serving_sends_them(
    server: FakeModelServer, client: GrpcModelClient
) -> None:
    as_bytes = client.predict(CARD, IMAGES)
    server.lists_values = True
    as_list = client.predict(CARD, IMAGES)
    assert as_bytes.embedding is not None
    assert as_list.embedding is not None
    np.testing.assert_array_equal(as_list.embedding, as_bytes.embedding)


def test_a_closed_client_opens_again(client: GrpcModelClient) -> None:
    client.predict(CARD, IMAGES)
    client.close()
    client.predict(CARD, IMAGES)


def test_tensorflow_is_never_imported_and_no_thread_runs_before_the_first_call() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "threads = lambda: len(list(Path('/proc/self/task').iterdir()))\n"
        "import app.inference.base\n"  # with numpy, which has threads of its own
        "before = threads()\n"
        "from app.inference import grpc_client, local_server, fake, fake_server\n"
        "client = grpc_client.GrpcModelClient('127.0.0.1:1')\n"
        "assert not [name for name in sys.modules if name.startswith(('tensorflow', 'keras'))]\n"
        "assert threads() == before, 'grpc has threads that a fork would lose'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "text", ["OOM when allocating tensor with shape[16,300,300,3]", "std::bad_alloc", "CUDA: out of memory"]
)
def test_a_lack_of_memory_is_known_by_its_text_too(
    server: FakeModelServer, client: GrpcModelClient, text: str
) -> None:
    server.status = (Code.INTERNAL, text)
    with pytest.raises(ModelOutOfMemory, match="lacks memory"):
        client.predict(CARD, IMAGES)


@pytest.mark.parametrize("obeys", [True, False], ids=["refuses as Serving does", "answers all the same"])
def test_a_server_with_another_version_is_waited_for(
    server: FakeModelServer, client: GrpcModelClient, obeys: bool
) -> None:
    server.version, server.obeys_version = CARD.version + 1, obeys
    with pytest.raises(ModelServerUnavailable, match=r"Specific\(tiny, 2\)|has version 3 of model tiny") as caught:
        client.predict(CARD, IMAGES)
    assert isinstance(caught.value, OtherModelVersion) is not obeys
    status = client.status(CARD)
    assert (status.state, status.version) == (ModelState.OTHER_VERSION, CARD.version + 1)
    assert "Serve version 2." in status.message
    server.version = CARD.version
    assert client.predict(CARD, IMAGES).version == CARD.version


def test_a_deadline_given_for_one_call_is_kept_but_never_longer_than_the_client_s(server: FakeModelServer) -> None:
    client = GrpcModelClient(server.address, deadline_s=0.4)
    server.fault = Fault.SLOW
    for given_s, limit in ((0.2, "0.2 s"), (9.0, "0.4 s")):
        with pytest.raises(ModelServerUnavailable, match=f"no answer within {limit}"):
            client.predict(CARD, IMAGES, given_s)
    client.close()


def test_the_id_of_the_request_travels_along(server: FakeModelServer, client: GrpcModelClient) -> None:
    client.predict(CARD, IMAGES)
    with request_ids.working_for("my-request"):
        client.predict(CARD, IMAGES)
    assert server.request_ids == ["my-request"]
