import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.running import announce, find_running, sidecar_of, url_of, withdraw
from app.settings import ROOT, Settings
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder
from tests.app.cli.processes import FLASK, environment_of, serve


def test_status_of_a_running_gallery(on_server: CommandLine, served_settings: Settings) -> None:
    answer = on_server.json("status")
    assert answer["running"]
    assert answer["ready"]
    assert answer["url"].startswith("http://127.0.0.1:")
    assert answer["file"] == str(served_settings.data)
    assert answer["parts"]["model_server"]["state"] == "ready"
    text = on_server.run("status").stdout
    assert f"{answer['url']} (process {answer['pid']})" in text
    assert "model_server" in text


def test_status_of_a_file_starts_nothing(on_file: CommandLine, photos: MakeFolder) -> None:
    on_file.run("import", photos("one.jpg"), "--no-wait")
    alone = CommandLine(replace(on_file.settings, model_server="local", models=Path("no-such-folder")))
    answer = alone.json("status")
    assert not answer["running"]
    assert not answer["ready"]
    assert answer["parts"]["gallery_file"]["photos"] == 1
    assert "model_server" not in answer["parts"]
    assert not list(on_file.settings.data.parent.glob("*.log"))
    assert "not running" in alone.run("status").stdout


@pytest.mark.parametrize("command", [["status"], ["search", "cat"], ["similar", "0" * 32], ["export", "nowhere"]])
def test_reading_commands_make_no_file(on_file: CommandLine, command: list[str]) -> None:
    result = on_file.run(*command, code=1)
    assert "There is no gallery file" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not on_file.settings.data.exists()


def test_a_file_that_another_process_has_open_is_an_error_with_its_id(
    on_file: CommandLine, on_server: CommandLine
) -> None:
    pid = on_server.json("status")["pid"]
    sidecar = sidecar_of(on_server.settings.data)
    hidden = sidecar.rename(sidecar.with_name("hidden"))
    try:
        answer = on_server.json("status", code=1)
    finally:
        hidden.rename(sidecar)
    assert answer["error"]["code"] == "store_locked"
    assert str(pid) in answer["error"]["message"]


@pytest.mark.parametrize(
    "told",
    [
        {"url": "http://127.0.0.1:9", "pid": os.getpid()},
        {"url": "http://127.0.0.1:9", "pid": 2**22 + 1},
        {"url": "http://127.0.0.1:9", "pid": -1},
        {"url": "no address", "pid": os.getpid()},
        {"pid": "x"},
        [],
        None,
    ],
)
def test_an_address_of_nobody_is_ignored(tmp_path: Path, told: object) -> None:
    sidecar_of(tmp_path / "gallery.h5").write_text(json.dumps(told))
    assert find_running(tmp_path / "gallery.h5") is None


def test_a_file_whose_server_died_is_worked_on_directly(on_file: CommandLine, photos: MakeFolder) -> None:
    on_file.settings.data.parent.mkdir()
    sidecar_of(on_file.settings.data).write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": os.getpid()}))
    assert on_file.json("import", photos("one.jpg"), "--no-wait")["imported"] == 1


def test_only_the_process_that_announced_withdraws(tmp_path: Path) -> None:
    data = tmp_path / "gallery.h5"
    announce(data, "http://127.0.0.1:8000")
    assert json.loads(sidecar_of(data).read_text()) == {"url": "http://127.0.0.1:8000", "pid": os.getpid()}
    sidecar_of(data).write_text(json.dumps({"url": "http://127.0.0.1:8000", "pid": os.getppid()}))
    withdraw(data)
    assert sidecar_of(data).exists()
    announce(data, "http://127.0.0.1:8000")
    withdraw(data)
    assert list(tmp_path.iterdir()) == []
    withdraw(data)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("[::1]", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_address_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert url_of(host, 80) == url


def test_a_password_is_sent_and_asked_for(model_server_address: str, tmp_path: Path, photos: MakeFolder) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server_address, password="open sesame")
    folder = photos("one.jpg")
    with serve(settings, tmp_path) as served:
        served.url()
        assert find_running(settings.data) is not None
        assert CommandLine(settings).json("import", folder)["imported"] == 1
        wrong = CommandLine(replace(settings, password="wrong"))
        assert "GALLERY_PASSWORD" in wrong.run("import", folder, code=1).stderr
        assert wrong.json("search", "cat", code=1)["error"]["code"] == "access_denied"
        assert "GALLERY_PASSWORD" in wrong.run("export", tmp_path / "out", code=1).stderr


def test_the_command_line_itself_prints_json_only(on_server: CommandLine) -> None:
    result = subprocess.run(
        [*FLASK, "gallery", "status", "--json"],
        cwd=ROOT,
        env=environment_of(on_server.settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout)["running"]
    assert result.stderr == ""


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"GALLERY_PORT": "x", "GALLERY_DATA": str(tmp_path / "gallery.h5")}
    result = subprocess.run(
        [*FLASK, "gallery", "status"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "Error: GALLERY_PORT must be a number, not 'x'.\n"


def test_a_command_for_a_running_gallery_loads_no_tensorflow_and_no_gensim(on_server: CommandLine) -> None:
    heavy = (
        "import sys, app; app.create_app(); print([m for m in ('tensorflow', 'gensim', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
