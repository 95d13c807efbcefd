"""`kill -9` at random moments of the real gunicorn under real work: nothing that was acknowledged is lost.

Clients upload, look whether photos are ready and delete. After each kill the file holds every photo whose upload was
answered, the features of every photo that was shown as ready, and no photo whose deletion was answered.

Usually twice; 100 times with CRASH_TESTS=full.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import requests

from app import imaging
from app.domain import Features, PhotoId, PhotoState
from app.errors import StoreLocked
from app.inference.base import ModelOutput
from app.inference.fake import plausible_outputs
from app.inference.fake_server import FakeModelServer
from app.running import answers
from app.services.features import FeatureMaker
from app.store.hdf5 import Hdf5Store
from app.text.word_vectors import WordVectors
from tests.app.store.photos import id_of, same_features
from tests.crash.pictures import noise_png
from tests.crash.size import FULL
from tests.default_model import CARD, FEATURES
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
KILLS = 100 if FULL else 2
UPLOADERS = 3
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_served_app()"]
Client = Callable[[str, int, "Answered"], None]


@dataclass
class Answered:
    """What the gallery has answered to all clients so far; each change is atomic in CPython."""

    uploaded: dict[str, bytes] = field(default_factory=dict)
    """By id; those whose deletion was asked for are in it no more."""
    ready: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    def counts(self) -> tuple[int, int, int]:
        """Return how many of each there are; a photo that is to be deleted still counts as uploaded."""
        return len(self.uploaded) + len(self.deleted), len(self.ready), len(self.deleted)


def test_nothing_acknowledged_is_lost_when_the_gallery_is_killed(tmp_path: Path) -> None:
    path, rng, expect = tmp_path / "gallery.h5", random.Random(1), ExpectedFeatures()
    answered = Answered()
    with FakeModelServer(CARD) as model_server:
        for round_ in range(KILLS):
            _work_until_killed(path, model_server.address, round_, rng.uniform(0.05, 0.8), answered)
            _check(path, answered, expect)


def _check(path: Path, answered: Answered, expect: "ExpectedFeatures") -> None:
    store = _open_when_released(path)
    try:
        found = {str(store.at(row).id): store.at(row) for row in store.rows().tolist()}
        for photo_id, data in answered.uploaded.items():
            assert store.read_bytes(found[photo_id].id) == data
        waiting = {str(job.photo_id) for job in store.jobs()}
        for photo_id, photo in found.items():
            assert (photo.state is PhotoState.READY) == (photo_id not in waiting)
            if photo_id not in waiting:
                assert same_features(expect.of(store, photo.id), store.features(photo.id, FEATURES))
        assert not answered.ready & answered.uploaded.keys() & waiting
        assert not answered.deleted & found.keys()
        assert store.verify().whole
    finally:
        store.close()


class ExpectedFeatures:
    """What the fake model says of photos, each looked at once."""

    def __init__(self) -> None:
        self._maker = FeatureMaker(CARD, WordVectors.load())
        self._known: dict[PhotoId, Features] = {}

    def of(self, store: Hdf5Store, photo_id: PhotoId) -> Features:
        """Return the features that a stored photo must have."""
        if photo_id not in self._known:
            picture = imaging.decode(store.read_bytes(photo_id), max_pixels=1_000_000)
            model_input = picture.model_input(CARD.input_width_px, CARD.input_height_px)
            outputs = plausible_outputs(CARD, np.stack([model_input]))
            (self._known[photo_id],) = self._maker.make(ModelOutput(version=CARD.version, **outputs))
        return self._known[photo_id]


def _open_when_released(path: Path) -> Hdf5Store:
    """Open the file as soon as the killed process is quite dead; only then does its lock end."""
    opened: list[Hdf5Store] = []

    def try_to_open() -> bool:
        with contextlib.suppress(StoreLocked):
            opened.append(Hdf5Store.open(path, create=False))
        return bool(opened)

    wait_until(try_to_open, 10, "the file's release")
    return opened[0]


def _work_until_killed(path: Path, model_server: str, round_: int, after_s: float, answered: Answered) -> None:
    """Run a gallery and kill it amid the work of its clients: a while after the first upload was answered.

    Every other time, a while after there were answers of every kind.
    """
    port = _free_port()
    settings = {"DATA": str(path), "PORT": str(port), "MODEL_SERVER": model_server}
    environment = os.environ | {f"GALLERY_{name}": value for name, value in settings.items()}
    url = f"http://127.0.0.1:{port}"
    gallery = subprocess.Popen(
        GUNICORN,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    before = answered.counts()
    kinds = 3 if round_ % 2 == 0 else 1

    def worth_killing() -> bool:
        return all(now > then for now, then in zip(answered.counts()[:kinds], before, strict=False))

    try:
        wait_until(lambda: answers(url), 60, "the gallery")
        work: list[Client] = [*[_upload] * UPLOADERS, _look, _delete]
        clients = [
            threading.Thread(
                target=_until_gone, args=(client, f"{url}/api/v1/images", 10 * round_ + number, answered)
            )
            for number, client in enumerate(work)
        ]
        for client in clients:
            client.start()
        wait_until(worth_killing, 30, "enough answers")
        time.sleep(after_s)
    finally:
        os.killpg(gallery.pid, signal.SIGKILL)
        gallery.wait()
    for client in clients:
        client.join()


def _until_gone(client: Client, url: str, seed: int, answered: Answered) -> None:
    """Let a client work until nobody answers any more."""
    with contextlib.suppress(requests.RequestException, ValueError):
        client(url, seed, answered)


def _upload(url: str, seed: int, answered: Answered) -> None:
    for number in range(1_000_000):
        data = noise_png((seed, number))
        (item,) = requests.post(url, files={"file": ("a.png", data)}, timeout=30).json()["items"]
        assert item["id"] == id_of(data)
        answered.uploaded[item["id"]] = data


def _look(url: str, seed: int, answered: Answered) -> None:
    """Note which photos are shown as ready."""
    while True:
        page = requests.get(f"{url}?state=ready&limit=500", timeout=30).json()
        answered.ready.update(item["id"] for item in page["items"])
        time.sleep(0.01)


def _delete(url: str, seed: int, answered: Answered) -> None:
    """Delete photos, ready or not; one whose deletion isn't answered may be there or not."""
    rng = random.Random(seed)
    while True:
        time.sleep(0.03)
        if len(answered.uploaded) > 1:
            photo_id = rng.choice(list(answered.uploaded))
            del answered.uploaded[photo_id]
            answer = requests.delete(f"{url}/{photo_id}", timeout=30)
            assert answer.status_code == 204
            answered.deleted.add(photo_id)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
