import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.domain import Box, DetectedObject, PhotoId, SimilarityMethod
from benchmarks.quality.alike import gains, shared_labels
from benchmarks.quality.choose_weights import Trial, best, chosen, combinations
from benchmarks.quality.layout import JITTER, RULES, jittered
from benchmarks.quality.photos import LabelledPhoto
from benchmarks.quality.queries import COCO, NAME, Query
from benchmarks.quality.words import MOST_A_KIND, can_be_judged, sample, score

ANYWHERE = Path("photo.jpg")


def photo(*shown: str, known: set[str] | None = None) -> LabelledPhoto:
    return LabelledPhoto(ANYWHERE, frozenset(shown), known=None if known is None else frozenset(known))


def collection_of(photos: dict[str, LabelledPhoto]) -> Any:
    return SimpleNamespace(name="photos", photos=photos)


PHOTOS = {"a": photo("cat"), "b": photo("dog"), "c": photo("cat", "dog"), "d": photo("dog", known={"dog"})}


def test_photos_that_nobody_judged_are_taken_out_of_the_ranking() -> None:
    query = Query(COCO, NAME, "cat", frozenset({"cat"}))
    judged = score(collection_of(PHOTOS), query, [PhotoId(name) for name in "dbca"])
    assert judged.average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert judged.precision == pytest.approx(0.2)
    assert judged.best_precision == pytest.approx(0.2)


def test_a_query_needs_photos_that_it_means_and_others() -> None:
    collection = collection_of(PHOTOS)
    assert can_be_judged(collection, Query(COCO, NAME, "cat", frozenset({"cat"})))
    assert not can_be_judged(collection, Query(COCO, NAME, "bus", frozenset({"bus"})))
    assert not can_be_judged(collection, Query(COCO, NAME, "pet", frozenset({"cat", "dog"})))


def test_samples_of_queries_are_always_the_same() -> None:
    queries = [Query(COCO, NAME, str(number), frozenset({"cat"})) for number in range(2 * MOST_A_KIND)]
    assert len(sample(queries)) == MOST_A_KIND
    assert sample(queries) == sample(queries)


def test_shared_labels_are_those_of_both_among_those_of_either() -> None:
    assert shared_labels(photo("cat", "dog"), photo("cat", "bus")) == pytest.approx(1 / 3)
    assert shared_labels(photo("cat"), photo("cat")) == 1
    assert shared_labels(photo(), photo()) == 0
    # Nobody looked for buses in the other photo, nor for trucks in the first one.
    one, other = photo("cat", "bus", known={"cat", "bus"}), photo("cat", "truck", known={"cat", "truck"})
    assert shared_labels(one, other) == 1


def test_a_photo_counts_if_all_labels_of_the_one_asked_for_were_looked_for_in_it() -> None:
    photos = {PhotoId(name): labelled for name, labelled in PHOTOS.items()}
    assert gains(photos, PhotoId("a")) == {"b": 0, "c": 0.5}
    assert gains(photos, PhotoId("b")) == {"a": 0, "c": 0.5, "d": 1}


def test_sides_of_boxes_are_moved_by_a_tenth_at_most_and_stay_in_the_picture() -> None:
    chance, box = random.Random(1), Box(0.2, 0.0, 0.4, 1.0)
    for moved in (jittered(box, chance) for _ in range(200)):
        assert abs(moved.xmin - 0.2) <= JITTER * 0.2 + 1e-9
        assert abs(moved.xmax - 0.4) <= JITTER * 0.2 + 1e-9
        assert 0 <= moved.ymin <= JITTER
        assert 1 - JITTER <= moved.ymax <= 1


def test_rules_choose_among_a_photos_objects() -> None:
    things = [DetectedObject("cat", 16, confidence, Box(0, 0, 1, 1)) for confidence in (0.8, 0.5, 0.4, 0.1)]
    counts = {rule: len(choose(things)) for rule, choose in RULES.items()}
    assert list(counts.values()) == [4, 4, 3, 3, 3]
    assert RULES["the objects drawn on its page, if there are three"](things[2:]) == []


def test_the_best_weights_are_those_that_rank_best_and_as_good_ones_favour_the_embedding() -> None:
    assert chosen({(0.3, 0.5, 0.2): 0.686, (0.4, 0.5, 0.1): 0.685, (0.5, 0.4, 0.1): 0.676}) == (0.4, 0.5, 0.1)
    for weights in combinations():
        assert sum(weights.values()) == pytest.approx(1)
        assert min(weights.values()) > 0


def test_a_trial_ranks_by_the_weighted_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.quality.choose_weights.can_be_asked", any_gain)
    embedding, layout, ssd = SimilarityMethod.EMBEDDING, SimilarityMethod.LAYOUT, SimilarityMethod.SSD
    photos = {
        PhotoId(name): labelled
        for name, labelled in {"a": photo("cat"), "b": photo("dog"), "c": photo("cat")}.items()
    }
    right, wrong, nothing = np.array([0.0, 0.1, 0.9]), np.array([0.0, 0.9, 0.1]), np.zeros(3)
    signals = {embedding: right, layout: wrong, ssd: nothing}
    trial = Trial(photos, [signals, signals, {embedding: right[::-1], layout: wrong[::-1], ssd: nothing}])
    assert trial.measure({embedding: 0.8, layout: 0.1, ssd: 0.1}) == 1
    assert trial.measure({embedding: 0.1, layout: 0.8, ssd: 0.1}) < 1


def test_photos_that_share_nothing_are_not_found() -> None:
    np.testing.assert_array_equal(best(np.array([4, 7, 9]), np.array([0.2, 0.0, 0.5])), [9, 4])


def any_gain(possible: dict[PhotoId, float]) -> bool:
    return any(possible.values())
