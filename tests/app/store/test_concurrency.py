"""Many clients at once: no error, no lost photo, no torn read."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.domain import PhotoId
from app.errors import PhotoNotFound
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing
from tests.app.store.photos import MODEL, SMALL, feature_table, features, id_of, photo, same_features
from tests.crash.size import FULL

CLIENTS = 8
SECONDS = 60.0 if FULL else 4.0
LEAST_KEPT = 30


class Crowd:
    """Clients that add, read, compute and delete photos until the time is over."""

    def __init__(self, store: Hdf5Store, seconds: float) -> None:
        self.store = store
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.numbers: dict[PhotoId, int] = {}
        self.deleted: set[PhotoId] = set()
        self.errors: list[BaseException] = []

    def run(self) -> None:
        work = [self.upload] * CLIENTS + [self.read] * CLIENTS + [self.delete, self.compute]
        threads = [threading.Thread(target=self._guarded, args=(one, i)) for i, one in enumerate(work)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def goes_on(self) -> bool:
        """Tell whether there is time left, or too little was done yet because the disk is slow."""
        too_little = len(self.numbers) - len(self.deleted) <= LEAST_KEPT
        return not self.errors and (time.monotonic() < self.end or too_little)

    def upload(self, client: int) -> None:
        number = client * 1_000_000
        while self.goes_on():
            new = [photo(number + i, 200 + number % 9000) for i in range(number % 3 + 1)]
            for added in self.store.add(new, MODEL):
                assert not added.duplicate
            with self.lock:
                self.numbers.update((one.id, number + i) for i, one in enumerate(new))
            number += len(new)

    def read(self, client: int) -> None:
        rng = random.Random(client)
        while self.goes_on():
            if (photo_id := self._any(rng)) is None:
                continue
            try:
                assert id_of(self.store.read_bytes(photo_id)) == photo_id
                self.store.read_thumbnail(photo_id)
                kept = self.store.get(photo_id)
                assert self.store.at(kept.row).id == photo_id
                found = self.store.features(photo_id, MODEL)
            except PhotoNotFound:
                assert photo_id in self.deleted
                continue
            assert found is None or same_features(features(self.numbers[photo_id]), found)
            assert len(self.store.rows()) <= len(self.numbers) + 3 * CLIENTS

    def delete(self, client: int) -> None:
        rng = random.Random(client)
        while self.goes_on():
            photo_id = self._any(rng)
            if photo_id is None or photo_id in self.deleted or len(self.numbers) - len(self.deleted) <= LEAST_KEPT:
                continue
            self.deleted.add(photo_id)
            self.store.delete(photo_id)

    def compute(self, client: int) -> None:
        while self.goes_on():
            due = [job.photo_id for job in self.store.jobs(limit=16)]
            self.store.start(due)
            with self.lock:
                found = {one: features(self.numbers[one]) for one in due if one in self.numbers}
            self.store.finish(MODEL, found)
            table = feature_table(self.store, MODEL)
            assert len(table.rows) == len(table.embeddings)

    def _any(self, rng: random.Random) -> PhotoId | None:
        with self.lock:
            return rng.choice(list(self.numbers)) if self.numbers else None

    def _guarded(self, work: Callable[[int], None], client: int) -> None:
        try:
            work(client)
        except BaseException as error:
            self.errors.append(error)


def test_a_crowd_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gallery.h5"
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert isinstance(store, Hdf5Store)
        crowd = Crowd(store, SECONDS)
        crowd.run()
        assert crowd.errors == []
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        kept = {store.at(row).id for row in store.rows().tolist()}
        assert kept == crowd.numbers.keys() - crowd.deleted
        assert len(kept) >= LEAST_KEPT
        for photo_id in kept:
            assert id_of(store.read_bytes(photo_id)) == photo_id
