"""What every store must do with saved searches, the choice of models and photos from other galleries."""

from datetime import UTC, datetime

import pytest

from app.domain import PhotoState
from app.errors import BadParameter, SavedSearchNotFound, StoreError
from app.store.base import LONGEST_CHOICE_BYTES, LONGEST_DEFINITION_BYTES, Known, Store
from tests.app.store.comparing import widths
from tests.app.store.photos import MODEL, START, Clock, feature_table, features, moving, photo, same_features

EARLIER = datetime(2019, 8, 7, 6, 5, 4, 321, tzinfo=UTC)


class KeepingContract:
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

    def test_the_choice_of_models_is_kept(self, store: Store) -> None:
        assert store.model_choice.get() is None
        for text in ("{}", '{"active": "ä"}', "x" * LONGEST_CHOICE_BYTES, "y"):
            store.model_choice.put(text)
            assert store.model_choice.get() == text
        for text in ("", "a\0", "ä" * LONGEST_CHOICE_BYTES):
            with pytest.raises(StoreError):
                store.model_choice.put(text)
        assert store.model_choice.get() == "y"

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
