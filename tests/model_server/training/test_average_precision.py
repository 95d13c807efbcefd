"""Average precision against cases worked by hand."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from model_server.training.average_precision import (
    Found,
    Truth,
    average_precision,
    detection_precisions,
    label_precisions,
    mean,
)
from model_server.training.photos import Boxes

LEFT, RIGHT, NEAR_LEFT = (0.0, 0.0, 0.4, 0.4), (0.6, 0.6, 1.0, 1.0), (0.0, 0.05, 0.4, 0.4)


def truth(boxes: list[tuple[tuple[float, ...], int, bool]], known: ArrayLike = (True, True)) -> Truth:
    corners = np.array([corners for corners, _, _ in boxes], np.float32).reshape(-1, 4)
    labels, difficult = [label for _, label, _ in boxes], [is_difficult for _, _, is_difficult in boxes]
    return Truth(Boxes(corners, np.array(labels, np.int64), np.array(difficult, bool)), np.array(known, bool))


def found(boxes: list[tuple[tuple[float, ...], int, float]]) -> Found:
    corners = np.array([corners for corners, _, _ in boxes], np.float32).reshape(-1, 4)
    labels, confidences = [label for _, label, _ in boxes], [confidence for _, _, confidence in boxes]
    return Found(corners, np.array(labels, np.int64), np.array(confidences, np.float32))


def test_hits_first_is_perfect_and_no_hit_is_nothing() -> None:
    assert average_precision(np.array([0.9, 0.8, 0.1]), np.array([True, True, False]), 2) == pytest.approx(1)
    assert average_precision(np.array([0.9]), np.array([False]), 2) == 0
    assert average_precision(np.zeros(0), np.zeros(0, bool), 2) == 0


def test_a_miss_between_two_hits_costs_precision_at_the_higher_recalls() -> None:
    # Recalls 0, .01 … .5 (51 points) are reached at precision 1, the other 50 at 2/3.
    expected = (51 + 50 * 2 / 3) / 101
    result = average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2)
    assert result == pytest.approx(expected)


def test_what_is_never_found_counts_as_precision_zero() -> None:
    assert average_precision(np.array([0.9]), np.array([True]), 2) == pytest.approx(51 / 101)


def test_finding_an_object_twice_is_one_hit_and_one_miss() -> None:
    truths = [truth([(LEFT, 0, False), (RIGHT, 0, False)])]
    twice = [found([(LEFT, 0, 0.9), (NEAR_LEFT, 0, 0.8), (RIGHT, 0, 0.7)])]
    assert detection_precisions(truths, twice, 2) == {0: pytest.approx((51 + 50 * 2 / 3) / 101)}


def test_a_difficult_object_counts_neither_found_nor_missed() -> None:
    truths = [truth([(LEFT, 0, True), (RIGHT, 0, False)])]
    assert detection_precisions(truths, [found([(LEFT, 0, 0.9), (RIGHT, 0, 0.8)])], 2) == {0: pytest.approx(1)}
    assert detection_precisions(truths, [found([(RIGHT, 0, 0.8)])], 2) == {0: pytest.approx(1)}


def test_a_class_that_nobody_looked_for_is_left_out_of_that_photo() -> None:
    truths = [truth([(LEFT, 0, False)]), truth([], known=(False, True))]
    answers = [found([(LEFT, 0, 0.5)]), found([(RIGHT, 0, 0.9)])]
    assert detection_precisions(truths, answers, 2) == {0: pytest.approx(1)}
    looked_for = [truths[0], truth([])]
    assert detection_precisions(looked_for, answers, 2)[0] == pytest.approx(0.5)


def test_a_box_of_the_wrong_class_or_place_is_a_miss() -> None:
    truths = [truth([(LEFT, 0, False)])]
    assert detection_precisions(truths, [found([(LEFT, 1, 0.9)])], 2) == {0: 0}
    assert detection_precisions(truths, [found([((0.3, 0.3, 0.7, 0.7), 0, 0.9)])], 2) == {0: 0}


def test_label_precisions_rank_photos_and_skip_unknown_ones() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], np.float32)
    present = np.array([[True, False], [False, False], [True, False]])
    everything, without_second = np.ones((3, 2), bool), np.array([[True] * 2, [False] * 2, [True] * 2])
    assert label_precisions(scores, present, everything) == {0: pytest.approx((51 + 50 * 2 / 3) / 101)}
    assert label_precisions(scores, present, without_second) == {0: pytest.approx(1)}


def test_mean_is_over_classes_and_zero_without_any() -> None:
    assert mean({0: 0.5, 7: 1.0}) == 0.75
    assert mean({}) == 0
