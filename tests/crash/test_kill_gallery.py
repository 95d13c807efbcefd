"""`kill -9` at random moments of the real gunicorn under real uploads: no acknowledged upload is lost.

Usually twice; 100 times with CRASH_TESTS=full.
"""

import contextlib
import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from app.errors import StoreLocked
from app.running import answers
from app.store.hdf5 import Hdf5Store
from tests.app.store.photos import id_of
from tests.crash.size import FULL
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
KILLS = 100 if FULL else 2
CLIENTS = 3
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_served_app()"]


def test_no_acknowledged_upload_is_lost_when_the_gallery_is_killed(tmp_path: Path) -> None:
    path, rng = tmp_path / "gallery.h5", random.Random(1)
    expected: dict[str, bytes] = {}
    for round_ in range(KILLS):
        uploads = _upload_until_killed(path, round_, rng.uniform(0.05, 0.8))
        assert uploads
        expected.update(uploads)
        store = _open_when_released(path)
        found = {str(store.at(row).id): store.at(row).id for row in store.rows().tolist()}
        for photo_id, data in expected.items():
            assert store.read_bytes(found[photo_id]) == data
        assert {job.photo_id for job in store.jobs()} >= {found[photo_id] for photo_id in expected}
        assert store.verify().whole
        store.close()


def _open_when_released(path: Path) -> Hdf5Store:
    """Open the file as soon as the killed process is quite dead; only then does its lock end."""
    opened: list[Hdf5Store] = []

    def try_to_open() -> bool:
        with contextlib.suppress(StoreLocked):
            opened.append(Hdf5Store.open(path, create=False))
        return bool(opened)

    wait_until(try_to_open, 10, "the file's release")
    return opened[0]


def _upload_until_killed(path: Path, round_: int, after_s: float) -> dict[str, bytes]:
    """Run a gallery whose model server is away, kill it amid uploads, and return what it had acknowledged."""
    port = _free_port()
    settings = {"DATA": str(path), "PORT": str(port), "MODEL_SERVER": "127.0.0.1:9"}
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
    acknowledged: dict[str, bytes] = {}
    first = threading.Event()
    try:
        wait_until(lambda: answers(url), 60, "the gallery")
        clients = [
            threading.Thread(target=_upload, args=(url, (round_, client), acknowledged, first))
            for client in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        assert first.wait(30)
        time.sleep(after_s)
    finally:
        os.killpg(gallery.pid, signal.SIGKILL)
        gallery.wait()
    for client in clients:
        client.join()
    return acknowledged


def _upload(url: str, seed: tuple[int, int], acknowledged: dict[str, bytes], first: threading.Event) -> None:
    """Upload pictures until nobody answers any more."""
    rng = np.random.default_rng(seed)
    while True:
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(buffer, "PNG")
        data = buffer.getvalue()
        try:
            answer = requests.post(f"{url}/api/v1/images", files={"file": ("a.png", data)}, timeout=30)
            (item,) = answer.json()["items"]
        except (requests.RequestException, ValueError):
            return
        assert item["id"] == id_of(data)
        acknowledged[item["id"]] = data
        first.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
