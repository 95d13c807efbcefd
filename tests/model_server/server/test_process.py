"""The server as a process: when it opens its port, how it stops, and how it fails to start."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from model_server.server.cli import parse_options
from model_server.server.options import available_cores
from tests.model_server.server.calls import pictures, refusal, request, slow_picture
from tests.model_server.server.process import ServerProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("model_server")

FREE = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", FREE))
        port: int = probe.getsockname()[1]
        return port


def wait_until_open(port: int, server: ServerProcess) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(server.log)


def test_one_life_of_a_server(tiny_models: Path, apis: Any, tmp_path: Path) -> None:
    """Opens its port when the models are warm; refuses when its queue is full; obeys SIGTERM while it works."""
    port = free_port()
    arguments = ("--port", str(port), "--max-waiting", "2")
    with ServerProcess(tiny_models, tmp_path / "log", *arguments) as server:
        wait_until_open(port, server)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)
            stub.Predict(request(apis, "tiny", image=pictures(1)), timeout=20)

            busy = [stub.Predict.future(request(apis, "slow", image=slow_picture(255)), timeout=60) for _ in range(3)]
            expect_full_queue(stub, apis)

            started = time.monotonic()
            server.process.terminate()
            assert server.process.wait(timeout=15) == 0
            assert time.monotonic() - started < 1.0
            for call in busy:
                assert call.code() is grpc.StatusCode.UNAVAILABLE


def expect_full_queue(stub: Any, apis: Any) -> None:
    """Call until the three slow calls have arrived, one at work and two in the queue; none of it may be queued."""
    deadline = time.monotonic() + 5
    code, text = grpc.StatusCode.OK, ""
    while code is not grpc.StatusCode.UNAVAILABLE and time.monotonic() < deadline:
        code, text = refusal_or_timeout(stub, apis)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert text.startswith("The batch scheduling queue to which this task was submitted is full")


def refusal_or_timeout(stub: Any, apis: Any) -> tuple[grpc.StatusCode, str]:
    def predict(message: Any, timeout: float) -> Any:
        return stub.Predict(message, timeout=0.3)

    return refusal(predict, request(apis, "slow", image=slow_picture(255)))


def test_a_second_server_can_not_take_the_port(server: ServerProcess, tiny_models: Path, tmp_path: Path) -> None:
    port = server.address.split(":")[1]
    with ServerProcess(tiny_models, tmp_path / "log", "--port", port) as second:
        assert second.process.wait(timeout=60) == 1
        assert f"Can't listen on 127.0.0.1:{port}" in second.log


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, tmp_path / "log") as server:
        assert server.process.wait(timeout=60) == 1
        assert f"No model could be loaded from {tmp_path}" in server.log


def test_it_stops_when_its_parent_is_killed(tiny_models: Path, tmp_path: Path) -> None:
    """A parent that is killed outright can't tell its child, but its end of the pipe closes."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-m", "model_server.server", "--models", str(tiny_models), "--port", "0"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", code, *command, "--exit-with-parent"], stdout=subprocess.PIPE, stderr=log
        ) as parent,
    ):
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but wasn't collected by its new parent doesn't."""
    try:
        os.kill(pid, 0)
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_options_have_defaults(tmp_path: Path) -> None:
    options = parse_options(["--models", str(tmp_path)])
    assert (options.host, options.port, options.threads) == ("127.0.0.1", 8500, available_cores())
    assert not options.exit_with_parent


@pytest.mark.parametrize("arguments", [[], ["--models", "x", "--threads", "0"], ["--models", "x", "--port", "high"]])
def test_bad_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_options(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
