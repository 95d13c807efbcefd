"""What every store must do with features and lists of neighbours."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain import PhotoId, PhotoState
from app.errors import StoreError
from app.store.base import NEIGHBOURS_KEPT, Store
from tests.app.store.comparing import picked, same_lists, widths, with_features
from tests.app.store.photos import MODEL, feature_table, features, neighbours, only, photo, same_features

NOBODY = PhotoId("0" * 32)
THREE_LABELS = np.array([0.5, 0.25, 0], np.float32)


class FeatureContract:
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

    def test_features_computed_anew_replace_the_old(self, store: Store) -> None:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.finish(MODEL, {photo(1).id: features(2)})
        assert same_features(features(2), store.features(photo(1).id, MODEL))
