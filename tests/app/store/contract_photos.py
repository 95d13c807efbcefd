"""What every store must do with photos: take them, know them, let them go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from app.domain import PhotoId, PhotoState
from app.errors import BadFileName, PhotoNotFound
from app.store.base import Store
from tests.app.store.photos import MODEL, START, feature_table, features, photo

NOBODY = PhotoId("0" * 32)


class PhotoContract:
    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        assert store.photo_facts().days.shape == (0,)
        assert store.photo_facts().colours.shape == (0, 3)
        assert store.rows().tolist() == []
        assert store.rows().dtype == np.int64
        assert store.jobs() == []
        assert len(feature_table(store, MODEL).rows) == 0
        assert store.info().photos == 0

    def test_what_was_added_comes_back(self, store: Store) -> None:
        new = photo(1)
        (added,) = store.add([new], MODEL)
        assert not added.duplicate
        assert added.photo == store.get(new.id) == store.at(0)
        assert (added.photo.row, added.photo.id, added.photo.name) == (0, new.id, new.name)
        assert added.photo.facts == new.facts
        assert list(added.photo.facts.exif) == list(new.facts.exif)
        assert added.photo.added_at == START
        assert added.photo.size_bytes == len(new.data)
        assert added.photo.state is PhotoState.STORED
        assert added.photo.error is None
        assert store.read_bytes(new.id) == new.data
        assert store.read_thumbnail(new.id) == new.thumbnail

    def test_facts_of_all_photos_come_as_columns(self, store: Store) -> None:
        tokyo = timezone(timedelta(hours=9))
        times = [None, None, datetime(1, 1, 1), datetime(2024, 2, 29, 23, 59, tzinfo=tokyo)]
        facts = [replace(photo(number).facts, taken_at=taken_at) for number, taken_at in enumerate(times)]
        store.add([replace(photo(number), facts=one) for number, one in enumerate(facts)], MODEL)
        store.delete(photo(0).id)
        found = store.photo_facts()
        assert found.rows.tolist() == [1, 2, 3]
        assert found.widths.tolist() == [641, 642, 643]
        assert found.heights.tolist() == [480] * 3
        assert found.days.astype(str).tolist() == ["2026-03-01", "0001-01-01", "2024-02-29"]
        assert found.colours.tolist() == [[0xA0, 0xB0, 0xC0]] * 3

    def test_photos_keep_the_order_in_which_they_came(self, store: Store) -> None:
        store.add([photo(n) for n in (5, 3, 4)], MODEL)
        store.add([photo(n) for n in (2, 9)], MODEL)
        assert [store.at(row).id for row in store.rows()] == [photo(n).id for n in (5, 3, 4, 2, 9)]

    def test_the_same_bytes_twice_are_one_photo(self, store: Store) -> None:
        first, again = store.add([photo(1), photo(1)], MODEL)
        assert (first.duplicate, again.duplicate) == (False, True)
        (later,) = store.add([photo(1)], MODEL)
        assert later.duplicate
        assert later.photo.row == again.photo.row == 0
        assert store.rows().tolist() == [0]

    def test_a_duplicate_keeps_the_first_name_and_the_state(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        renamed = photo(1).__class__(**{**vars(photo(1)), "name": "other.jpg"})
        (again,) = store.add([renamed], "other_model")
        assert again.photo.name == photo(1).name
        assert again.photo.state is PhotoState.READY
        assert store.jobs() == []

    def test_nothing_added_is_nothing_changed(self, store: Store) -> None:
        assert store.add([], MODEL) == []
        assert store.rows().tolist() == []

    def test_times_with_a_zone_and_without_come_back(self, store: Store) -> None:
        for number, taken_at in enumerate((None, datetime(2020, 2, 3, 4, 5, 6, 7), datetime(2020, 1, 1, tzinfo=UTC))):
            new = photo(number)
            facts = new.facts.__class__(**{**vars(new.facts), "taken_at": taken_at, "exif": {}})
            store.add([new.__class__(**{**vars(new), "facts": facts})], MODEL)
            assert store.at(number).facts == facts

    def test_a_name_that_does_not_fit_is_refused(self, store: Store) -> None:
        long = photo(1).__class__(**{**vars(photo(1)), "name": "ü" * 128})
        with pytest.raises(BadFileName):
            store.add([photo(2), long], MODEL)
        assert store.rows().tolist() == []

    def test_an_empty_photo_and_a_large_one_come_back(self, store: Store) -> None:
        for new in (photo(1, size=0), photo(2, size=300_000)):
            store.add([new], MODEL)
            assert store.read_bytes(new.id) == new.data

    def test_unknown_photos_are_not_found(self, store: Store) -> None:
        for unknown in (NOBODY, PhotoId("no id"), PhotoId("")):
            for call in (store.get, store.read_bytes, store.read_thumbnail, store.delete):
                with pytest.raises(PhotoNotFound):
                    call(unknown)
            with pytest.raises(PhotoNotFound):
                store.features(unknown, MODEL)
            with pytest.raises(PhotoNotFound):
                store.retry(unknown, MODEL)
        for row in (-1, 0, 7):
            with pytest.raises(PhotoNotFound):
                store.at(row)

    def test_what_is_said_of_gone_photos_is_skipped(self, store: Store) -> None:
        store.start([NOBODY])
        store.postpone([NOBODY], START, "late")
        store.fail(NOBODY, "gone")
        assert store.finish(MODEL, {NOBODY: features(1)}) == []
        assert len(feature_table(store, MODEL).rows) == 0

    def test_a_deleted_photo_is_gone(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        before = store.get(photo(1).id)
        assert store.delete(photo(1).id) == before
        assert store.rows().tolist() == [1]
        assert feature_table(store, MODEL).rows.tolist() == []
        for call in (store.get, store.read_bytes, store.read_thumbnail, store.delete):
            with pytest.raises(PhotoNotFound):
                call(photo(1).id)
        with pytest.raises(PhotoNotFound):
            store.at(0)

    def test_a_deleted_photo_takes_its_job_along(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        store.start([photo(1).id])
        store.delete(photo(1).id)
        assert [job.photo_id for job in store.jobs()] == [photo(2).id]
        assert store.rows(PhotoState.PROCESSING).tolist() == []

    def test_a_deleted_photo_may_come_again_in_a_new_row(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.delete(photo(1).id)
        (again,) = store.add([photo(1)], MODEL)
        assert not again.duplicate
        assert again.photo.row == 1
        assert store.features(photo(1).id, MODEL) is None
        assert store.read_bytes(photo(1).id) == photo(1).data
