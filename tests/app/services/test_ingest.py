"""The background work: every photo ends `ready` or `failed` with a true reason, whatever the model server does."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app import imaging
from app.domain import Bytes8, Features, Photo, PhotoId, PhotoState
from app.errors import StoreFull
from app.inference.fake import FakeModelClient, Fault
from app.services import ingest
from app.services.features import FeatureMaker
from app.services.looker import Looker
from app.services.photo_ids import photo_id_of
from app.services.prepared import PreparedInputs
from app.store.base import NewPhoto
from app.store.memory import MemoryStore
from app.text.word_vectors import WordVectors
from model_server.catalogue import load_card
from tests.photos import drawn_photo
from tests.waiting import wait_until

CARD = load_card("gallery_default")


class Listener:
    """Remembers whose features it was given."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        assert len(photos) == len(features)
        self.rows += [photo.row for photo in photos]


class Bench:
    """An ingest on a store in memory and a fake model server."""

    def __init__(self, words: WordVectors, batch_size: int = 4) -> None:
        self.store = MemoryStore()
        self.client = FakeModelClient()
        self.listener = Listener()
        self.prepared = PreparedInputs()
        self.decoded = 0
        looker = Looker(CARD, self.client, FeatureMaker(CARD, words), self.listener, self.prepare)
        self.ingest = ingest.Ingest(self.store, lambda: looker, self.prepared, batch_size)

    def prepare(self, data: bytes) -> Bytes8:
        self.decoded += 1
        return imaging.decode(data).model_input(300, 300)

    def add(self, count: int) -> list[PhotoId]:
        files = [drawn_photo(seed) for seed in range(count)]
        photos = []
        for number, data in enumerate(files):
            picture = imaging.decode(data)
            photos.append(NewPhoto(photo_id_of(data), f"{number}.jpg", data, picture.facts, picture.thumbnail(64)))
        return [added.photo.id for added in self.store.add(photos, CARD.name)]

    def states(self) -> list[PhotoState]:
        return [self.store.at(int(row)).state for row in self.store.rows()]

    def work_until_idle(self) -> None:
        while self.ingest.work_once():
            pass


@pytest.fixture(scope="module")
def words() -> WordVectors:
    return WordVectors.load()


@pytest.fixture
def bench(words: WordVectors) -> Bench:
    return Bench(words)


def test_photos_become_ready_in_batches_and_are_announced(bench: Bench) -> None:
    bench.add(6)
    bench.work_until_idle()
    assert bench.states() == [PhotoState.READY] * 6
    assert bench.client.batches == [4, 2]
    assert sorted(bench.listener.rows) == list(range(6))
    assert bench.store.jobs() == []


def test_inputs_prepared_at_upload_are_not_decoded_again(bench: Bench) -> None:
    ids = bench.add(2)
    bench.prepared.put(ids[0], np.zeros((300, 300, 3), dtype=np.uint8))
    bench.work_until_idle()
    assert bench.decoded == 1


def test_a_photo_that_the_model_refuses_fails_alone(bench: Bench) -> None:
    ids = bench.add(5)
    bad = bench.prepare(bench.store.read_bytes(ids[2]))
    bench.client.rejects = lambda image: bool(np.array_equal(image, bad))
    bench.work_until_idle()
    states = dict(zip(ids, bench.states(), strict=True))
    assert states.pop(ids[2]) is PhotoState.FAILED
    assert set(states.values()) == {PhotoState.READY}
    assert bench.store.get(ids[2]).error


def test_while_the_server_is_away_photos_wait_and_no_job_is_lost(words: WordVectors) -> None:
    bench = Bench(words)
    bench.client.fault = Fault.DEAD
    bench.add(3)
    bench.ingest.start()
    wait_until(lambda: bench.ingest.problem is not None, what="the ingest noticing that the server is away")
    assert set(bench.states()) <= {PhotoState.STORED, PhotoState.PROCESSING}
    assert len(bench.store.jobs()) == 3
    bench.client.fault = None
    wait_until(lambda: bench.states() == [PhotoState.READY] * 3, what="recovery without being asked")
    assert bench.ingest.problem is None
    bench.ingest.stop()


@pytest.mark.parametrize("fault", [Fault.WRONG_SHAPE, Fault.NOT_A_NUMBER, Fault.GARBAGE])
def test_an_answer_that_cannot_be_used_fails_the_photo_with_the_reason(words: WordVectors, fault: Fault) -> None:
    bench = Bench(words)
    bench.client.spoils, bench.client.spoiled_by = (lambda image: bool(image.any())), fault
    (photo_id,) = bench.add(1)
    bench.ingest.start()
    wait_until(lambda: bench.states() == [PhotoState.FAILED], what="the photo being given up")
    assert str(fault) in (bench.store.get(photo_id).error or "")
    bench.ingest.stop()


