"""`make run` and the short form `./gallery`, as a person uses them."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.app.cli.processes import ServedGallery, is_alive
from tests.waiting import wait_until

INSTALLED = ["-o", ".venv/installed"]
"""What is installed is what is tested, so make need not look whether it is the newest."""


def make_run(data: Path, log: Path) -> ServedGallery:
    command = ["make", "--no-print-directory", *INSTALLED, "run", "PORT=0", f"DATA={data}"]
    return ServedGallery(plain_environment(), log, command)


def plain_environment() -> dict[str, str]:
    """Return this process's environment without settings of a gallery, and without a make that runs the tests."""
    ours = ("GALLERY_", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.mark.usefixtures("built_models")
def test_make_run_serves_until_ctrl_c_and_starts_again(tmp_path: Path) -> None:
    data = tmp_path / "gallery.h5"
    for start in ("first", "second"):
        with make_run(data, tmp_path / f"{start}.log") as running:
            url = running.url()
            status = gallery_command(data, "status", "--json")
            assert json.loads(status.stdout)["url"] == url
            family = running.family()
            assert len(family) >= 5  # make, the command, gunicorn, its worker, the model server
            os.killpg(running.process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
            running.end_code()
            wait_until(lambda: not any(map(is_alive, family)), 10.0, "the end of all processes")  # noqa: B023
            assert "Stopping the gallery." in running.output
            assert "Traceback" not in running.output
            assert "Error" not in running.output


def test_the_short_form_takes_paths_as_they_are_seen_from_here(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no picture")
    result = gallery_command(tmp_path / "gallery.h5", "import", "bad.jpg", "--json", folder=tmp_path)
    assert result.returncode == 1
    assert json.loads(result.stdout)["items"][0]["error"]["code"] == "unsupported_image"


def gallery_command(data: Path, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run `./gallery`, called from `folder`."""
    subprocess.run(["make", "--silent", *INSTALLED, "gallery"], cwd=ROOT, env=plain_environment(), check=True)
    environment = plain_environment() | {"GALLERY_DATA": str(data), "GALLERY_MODEL_SERVER": "127.0.0.1:9"}
    command = [str(ROOT / "gallery"), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
