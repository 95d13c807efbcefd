"""The features in memory follow the store's rows."""

from datetime import UTC, datetime

import numpy as np

from app.domain import Features, Photo, PhotoFacts, PhotoId, PhotoState
from app.search.label_table import surest_objects
from app.services.feature_index import FeatureIndex
from app.store.features import table_of
from model_server.catalogue import load_card

CARD = load_card("gallery_default")


def photo(row: int) -> Photo:
    facts = PhotoFacts("image/jpeg", 300, 300, "#000000")
    return Photo(row, PhotoId(f"{row:032x}"), "a.jpg", 1, facts, datetime.now(UTC), PhotoState.READY)


def features(class_id: int, confidence: float = 0.5) -> Features:
    detections = np.zeros((20, 6), dtype=np.float32)
    detections[0] = [class_id, confidence, 10, 10, 200, 200]
    embedding = np.zeros(CARD.embedding_width, dtype=np.float32)
    embedding[class_id] = 1
    scores = np.zeros(len(CARD.labels), dtype=np.float32)
    scores[class_id - 1] = confidence
    tags = np.arange(10, dtype=np.int32)
    return Features(detections, np.ones(50, np.float32), embedding, tags, np.full(10, 0.1, np.float32), scores)


def test_photos_are_found_by_row_after_they_were_put() -> None:
    index = FeatureIndex(CARD)
    index.put([photo(3), photo(5)], [features(17), features(18)])
    assert len(index) == 2
    assert index.rows_with_object(17, 0.3).tolist() == [3]
    assert index.embeddings.similarities(features(18).embedding)[5] == 1
    assert index.objects.similarities(features(17).detections)[3] > 0


def test_an_object_that_is_hardly_seen_does_not_count() -> None:
    index = FeatureIndex(CARD)
    index.put([photo(0), photo(1)], [features(17, confidence=0.29), features(17, confidence=0.31)])
    assert index.rows_with_object(17, 0.3).tolist() == [1]


def test_a_photo_put_again_replaces_what_was_known() -> None:
    index = FeatureIndex(CARD)
    index.put([photo(0)], [features(17)])
    index.put([photo(0)], [features(18)])
    assert len(index) == 1
    assert index.rows_with_object(17, 0.3).tolist() == []
    assert index.rows_with_object(18, 0.3).tolist() == [0]


def test_a_removed_photo_is_found_no_more_and_an_unknown_one_does_no_harm() -> None:
    index = FeatureIndex(CARD)
    index.put([photo(0), photo(1)], [features(17), features(17)])
    index.remove(0)
    index.remove(0)
    index.remove(77)
    assert len(index) == 1
    assert index.rows_with_object(17, 0.3).tolist() == [1]
    assert index.embeddings.similarities(features(17).embedding)[0] == 0


def test_what_photos_are_said_to_show_stays_as_it_was_for_those_who_asked_before() -> None:
    index = FeatureIndex(CARD)
    index.put([photo(0)], [features(17)])
    before = index.labels()
    index.put([photo(0), photo(5000)], [features(18), features(18)])
    assert before.table(np.array([0, 5000])).label_scores[:, 16].tolist() == [0.5]
    assert index.labels().table(np.array([0, 5000])).label_scores[:, 17].tolist() == [0.5, 0.5]


def test_loading_the_stores_table_is_the_same_as_putting_photo_by_photo() -> None:
    rows = [0, 2, 3]
    all_features = [features(class_id) for class_id in (1, 2, 80)]
    put = FeatureIndex(CARD)
    put.put([photo(row) for row in rows], all_features)
    loaded = FeatureIndex(CARD)
    loaded.load(table_of(np.array(rows[part]), all_features[part]) for part in (slice(2), slice(2, 3)))
    assert len(loaded) == len(put) == 3
    first, second = (one.labels().table(np.array(rows)) for one in (put, loaded))
    for name, column in vars(first).items():
        np.testing.assert_array_equal(column, vars(second)[name])
    for index in (put, loaded):
        assert np.flatnonzero(index.objects.similarities(all_features[1].detections)).tolist() == [2]
        assert index.layouts.similarities(all_features[1].detections).tolist() == [0, 0, 1, 0]
        assert index.things.snapshot().counts(frozenset({2})).tolist() == [0, 0, 1, 0]
    vector = np.ones(50, np.float32)
    assert loaded.words.top(vector, 5).rows.tolist() == put.words.top(vector, 5).rows.tolist() == rows


def test_surest_objects_takes_each_labels_highest_confidence_and_no_background() -> None:
    detections = np.zeros((1, 20, 6), dtype=np.float32)
    detections[0, :3, :2] = [[2, 0.4], [2, 0.9], [80, 0.3]]
    surest = surest_objects(detections, 80)
    assert surest[0, 1] == np.float32(0.9)
    assert surest[0, 79] == np.float32(0.3)
    assert np.count_nonzero(surest) == 2