@pytest.mark.parametrize("fault", [Fault.WRONG_SHAPE, Fault.GARBAGE, Fault.REJECTS, Fault.NO_MEMORY, Fault.FULL])
def test_a_server_that_fails_for_every_picture_blames_no_photo(words: WordVectors, fault: Fault) -> None:
    bench = Bench(words)
    bench.client.fault = fault
    bench.add(6)
    bench.ingest.start()
    wait_until(lambda: str(fault) in (bench.ingest.problem or ""), what="the ingest saying why it waits")
    assert len(bench.store.jobs()) == 6
    bench.client.fault = None
    bench.ingest.resume()
    wait_until(lambda: bench.states() == [PhotoState.READY] * 6, 5, what="going on at once")
    bench.ingest.stop()


def test_a_lack_of_memory_halves_the_batch_and_is_remembered(words: WordVectors) -> None:
    bench = Bench(words, batch_size=8)
    bench.client.most_rows = 2
    bench.add(16)
    bench.work_until_idle()
    assert bench.states() == [PhotoState.READY] * 16
    assert bench.client.batches == [8, 4, 2, 2, 4, 2, 2, 2, 2, 2, 2]


def test_new_work_does_not_cut_a_pause_short_but_the_server_s_return_does(words: WordVectors) -> None:
    bench = Bench(words)
    bench.client.fault = Fault.DEAD
    bench.add(1)
    bench.ingest.start()
    wait_until(lambda: len(bench.client.batches) >= 3, what="a few tries")
    tries = len(bench.client.batches)
    for _ in range(50):
        bench.ingest.wake()
    assert len(bench.client.batches) <= tries + 1
    bench.client.fault = None
    bench.ingest.resume()
    wait_until(lambda: bench.states() == [PhotoState.READY], 1, what="the photo")
    bench.ingest.stop()


def test_while_the_model_looks_at_one_batch_the_next_is_made_ready_but_only_a_full_one(words: WordVectors) -> None:
    bench = Bench(words)
    bench.client.fault, bench.client.delay_s = Fault.SLOW, 0.3
    bench.add(1)
    bench.ingest.start()
    wait_until(lambda: bench.client.batches == [1], what="a photo that needs no company")
    bench.add(7)  # one of them is the first again
    bench.ingest.wake()
    wait_until(lambda: bench.states() == [PhotoState.READY] * 7, what="all photos")
    assert bench.client.batches == [1, 4, 2]
    bench.ingest.stop()


def test_a_server_that_keeps_a_batch_is_left_when_the_gallery_stops(
    words: WordVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "STOP_GRACE_S", 0.1)
    bench = Bench(words)
    bench.client.fault, bench.client.delay_s = Fault.SLOW, 30.0
    bench.add(1)
    bench.ingest.start()
    wait_until(lambda: bench.client.batches == [1], what="the call")
    started = time.monotonic()
    bench.ingest.stop()
    assert time.monotonic() - started < 5


def test_a_photo_deleted_while_it_waits_is_passed_over(bench: Bench) -> None:
    ids = bench.add(2)
    bench.store.delete(ids[0])
    bench.work_until_idle()
    assert bench.listener.rows == [1]


def test_a_full_disk_makes_photos_wait_until_there_is_room(
    words: WordVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(words)
    bench.add(6)
    full = [True]
    finish = bench.store.finish

    def finish_if_room(model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        if full[0]:
            raise StoreFull("No room is left on the disk. Make some.")
        return finish(model, features)

    monkeypatch.setattr(bench.store, "finish", finish_if_room)
    bench.ingest.start()
    wait_until(lambda: "room" in (bench.ingest.problem or ""), what="noticing the full disk")
    assert len(bench.store.jobs()) == 6
    full[0] = False
    wait_until(lambda: bench.states() == [PhotoState.READY] * 6, what="going on by itself")
    bench.ingest.stop()


def test_stopping_ends_the_thread_and_keeps_the_jobs(words: WordVectors) -> None:
    bench = Bench(words)
    bench.client.fault = Fault.DEAD
    bench.add(1)
    bench.ingest.start()
    bench.ingest.stop()
    assert len(bench.store.jobs()) == 1


def test_a_failed_photo_is_looked_at_again_on_request(bench: Bench) -> None:
    (photo_id,) = bench.add(1)
    bench.client.rejects = lambda image: bool(image.any())
    bench.work_until_idle()
    assert bench.store.get(photo_id).state is PhotoState.FAILED
    bench.client.rejects = lambda image: False
    bench.store.retry(photo_id, CARD.name)
    bench.work_until_idle()
    assert bench.store.get(photo_id).state is PhotoState.READY
