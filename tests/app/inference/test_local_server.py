"""The supervised server, and the client against it: real processes, a real model, real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app import request_ids
from app.domain import Bytes8
from app.errors import ModelServerUnavailable
from app.inference.base import ModelState
from app.inference.grpc_client import GrpcModelClient
from app.inference.local_server import LocalModelServer
from tests.app.inference.loading import wait_until_loaded
from tests.model_server.server.tiny import NEWEST, SIZE_PX, card
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("model_server")

CARD = card("tiny")
IMAGES: Bytes8 = np.random.default_rng(0).integers(0, 256, (3, SIZE_PX, SIZE_PX, 3), np.uint8)


def test_a_real_model_answers_the_client(local_server: LocalModelServer, client: GrpcModelClient) -> None:
    wait_until_loaded(client, CARD)
    output = client.predict(CARD, IMAGES)
    assert output.version == NEWEST
    assert output.detections is not None
    assert output.detections.shape == (3, 20, 6)
    assert output.probabilities is not None
    np.testing.assert_allclose(output.probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(output.detections[:, 0, 1], IMAGES.mean(axis=(1, 2, 3)) / 255, atol=1e-5)


def test_the_id_of_a_request_stands_in_the_server_s_log(
    local_server: LocalModelServer, client: GrpcModelClient, local_server_log: Path
) -> None:
    wait_until_loaded(client, CARD)
    with request_ids.working_for("request-of-the-test"):
        client.predict(CARD, IMAGES)
    lines = [line for line in local_server_log.read_text().splitlines() if "request-of-the-test" in line]
    assert json.loads(lines[-1])["rows"] == len(IMAGES)
    assert json.loads(lines[-1])["message"].startswith("Predict tiny:2, 3 rows")


def test_states_of_real_models(local_server: LocalModelServer, client: GrpcModelClient) -> None:
    wait_until_loaded(client, CARD)
    assert client.status(CARD).version == NEWEST
    assert client.status(card("nobody")).state is ModelState.UNKNOWN
    broken = client.status(card("broken"))
    assert (broken.state, "Cannot parse file" in broken.message) == (ModelState.FAILED, True)


def test_a_model_that_is_not_served_is_waited_for(local_server: LocalModelServer, client: GrpcModelClient) -> None:
    wait_until_loaded(client, CARD)
    with pytest.raises(ModelServerUnavailable, match=r"doesn't serve model nobody now: .*Specific\(nobody, 2\)"):
        client.predict(card("nobody"), IMAGES)


def test_a_server_that_stands_still_meets_the_deadline(local_server: LocalModelServer) -> None:
    client = GrpcModelClient(local_server.address, deadline_s=0.5)
    wait_until_loaded(client, CARD)
    pid = local_server.state.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ModelServerUnavailable, match=r"no answer within 0\.5 s"):
            client.predict(CARD, IMAGES)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until_loaded(client, CARD)
    client.close()


def test_a_killed_server_comes_back_at_the_same_address(
    local_server: LocalModelServer, client: GrpcModelClient
) -> None:
    wait_until_loaded(client, CARD)
    before = local_server.state
    address = local_server.address
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: local_server.state.pid not in (None, before.pid))
    with pytest.raises(ModelServerUnavailable):  # while it starts, calls fail at once and nothing hangs
        client.predict(CARD, IMAGES)
    wait_until_loaded(client, CARD)
    assert client.predict(CARD, IMAGES).version == NEWEST
    assert local_server.address == address
    assert local_server.state.starts == before.starts + 1
    assert "was killed by signal 9" in (local_server.state.last_exit or "")


def test_starting_and_stopping_take_no_time(tiny_models: Path, tmp_path: Path) -> None:
    server = LocalModelServer(tiny_models, tmp_path / "log")
    started = time.monotonic()
    server.start()
    wait_until(lambda: server.state.pid is not None)
    pid = server.state.pid
    server.stop()
    assert time.monotonic() - started < 4
    assert server.state.pid is None
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_server_that_was_never_started_can_be_stopped(tiny_models: Path, tmp_path: Path) -> None:
    LocalModelServer(tiny_models, tmp_path / "log").stop()


def test_a_server_without_models_is_tried_again_and_says_why(tmp_path: Path) -> None:
    server = LocalModelServer(tmp_path / "nothing", tmp_path / "log", first_backoff_s=0.01)
    server.start()
    wait_until(lambda: server.state.starts >= 3)
    server.stop()
    assert "ended with exit code 1" in (server.state.last_exit or "")
    assert "No model could be loaded" in (tmp_path / "log").read_text()


def test_a_python_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    server = LocalModelServer(tmp_path, tmp_path / "log", python_executable="/nowhere/python", first_backoff_s=0.01)
    server.start()
    wait_until(lambda: server.state.last_exit is not None)
    server.stop()
    assert "/nowhere/python can't be started" in (server.state.last_exit or "")


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 2_000_000)
    server = LocalModelServer(tmp_path / "nothing", log)
    server.start()
    wait_until(lambda: server.state.starts >= 1)
    server.stop()
    assert (tmp_path / "log.old").stat().st_size == 2_000_000
    assert log.stat().st_size < 100_000


def test_the_server_dies_with_its_parent(tiny_models: Path, tmp_path: Path) -> None:
    """The web process is killed outright: nobody is left to stop the server, so it must see for itself."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from app.inference.local_server import LocalModelServer\n"
        "server = LocalModelServer(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "server.start()\n"
        "while server.state.pid is None: time.sleep(0.01)\n"
        "print(server.state.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(tiny_models), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not _is_alive(pid))


def _is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but wasn't collected by its new parent doesn't."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
