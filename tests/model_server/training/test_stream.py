"""Batches depend on seed and number alone, rare classes are shown more often, and mosaics mix no vocabularies."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from model_server.catalogue import load_card
from model_server.ssd.anchors import BACKGROUND
from model_server.training.photos import Boxes, Photo, read_photos
from model_server.training.stream import Batch, ViewStream, repeat_factors, whole_view
from tests.model_server.training.labelled import draw_photos

LABELS = load_card("gallery_default").labels


def photo(number: int, label: int) -> Photo:
    boxes = Boxes(np.zeros((1, 4), np.float32), np.array([label]), np.array([False]))
    return Photo(Path(f"{number}.jpg"), "coco80", np.ones(80, bool), True, boxes)


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    draw_photos(tmp_path, "train", 6)
    draw_photos(tmp_path, "train", 6, "coco80")
    return read_photos(tmp_path, "train", LABELS)


def take(stream: ViewStream, first: int, count: int) -> list[Batch]:
    batches = stream.batches(first)
    taken = list(islice(batches, count))
    batches.close()
    return taken


def test_a_rare_class_is_repeated_by_the_root_of_its_rareness() -> None:
    factors = repeat_factors([photo(number, 0 if number else 5) for number in range(200)])
    np.testing.assert_allclose(factors, [2.0] + [1.0] * 199)


def test_a_training_that_goes_on_sees_what_it_would_have_seen(photos: list[Photo]) -> None:
    whole = take(ViewStream(photos, 2, 0.5, seed=3), 0, 3)
    (later,) = take(ViewStream(photos, 2, 0.5, seed=3), 2, 1)
    np.testing.assert_array_equal(later.pixels, whole[2].pixels)
    np.testing.assert_array_equal(later.targets.corners, whole[2].targets.corners)
    assert (np.asarray(whole[0].pixels) != np.asarray(whole[1].pixels)).any()


def test_targets_name_the_objects_of_the_views(photos: list[Photo]) -> None:
    stream = ViewStream(photos, 4, 0.0, seed=1)
    views = [whole_view(each) for each in photos]
    targets = stream.targets(photos, views)
    for row, view in enumerate(views):
        labels = np.asarray(targets.labels[row])
        assert set(labels[labels >= 0]) == set(view.boxes.labels)
        assert (labels == BACKGROUND).any()
        np.testing.assert_allclose(np.asarray(targets.corners[row])[labels >= 0][0], view.boxes.corners[0])


def test_a_mosaic_is_of_photos_in_which_the_same_was_looked_for(photos: list[Photo]) -> None:
    (batch,) = take(ViewStream(photos, 6, 1.0, seed=1), 0, 1)
    # cat, dog and car are among the 20, so what no vocabulary knows shows which photos were mixed.
    known = np.asarray(batch.targets.known).sum(axis=1)
    assert set(known) == {20.0, 80.0}
    objects = np.asarray([len(np.unique(row[row >= 0])) for row in np.asarray(batch.targets.labels)])
    assert objects.max() > 1
