import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from app.running import sidecar_of
from app.settings import ROOT, Settings
from tests.app.cli.command_line import CommandLine
from tests.app.cli.processes import SERVE, environment_of, is_alive, serve
from tests.waiting import wait_until


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_everything_cleanly(model_server_address: str, tmp_path: Path, stop: signal.Signals) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server_address)
    with serve(settings, tmp_path) as served:
        url = served.url()
        assert requests.get(f"{url}/readyz", timeout=10).json()["ready"]
        assert sidecar_of(settings.data).exists()
        family = served.family()
        assert len(family) == 3  # the command, gunicorn and its worker
        served.process.send_signal(stop)
        assert served.end_code() == 0
        wait_until(lambda: not any(map(is_alive, family)), 5.0, "the end of all processes")
        assert "Traceback" not in served.output
        assert served.output.endswith("Stopping the gallery.\n")
        assert not sidecar_of(settings.data).exists()
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_a_second_start_on_the_same_file_says_who_has_it(on_server: CommandLine) -> None:
    status = on_server.json("status")
    result = run_serve(replace(on_server.settings, port=0))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert status["url"] in result.stderr
    assert str(status["pid"]) in result.stderr
    assert requests.get(f"{status['url']}/healthz", timeout=10).ok


def test_a_file_that_is_locked_without_an_address_is_said_too(on_server: CommandLine) -> None:
    pid = on_server.json("status")["pid"]
    sidecar = sidecar_of(on_server.settings.data)
    hidden = sidecar.rename(sidecar.with_name("hidden"))
    try:
        result = run_serve(replace(on_server.settings, port=0))
    finally:
        hidden.rename(sidecar)
    assert result.returncode == 1
    assert f"Process {pid} has" in result.stderr
    assert "Traceback" not in result.stderr
    assert "The web server ended" in result.stderr


def test_a_port_in_use_is_named_with_another_one(tmp_path: Path, taken_port: int) -> None:
    result = run_serve(Settings(data=tmp_path / "gallery.h5", model_server="127.0.0.1:9", port=taken_port))
    assert result.returncode == 1
    assert f"port {taken_port} of 127.0.0.1" in result.stderr
    assert f"make run PORT={taken_port + 1}" in result.stderr
    assert not (tmp_path / "gallery.h5").exists()


def test_an_open_address_without_a_password_is_refused(tmp_path: Path) -> None:
    environment = os.environ | {"GALLERY_HOST": "0.0.0.0", "GALLERY_DATA": str(tmp_path / "gallery.h5")}
    environment.pop("GALLERY_PASSWORD", None)
    result = subprocess.run(SERVE, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "GALLERY_PASSWORD" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_part_that_is_away_is_named_in_a_plain_line(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server="127.0.0.1:9")
    with serve(settings, tmp_path) as served:
        wait_until(lambda: "model server" in served.output, 60.0, "a line about what is missing")
        served.process.send_signal(signal.SIGINT)
        assert served.end_code() == 0
        assert "Traceback" not in served.output


def test_a_web_server_that_dies_ends_the_command(tmp_path: Path, model_server_address: str) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server_address)
    with serve(settings, tmp_path) as served:
        served.url()
        family = served.family()
        (gunicorn,) = (pid for pid in family - {served.process.pid} if os.getpgid(pid) == pid)
        os.kill(gunicorn, signal.SIGKILL)
        assert served.end_code() == 1
        assert "was killed by signal 9" in served.output
        wait_until(lambda: not any(map(is_alive, family)), 20.0, "the end of all processes")


def run_serve(settings: Settings) -> subprocess.CompletedProcess[str]:
    """Run a `serve` that must end by itself."""
    return subprocess.run(
        SERVE, cwd=ROOT, env=environment_of(settings), capture_output=True, text=True, check=False, timeout=60
    )
