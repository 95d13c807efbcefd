"""What every store must do; a test class a backend inherits from this one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from app.domain import PhotoId, PhotoState
from app.errors import BadFileName, BadParameter, PhotoNotFound, SavedSearchNotFound, StoreError
from app.store.base import (
    LONGEST_CHOICE_BYTES,
    LONGEST_DEFINITION_BYTES,
    NEIGHBOURS_KEPT,
    Known,
    NeighbourLists,
    Store,
)
from tests.app.store.photos import (
    MODEL,
    START,
    Clock,
    feature_table,
    features,
    moving,
    neighbours,
    only,
    photo,
    same_features,
)

NOBODY = PhotoId("0" * 32)
THREE_LABELS = np.array([0.5, 0.25, 0], np.float32)
EARLIER = datetime(2019, 8, 7, 6, 5, 4, 321, tzinfo=UTC)


class StoreContract:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, clock: Clock) -> Iterator[Store]:
        raise NotImplementedError

    # ---- adding ----

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

    # ---- unknown photos ----

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

    # ---- deleting ----

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

    # ---- features ----

    def test_features_come_back(self, store: Store) -> None:
        store.add([photo(n) for n in range(5)], MODEL)
        done = store.finish(MODEL, {photo(n).id: features(n) for n in (3, 1)})
        assert {one.id for one in done} == {photo(1).id, photo(3).id}
        assert {one.state for one in done} == {PhotoState.READY}
        assert same_features(features(3), store.features(photo(3).id, MODEL))
        assert store.features(photo(0).id, MODEL) is None
        assert store.features(photo(3).id, "other_model") is None
        assert store.rows(PhotoState.READY).tolist() == [1, 3]
        assert store.rows(PhotoState.STORED).tolist() == [0, 2, 4]

    def test_the_feature_table_holds_all_in_order(self, store: Store) -> None:
        store.add([photo(n) for n in range(40)], MODEL)
        wanted = [n for n in range(40) if n % 3]
        store.finish(MODEL, {photo(n).id: features(n) for n in reversed(wanted)})
        store.delete(photo(4).id)
        wanted.remove(4)
        found = feature_table(store, MODEL)
        assert found.rows.tolist() == wanted
        for name, column in (
            ("detections", found.detections),
            ("word_vector", found.word_vectors),
            ("embedding", found.embeddings),
            ("tag_ids", found.tag_ids),
            ("tag_probabilities", found.tag_probabilities),
            ("label_scores", found.label_scores),
        ):
            expected = np.stack([getattr(features(n), name) for n in wanted])
            assert column.dtype == expected.dtype
            np.testing.assert_array_equal(column, expected)

    def test_features_come_in_blocks(self, store: Store) -> None:
        assert list(store.feature_blocks(MODEL)) == []
        store.add([photo(n) for n in range(40)], MODEL)
        assert list(store.feature_blocks(MODEL)) == []
        wanted = [n for n in range(40) if n % 3]
        store.finish(MODEL, {photo(n).id: features(n) for n in wanted})
        blocks = [block.rows.tolist() for block in store.feature_blocks(MODEL, rows_per_block=10)]
        assert blocks == [wanted[:10], wanted[10:20], wanted[20:]]
        assert [block.rows.tolist() for block in store.feature_blocks(MODEL)] == [wanted]
        assert list(store.feature_blocks("other_model")) == []

    def test_a_photo_deleted_between_two_blocks_is_left_out_of_the_next(self, store: Store) -> None:
        store.add([photo(n) for n in range(4)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(4)})
        blocks = store.feature_blocks(MODEL, rows_per_block=2)
        assert next(blocks).rows.tolist() == [0, 1]
        store.delete(photo(2).id)
        assert next(blocks).rows.tolist() == [3]

    def test_embeddings_of_rows_come_in_the_order_asked_for(self, store: Store) -> None:
        assert store.embeddings_of(np.array([0, 1]), MODEL).shape == (2, 0)
        store.add([photo(n) for n in range(40)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(40) if n != 5})
        store.delete(photo(6).id)
        rows = np.array([33, 2, 5, 6, 2, 999, -1])
        found = store.embeddings_of(rows, MODEL)
        assert found.dtype == np.float32
        for row, vector in zip(rows.tolist(), found, strict=True):
            held = row in range(40) and row not in (5, 6)
            np.testing.assert_array_equal(vector, features(row).embedding if held else np.zeros(8))
        assert store.embeddings_of(np.zeros(0, np.int64), MODEL).shape == (0, 8)
        store.finish(MODEL, {photo(2).id: features(77)})
        np.testing.assert_array_equal(store.embeddings_of(np.array([2]), MODEL)[0], features(77).embedding)

    # ---- neighbours ----

    def test_lists_of_neighbours_come_back_by_row(self, store: Store) -> None:
        assert len(store.neighbours.lists(MODEL).rows) == 0
        with_features(store, range(40))
        assert store.neighbours.lists(MODEL).neighbours.shape == (0, NEIGHBOURS_KEPT)
        put = neighbours(store, [30, 2, 17], seed=1)
        store.neighbours.put(MODEL, put)
        store.neighbours.put(MODEL, neighbours(store, [], seed=1))
        assert same_lists(store.neighbours.lists(MODEL), picked(put, 1, 2, 0))
        again = neighbours(store, [2, 39], seed=2)
        store.neighbours.put(MODEL, again)
        found = store.neighbours.lists(MODEL)
        assert found.rows.tolist() == [2, 17, 30, 39]
        assert same_lists(picked(found, 0, 3), again)
        assert same_lists(picked(found, 1, 2), picked(put, 2, 0))
        assert len(store.neighbours.lists("other_model").rows) == 0

    def test_lists_of_other_features_are_as_if_they_were_not_there(self, store: Store) -> None:
        with_features(store, range(4))
        before = neighbours(store, [0, 1, 2, 3], seed=1)
        store.neighbours.put(MODEL, before)
        store.finish(MODEL, {photo(1).id: features(77)})
        store.delete(photo(2).id)
        assert store.neighbours.lists(MODEL).rows.tolist() == [0, 3]
        store.neighbours.put(MODEL, before)
        assert store.neighbours.lists(MODEL).rows.tolist() == [0, 3]
        store.neighbours.put(MODEL, neighbours(store, [1], seed=3))
        assert store.neighbours.lists(MODEL).rows.tolist() == [0, 1, 3]

    def test_the_version_of_features_changes_with_them(self, store: Store) -> None:
        with_features(store, range(3))
        store.add([photo(3)], MODEL)
        rows = np.arange(5)
        assert store.neighbours.rows(MODEL).tolist() == [0, 1, 2]
        before = store.neighbours.versions(rows, MODEL)
        assert before.dtype == np.uint32
        assert len(set(before[:3].tolist())) == 3
        assert before[3:].tolist() == [0, 0]
        store.finish(MODEL, {photo(1).id: features(77), photo(2).id: features(2)})
        after = store.neighbours.versions(rows, MODEL)
        assert (before == after).tolist() == [True, False, True, True, True]
        assert store.neighbours.versions(rows, "other_model").tolist() == [0] * 5

    # ---- saved searches ----

    def test_saved_searches_come_back_in_their_order(self, store: Store, clock: Clock) -> None:
        assert store.saved_searches.all() == []
        first = store.saved_searches.add("Hündchen", '{"q": "dog"}')
        clock.advance(5)
        second = store.saved_searches.add("Hündchen", "")
        assert store.saved_searches.all() == [first, second]
        assert first == store.saved_searches.get(first.id)
        assert (first.name, first.definition, first.created_at) == ("Hündchen", '{"q": "dog"}', START)
        assert second.created_at == clock.now
        assert first.id != second.id

    def test_deleted_saved_searches_are_gone_and_their_ids_are_not_used_again(self, store: Store) -> None:
        saved = [store.saved_searches.add(f"search {n}", str(n)) for n in range(3)]
        assert store.saved_searches.delete(saved[2].id) == saved[2]
        assert store.saved_searches.delete(saved[0].id) == saved[0]
        assert store.saved_searches.all() == [saved[1]]
        for unknown in (saved[0].id, saved[2].id, 0, -1, 99):
            with pytest.raises(SavedSearchNotFound):
                store.saved_searches.get(unknown)
            with pytest.raises(SavedSearchNotFound):
                store.saved_searches.delete(unknown)
        assert store.saved_searches.add("new", "x").id not in {one.id for one in saved}

    def test_saved_searches_have_a_size(self, store: Store) -> None:
        longest = "ä" * (LONGEST_DEFINITION_BYTES // 2)
        kept = store.saved_searches.add("n" * 255, longest)
        assert store.saved_searches.get(kept.id).definition == longest
        for name, definition in (("n", longest + "x"), ("n" * 256, ""), ("", "x"), (" ", "x"), ("a\0", "x")):
            with pytest.raises(BadParameter):
                store.saved_searches.add(name, definition)
        for name, definition in (("\ud800", ""), ("n", "\udfff")):
            with pytest.raises(BadParameter, match="can't hold"):
                store.saved_searches.add(name, definition)
        assert store.saved_searches.all() == [kept]

    def test_models_stand_side_by_side(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.finish("vgg16", {photo(1).id: features(11, width=4), photo(2).id: features(12, width=4)})
        assert same_features(features(1), store.features(photo(1).id, MODEL))
        assert same_features(features(11, width=4), store.features(photo(1).id, "vgg16"))
        assert feature_table(store, "vgg16").embeddings.shape == (2, 4)
        assert feature_table(store, MODEL).rows.tolist() == [0]

    def test_a_model_may_say_only_a_part(self, store: Store) -> None:
        store.add([photo(n) for n in range(3)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(3)})
        embeds = {photo(n).id: only(features(n, width=4), "embedding") for n in (0, 2)}
        detects = {photo(1).id: replace(only(features(1), "detections", "word_vector"), label_scores=THREE_LABELS)}
        store.add_features("embeds.2", embeds)
        store.add_features("detects", detects)
        for model, said in (("embeds.2", embeds), ("detects", detects)):
            for photo_id, one in said.items():
                assert same_features(one, store.features(photo_id, model))
        assert widths(store) == {MODEL: 8, "embeds.2": 4, "detects": 0}
        table = feature_table(store, "embeds.2")
        assert table.rows.tolist() == [0, 2]
        among = list(store.feature_blocks("embeds.2", among=np.array([1, 2])))
        assert [block.rows.tolist() for block in among] == [[2]]
        assert (table.detections.shape, table.label_scores.shape, table.tag_ids.shape) == ((2, 0, 6), (2, 0), (2, 0))
        assert np.array_equal(store.embeddings_of(np.array([2, 1]), "embeds.2")[0], embeds[photo(2).id].embedding)
        assert store.embeddings_of(np.array([1]), "detects").shape == (1, 0)
        assert store.neighbours.versions(np.array([0, 1, 2]), "embeds.2").astype(bool).tolist() == [True, False, True]

    def test_features_that_are_not_as_a_model_s_others_are_refused(self, store: Store) -> None:
        store.add([photo(1), photo(2)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        nothing = only(features(2))
        half = replace(features(2), detections=features(2).detections[:7])
        for model, wrong in ((MODEL, features(2, width=9)), (MODEL, nothing), ("new", nothing), ("new", half)):
            with pytest.raises(StoreError):
                store.finish(model, {photo(2).id: wrong})
        assert store.get(photo(2).id).state is PhotoState.STORED
        assert list(store.models()) == [MODEL]

    def test_added_features_leave_states_and_jobs(self, store: Store) -> None:
        store.add([photo(n) for n in range(3)], MODEL)
        store.fail(photo(1).id, "no")
        store.finish(MODEL, {photo(2).id: features(2)})
        added = store.add_features("vgg16", {photo(n).id: features(n) for n in range(3)} | {NOBODY: features(4)})
        assert [one.state for one in added] == [PhotoState.STORED, PhotoState.FAILED, PhotoState.READY]
        assert [store.get(photo(n).id).state for n in range(3)] == [one.state for one in added]
        assert store.get(photo(1).id).error == "no"
        assert [job.photo_id for job in store.jobs()] == [photo(0).id]
        assert feature_table(store, "vgg16").rows.tolist() == [0, 1, 2]

    def test_dropped_features_are_gone_until_they_come_again(self, store: Store) -> None:
        with_features(store, range(40))
        store.add_features("vgg16", {photo(n).id: features(100 + n, width=4) for n in range(40)})
        store.neighbours.put("vgg16", neighbours(store, [3], 7))
        assert store.drop_features("vgg16") == 40
        assert (store.drop_features("vgg16"), store.drop_features("nothing")) == (0, 0)
        assert store.features(photo(3).id, "vgg16") is None
        assert store.neighbours.rows("vgg16").tolist() == store.neighbours.lists("vgg16").rows.tolist() == []
        assert list(store.feature_blocks("vgg16")) == []
        assert set(store.rows(PhotoState.READY).tolist()) == set(range(40))
        assert feature_table(store, MODEL).rows.tolist() == list(range(40))
        store.add_features("vgg16", {photo(n).id: features(200 + n, width=4) for n in (3, 20)})
        assert feature_table(store, "vgg16").rows.tolist() == [3, 20]
        assert same_features(features(203, width=4), store.features(photo(3).id, "vgg16"))

    def test_the_choice_of_models_is_kept(self, store: Store) -> None:
        assert store.model_choice.get() is None
        for text in ("{}", '{"active": "ä"}', "x" * LONGEST_CHOICE_BYTES, "y"):
            store.model_choice.put(text)
            assert store.model_choice.get() == text
        for text in ("", "a\0", "ä" * LONGEST_CHOICE_BYTES):
            with pytest.raises(StoreError):
                store.model_choice.put(text)
        assert store.model_choice.get() == "y"

    def test_features_computed_anew_replace_the_old(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.finish(MODEL, {photo(1).id: features(2)})
        assert same_features(features(2), store.features(photo(1).id, MODEL))

    # ---- photos that move ----

    def test_what_was_known_of_a_photo_is_stored_with_it(self, store: Store) -> None:
        moved = moving(
            photo(1), Known(EARLIER, PhotoState.READY, features={MODEL: features(1), "vgg16": features(2, 4)})
        )
        failed = moving(photo(2), Known(EARLIER, PhotoState.FAILED, "no", {"vgg16": features(3, 4)}))
        waiting = moving(photo(3), Known(EARLIER, PhotoState.STORED, features={MODEL: features(4)}))
        added = [one.photo for one in store.add([moved, photo(4), failed, waiting], MODEL)]
        assert added == [store.at(row) for row in range(4)]
        assert [one.added_at for one in added] == [EARLIER, START, EARLIER, EARLIER]
        assert [one.state for one in added] == [
            PhotoState.READY,
            PhotoState.STORED,
            PhotoState.FAILED,
            PhotoState.STORED,
        ]
        assert [one.error for one in added] == [None, None, "no", None]
        assert same_features(features(1), store.features(moved.id, MODEL))
        assert same_features(features(2, 4), store.features(moved.id, "vgg16"))
        assert same_features(features(3, 4), store.features(failed.id, "vgg16"))
        assert store.features(failed.id, MODEL) is None
        assert feature_table(store, MODEL).rows.tolist() == [0, 3]
        assert [(job.photo_id, job.model, job.attempts) for job in store.jobs()] == [
            (photo(4).id, MODEL, 0),
            (waiting.id, MODEL, 0),
        ]
        assert widths(store) == {MODEL: 8, "vgg16": 4}

    def test_what_is_known_of_a_duplicate_changes_nothing(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        again = moving(photo(1), Known(EARLIER, PhotoState.FAILED, "no", {"vgg16": features(1)}))
        (added,) = store.add([again], MODEL)
        assert added.duplicate
        assert added.photo.state is PhotoState.STORED
        assert store.models() == {}

    # ---- jobs ----

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

    # ---- the whole ----

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


def with_features(store: Store, numbers: range) -> None:
    """Add photos with features."""
    store.add([photo(n) for n in numbers], MODEL)
    store.finish(MODEL, {photo(n).id: features(n) for n in numbers})


def widths(store: Store) -> dict[str, int]:
    """Return the width of each model's embeddings."""
    return {model: shapes["embedding"][0] for model, shapes in store.models().items()}


def picked(lists: NeighbourLists, *places: int) -> NeighbourLists:
    return NeighbourLists(**{name: column[list(places)] for name, column in vars(lists).items()})


def same_lists(one: NeighbourLists, other: NeighbourLists) -> bool:
    return all(np.array_equal(vars(one)[name], vars(other)[name]) for name in vars(one))


@contextmanager
def closing(store: Store) -> Iterator[Store]:
    """Close a store in the end."""
    try:
        yield store
    finally:
        store.close()
