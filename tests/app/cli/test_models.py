"""The commands that change models, on real processes, a real model server and a real file."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import requests

from app.settings import Settings
from tests import default_model
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder
from tests.app.cli.processes import serve
from tests.conftest import QUICK_EMBEDDER
from tests.waiting import wait_until

DEFAULT = default_model.FEATURES
BOTH = [DEFAULT, QUICK_EMBEDDER]
COUNT = 32


def test_models_change_on_a_file_that_nobody_serves(on_file: CommandLine, photos: MakeFolder) -> None:
    on_file.run("import", photos("one.jpg", "two.jpg", "three.jpg"))
    change = on_file.json("models", "activate", QUICK_EMBEDDER)
    assert (change["active"], change["under_way"], change["done"]) == (BOTH, False, 3)
    assert change["overlap"]["photos"] == 3
    listed = on_file.run("models", "list").stdout
    assert "in use: embedder" in listed
    assert f"Searches answer from {', '.join(BOTH)}." in listed
    assert on_file.json("models", "rollback")["active"] == [DEFAULT]
    assert f"Kept from before: {QUICK_EMBEDDER} (3 photos)" in on_file.run("models", "list").stdout
    assert "said of 3 photos is forgotten" in on_file.run("models", "drop", QUICK_EMBEDDER).stdout
    assert on_file.json("models", "list")["kept"] == [{"model": DEFAULT, "photos": 3}]
    assert "needed" in on_file.run("models", "drop", DEFAULT, code=1).stderr
    assert "model_server build vgg16" in on_file.run("models", "activate", "vgg16", code=1).stderr


def test_a_change_goes_on_where_it_was_when_all_processes_are_killed(
    tmp_path: Path, model_server_address: str, photos: MakeFolder
) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server_address, batch_size=1)
    commands = CommandLine(replace(settings, model_server="127.0.0.1:9"))
    with serve(settings, tmp_path) as gallery:
        url = gallery.url()
        commands.run("import", photos(*(f"{number}.jpg" for number in range(COUNT))))
        assert commands.json("models", "activate", QUICK_EMBEDDER, "--no-wait")["under_way"]
        wait_until(lambda: change_of(url)["done"] >= 3, what="some photos")
        assert requests.post(f"{url}/api/v1/models/pause", timeout=30).json()["paused"]
        assert "No model is called 'vgg'" in commands.run("models", "activate", "vgg", code=1).stderr
        done = change_of(url)["done"]
        for pid in gallery.family():
            os.kill(pid, signal.SIGKILL)
    with serve(settings, tmp_path) as gallery:
        url = gallery.url()
        change = change_of(url)
        assert change["under_way"]
        assert change["paused"]
        assert done <= change["done"] < COUNT
        assert change["active"] == [DEFAULT]
        assert requests.post(f"{url}/api/v1/models/resume", timeout=30).json()["target"] == BOTH
        assert commands.json("reindex")["active"] == BOTH
        items = requests.get(f"{url}/api/v1/models", timeout=30).json()["items"]
        seen = {item["name"]: (item["active"], item["state"], item["covered"]) for item in items}
        assert seen["gallery_default"] == seen[QUICK_EMBEDDER] == (True, "ready", COUNT)
        assert seen["vgg16"] == (False, "down", 0)
        assert "needed" in commands.run("models", "drop", QUICK_EMBEDDER, code=1).stderr


def change_of(url: str):  # type: ignore[no-untyped-def]
    return requests.get(f"{url}/api/v1/models", timeout=30).json()["change"]
