"""What every store must do with jobs, and as a whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.domain import PhotoState
from app.errors import StoreError
from app.store.base import Store
from tests.app.store.photos import MODEL, START, Clock, feature_table, features, photo


class WorkContract:
    def test_a_new_photo_waits_for_its_model(self, store: Store, clock: Clock) -> None:
        store.add([photo(2), photo(1)], MODEL)
        first, second = store.jobs()
        assert (first.photo_id, second.photo_id) == (photo(2).id, photo(1).id)
        assert (first.model, first.attempts, first.not_before, first.last_error) == (MODEL, 0, START, None)
        assert store.jobs(due=START) == store.jobs()
        assert store.jobs(limit=1) == [first]
        assert store.jobs(due=START - timedelta(microseconds=1)) == []

    def test_a_job_is_done_when_its_features_are_there(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        store.start([photo(1).id])
        assert store.get(photo(1).id).state is PhotoState.PROCESSING
        assert store.rows(PhotoState.PROCESSING).tolist() == [0]
        assert store.rows(PhotoState.STORED).tolist() == [1]
        store.finish(MODEL, {photo(1).id: features(1)})
        assert store.get(photo(1).id).state is PhotoState.READY
        assert [job.photo_id for job in store.jobs()] == [photo(2).id]

    def test_a_postponed_job_waits_and_counts(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        later = START + timedelta(seconds=30)
        store.start([photo(1).id])
        store.postpone([photo(1).id], later, "the model server is down")
        store.postpone([photo(1).id], later, "still down")
        assert store.get(photo(1).id).state is PhotoState.STORED
        assert store.get(photo(1).id).error is None
        (job, _) = store.jobs()
        assert (job.attempts, job.not_before, job.last_error) == (2, later, "still down")
        assert [job.photo_id for job in store.jobs(due=START)] == [photo(2).id]
        assert len(store.jobs(due=later)) == 2

    def test_a_failed_photo_keeps_its_bytes_and_says_why(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.start([photo(1).id])
        store.fail(photo(1).id, "the model refused it")
        assert store.get(photo(1).id).state is PhotoState.FAILED
        assert store.get(photo(1).id).error == "the model refused it"
        assert store.rows(PhotoState.FAILED).tolist() == [0]
        assert store.jobs() == []
        assert store.read_bytes(photo(1).id) == photo(1).data

    def test_a_failed_photo_can_be_tried_again(self, store: Store, clock: Clock) -> None:
        store.add([photo(1)], MODEL)
        store.postpone([photo(1).id], START, "late")
        store.fail(photo(1).id, "refused")
        clock.advance(5)
        assert store.retry(photo(1).id, "vgg16").state is PhotoState.STORED
        assert store.get(photo(1).id).error is None
        (job,) = store.jobs()
        assert (job.model, job.attempts, job.not_before) == ("vgg16", 0, clock.now)
        assert job.last_error is None

    def test_info_counts(self, store: Store) -> None:
        store.add([photo(n) for n in range(5)], MODEL)
        store.delete(photo(0).id)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.start([photo(2).id])
        store.fail(photo(3).id, "no")
        info = store.info()
        assert info.photos == 4
        assert set(info.by_state) == set(PhotoState)
        assert set(info.by_state.values()) == {1}
        assert info.pending_jobs == 2
        assert info.size_bytes > 4 * 5000

    def test_threads_add_read_and_delete_at_once(self, store: Store) -> None:
        def work(worker: int) -> None:
            for number in range(worker * 100, worker * 100 + 10):
                (added,) = store.add([photo(number)], MODEL)
                assert store.read_bytes(added.photo.id) == photo(number).data
                store.finish(MODEL, {added.photo.id: features(number)})
                if number % 2:
                    store.delete(added.photo.id)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert {store.at(row).id for row in store.rows()} == {
            photo(n).id for worker in range(4) for n in range(worker * 100, worker * 100 + 10, 2)
        }
        assert len(feature_table(store, MODEL).rows) == 20
        assert store.jobs() == []

    def test_a_closed_store_refuses_further_calls(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.close()
        for call in (store.rows, store.info, store.jobs, lambda: store.get(photo(1).id)):
            with pytest.raises(StoreError, match="closed"):
                call()
        with pytest.raises(StoreError, match="closed"):
            store.read_bytes(photo(1).id)
        with pytest.raises(StoreError, match="closed"):
            store.add([photo(2)], MODEL)
        store.close()
