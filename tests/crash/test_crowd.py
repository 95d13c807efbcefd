"""Eight clients upload, eight search and one deletes, over HTTP against the real gallery, all at once.

Usually for a few seconds; for a minute with CRASH_TESTS=full. The model server is a fake one on the wire, so that
photos become ready as fast as they come.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import requests

from app.domain import PhotoId
from app.inference.fake_server import FakeModelServer
from app.settings import Settings
from app.store.hdf5 import Hdf5Store
from tests import default_model
from tests.app.cli.processes import serve
from tests.app.store.photos import id_of
from tests.crash.pictures import noise_png
from tests.crash.size import FULL
from tests.waiting import wait_until

LASTS_S = 60.0 if FULL else 2.0
PATIENCE_S = 30.0
UPLOADERS = SEARCHERS = 8
DELETE_EVERY_S = 0.03
WORDS = ["dog", "kitty -person", "vehicle", '"traffic light" or so', "instrument food"]
METHODS = ["embedding", "ssd", "layout", "hybrid"]


Client = Callable[["Crowd", requests.Session, random.Random], None]


class Crowd:
    """What all clients know of each other's doings."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/api/v1"
        self.ends_at = time.monotonic() + LASTS_S
        self.searches = 0
        self._lock = threading.Lock()
        self._uploaded: list[str] = []
        self._sent: set[str] = set()
        self._going: set[str] = set()
        self._gone: set[str] = set()

    def on(self) -> bool:
        """Tell whether to go on: until the time is over and, on a busy machine, all have done enough to tell."""
        now = time.monotonic()
        return now < self.ends_at or (now < self.ends_at + PATIENCE_S and not self.has_done_enough())

    def has_done_enough(self) -> bool:
        with self._lock:
            remaining = len(self._uploaded) - len(self._gone)
            return remaining > 5 * LASTS_S and len(self._gone) > LASTS_S and self.searches > 5 * LASTS_S

    def send(self, photo_ids: list[str]) -> None:
        with self._lock:
            self._sent |= set(photo_ids)

    def uploaded(self, photo_ids: list[str]) -> None:
        with self._lock:
            self._uploaded += photo_ids

    def any_photo(self, rng: random.Random) -> str | None:
        with self._lock:
            return rng.choice(self._uploaded) if self._uploaded else None

    def to_delete(self, rng: random.Random) -> str | None:
        """Choose a photo that is about to be deleted."""
        photo_id = self.any_photo(rng)
        with self._lock:
            if photo_id is None or photo_id in self._going:
                return None
            self._going.add(photo_id)
            return photo_id

    def deleted(self, photo_id: str) -> None:
        with self._lock:
            self._gone.add(photo_id)

    def may_be_gone(self, photo_id: str) -> bool:
        with self._lock:
            return photo_id in self._going

    def gone(self) -> set[str]:
        with self._lock:
            return set(self._gone)

    def remaining(self) -> set[str]:
        with self._lock:
            return set(self._uploaded) - self._gone

    def check_hits(self, hits: list[str], gone_before: set[str]) -> None:
        """Check that a search found photos that were sent, each once, and none that had been deleted before."""
        with self._lock:
            self.searches += 1
            assert len(hits) == len(set(hits))
            assert set(hits) <= self._sent
            assert not set(hits) & gone_before


def test_a_crowd_of_clients_meets_no_error_no_loss_and_no_torn_read(tmp_path: Path) -> None:
    with FakeModelServer(default_model.CARD) as model_server:
        settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server.address)
        with serve(settings, tmp_path) as gallery:
            crowd = Crowd(gallery.url())
            run([*[upload] * UPLOADERS, *[search] * SEARCHERS, delete], crowd)
            check_through_http(crowd)
            gallery.process.terminate()
            assert gallery.end_code() == 0
            assert "ERROR" not in gallery.output, gallery.output
            assert "Traceback" not in gallery.output, gallery.output
    check_file(settings.data, crowd.remaining())


def run(clients: Sequence[Client], crowd: Crowd) -> None:
    """Let all clients work until the time is over; raise what any of them met."""

    def work(client: Client, seed: int) -> None:
        with requests.Session() as session:
            client(crowd, session, random.Random(seed))

    with ThreadPoolExecutor(len(clients)) as pool:
        futures = [pool.submit(work, client, seed) for seed, client in enumerate(clients)]
        for future in futures:
            future.result()


