"""The real gunicorn with the real local model server, both stopped and killed by signals."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import open_gallery
from app.domain import PhotoId, PhotoState
from app.inference.fake import FakeModelClient
from app.inference.fake_server import FakeModelServer
from app.settings import Settings
from model_server.catalogue import load_card
from tests.app.cli.processes import ServedGallery, is_alive, serve
from tests.resilience.people import RECOVERY_LIMIT_S, People
from tests.waiting import wait_until

CARD = load_card("gallery_default")

pytestmark = pytest.mark.xdist_group("resilience")


@pytest.fixture
def settings(tmp_path: Path, built_models: Path) -> Settings:
    return Settings(data=tmp_path / "gallery.h5", models=built_models)


@pytest.fixture
def gallery(settings: Settings, tmp_path: Path) -> Iterator[ServedGallery]:
    with serve(settings, tmp_path) as running:
        yield running


def server_pid(gallery: ServedGallery) -> int | None:
    """Return the process that looks at photos, or None while none runs."""
    for pid in gallery.family():
        command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if "-m model_server.server" in command.stdout and is_alive(pid):
            return pid
    return None


@pytest.mark.long
def test_signals_to_every_process_lose_nothing(gallery: ServedGallery, settings: Settings, tmp_path: Path) -> None:
    people = People(gallery.url())
    people.wait_until_well()
    ids = people.upload(3)
    people.wait_until_ready(ids)

    stopped = server_pid(gallery)
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    ids += people.upload(5)
    people.search_by_words()
    people.wait_for_reason("no answer within")
    people.search_by_photo_refused("no answer within")
    os.kill(stopped, signal.SIGCONT)
    people.wait_until_ready(ids)
    people.wait_until_well()

    os.kill(stopped, signal.SIGKILL)
    ids += people.upload(5)
    people.search_by_words()
    wait_until(lambda: server_pid(gallery) not in (None, stopped), 10, "another server")
    assert "failed" not in people.states(ids)
    people.wait_until_ready(ids, 60)  # TensorFlow and the model need seconds to load
    people.wait_until_well()
    assert people.search_by_photo().status_code == 200

    ids += people.upload(20)
    for pid in gallery.family():
        os.kill(pid, signal.SIGKILL)
    again = tmp_path / "again"
    again.mkdir()
    # Any model server will do, and this one needs no seconds to start.
    with FakeModelServer(CARD) as server, serve(replace(settings, model_server=server.address), again) as second:
        people.url = second.url()
        people.search_by_words()
        people.wait_until_ready(ids, 60)


def test_all_of_it_ends_when_the_command_that_started_it_is_killed(tmp_path: Path) -> None:
    with FakeModelServer(CARD) as server:
        settings = Settings(data=tmp_path / "gallery.h5", model_server=server.address)
        with serve(settings, tmp_path) as running:
            people = People(running.url())
            ids = people.upload(2)
            family = running.family()
            running.process.kill()
            wait_until(lambda: not any(map(is_alive, family)), RECOVERY_LIMIT_S, "the end of all processes")
    # The file is free for another process, and has all that was acknowledged.
    gallery = open_gallery(settings, FakeModelClient())
    wait_until(lambda: {gallery.library.details(PhotoId(one)).photo.state for one in ids} == {PhotoState.READY})
    gallery.close()
