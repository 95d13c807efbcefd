"""Rare classes are shown more often, held-out photos are not varied."""

from pathlib import Path

import numpy as np

from model_server.catalogue import load_card
from model_server.training.features import batches, extract, load, repeat_factors
from model_server.training.photos import Boxes, Photo, read_photos
from tests.model_server.training.labelled import draw_photos

LABELS = load_card("gallery_default").labels


def photo(number: int, label: int) -> Photo:
    boxes = Boxes(np.zeros((1, 4), np.float32), np.array([label]), np.array([False]))
    return Photo(Path(f"{number}.jpg"), "coco80", np.ones(80, bool), True, boxes)


def test_a_rare_class_is_repeated_by_the_root_of_its_rareness() -> None:
    photos = [photo(number, 0 if number else 5) for number in range(200)]
    factors = repeat_factors(photos)
    np.testing.assert_allclose(factors, [2.0] + [1.0] * 199)


def test_batches_are_sorted_and_together_give_all_but_the_rest() -> None:
    order = np.random.default_rng(1).permutation(10)
    parts = list(batches(order, 3))
    assert [len(part) for part in parts] == [3, 3, 3]
    assert all((np.diff(part) > 0).all() for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == sorted(order[:9].tolist())


def test_what_is_extracted_is_read_back_view_by_view(tmp_path: Path) -> None:
    draw_photos(tmp_path, "train", 24)
    photos = read_photos(tmp_path, "train", LABELS)
    done: list[tuple[int, int]] = []
    extract(photos, tmp_path / "cache", views=2, seed=1, progress=lambda *state: done.append(state))
    features = load(tmp_path / "cache")
    assert done[-1] == (len(features.boxes),) * 2
    assert features.maps["stride16"].shape == (len(features.boxes), 19, 19, 112)
    held_out = {index for index, each in enumerate(photos) if each.is_held_out}
    counts = np.bincount(features.photo_of, minlength=24)
    assert all(counts[index] == (1 if index in held_out else 2) for index in range(24))
    for view in np.flatnonzero(features.whole):
        boxes = photos[features.photo_of[view]].boxes
        np.testing.assert_allclose(features.boxes[view].corners * (160, 120, 160, 120), boxes.corners, atol=1e-3)
        np.testing.assert_array_equal(features.boxes[view].labels, boxes.labels)