def upload(crowd: Crowd, session: requests.Session, rng: random.Random) -> None:
    """Upload photos of all sizes, one to three at once, and read back those of others."""
    while crowd.on():
        photos = [
            noise_png(rng.getrandbits(48), rng.randint(8, 200), rng.randint(8, 120)) for _ in range(rng.randint(1, 3))
        ]
        ids = [str(id_of(data)) for data in photos]
        crowd.send(ids)
        answer = session.post(f"{crowd.url}/images", files=[("file", ("a.png", data)) for data in photos], timeout=60)
        assert answer.status_code == 202, answer.text
        assert [item["id"] for item in answer.json()["items"]] == ids
        crowd.uploaded(ids)
        for photo_id in (ids[0], crowd.any_photo(rng)):
            assert photo_id is not None
            read(crowd, session, photo_id)


def read(crowd: Crowd, session: requests.Session, photo_id: str) -> None:
    """Fetch a photo's bytes, which must be the very ones that were sent, and its thumbnail."""
    original = session.get(f"{crowd.url}/images/{photo_id}/file", timeout=60)
    thumbnail = session.get(f"{crowd.url}/images/{photo_id}/thumbnail", timeout=60)
    for answer in (original, thumbnail):
        assert answer.status_code == 200 or (answer.status_code == 404 and crowd.may_be_gone(photo_id)), answer.text
    assert original.status_code == 404 or id_of(original.content) == photo_id
    assert thumbnail.status_code == 404 or thumbnail.content[:4] + thumbnail.content[8:12] == b"RIFFWEBP"


def search(crowd: Crowd, session: requests.Session, rng: random.Random) -> None:
    """Search by words and by photo in turn."""
    while crowd.on():
        gone = crowd.gone()
        by_words = session.get(f"{crowd.url}/search", params={"q": rng.choice(WORDS)}, timeout=60)
        assert by_words.status_code == 200, by_words.text
        crowd.check_hits([item["id"] for item in by_words.json()["items"]], gone)
        photo_id, gone = crowd.any_photo(rng), crowd.gone()
        if photo_id is None:
            continue
        like = session.get(
            f"{crowd.url}/images/{photo_id}/similar", params={"method": rng.choice(METHODS)}, timeout=60
        )
        assert like.status_code in (200, 409) or crowd.may_be_gone(photo_id), like.text
        if like.status_code == 200:
            crowd.check_hits([item["id"] for item in like.json()["items"]], gone)


def delete(crowd: Crowd, session: requests.Session, rng: random.Random) -> None:
    """Delete photos, new and old ones, ready or not."""
    while crowd.on():
        time.sleep(DELETE_EVERY_S)
        photo_id = crowd.to_delete(rng)
        if photo_id is not None:
            answer = session.delete(f"{crowd.url}/images/{photo_id}", timeout=60)
            assert answer.status_code == 204, answer.text
            crowd.deleted(photo_id)
            assert session.get(f"{crowd.url}/images/{photo_id}", timeout=60).status_code == 404


def check_through_http(crowd: Crowd) -> None:
    """Wait until all photos are ready; what the gallery lists is what was uploaded and not deleted."""
    with requests.Session() as session:

        def all_ready() -> bool:
            answer = session.get(f"{crowd.url}/images?state=ready&limit=1", timeout=60)
            return bool(answer.json()["total"] == len(crowd.remaining()))

        wait_until(all_ready, 120 if FULL else 30, "all photos to be ready")
        listed: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = session.get(f"{crowd.url}/images?limit=500{cursor}", timeout=60).json()
            listed += [item["id"] for item in page["items"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert len(listed) == len(set(listed))
        assert set(listed) == crowd.remaining()
        for photo_id in listed:
            read(crowd, session, photo_id)
    assert crowd.has_done_enough()


def check_file(path: Path, remaining: set[str]) -> None:
    """The file holds the same photos, each whole and with its features."""
    store = Hdf5Store.open(path, create=False)
    try:
        assert {str(store.at(row).id) for row in store.rows().tolist()} == remaining
        assert store.verify().whole
        for photo_id in remaining:
            found = store.features(PhotoId(photo_id), default_model.FEATURES)
            assert found is not None
            assert abs(float(np.linalg.norm(found.embedding)) - 1) < 1e-5
    finally:
        store.close()
