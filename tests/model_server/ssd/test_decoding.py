"""Decoding and suppression in the graph agree with their plain definitions in numpy."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from model_server.ssd.anchors import anchors, corners_of
from model_server.ssd.decoding import MAX_DETECTIONS, MIN_CONFIDENCE, Detections, decode, suppress
from tests.model_server.ssd.test_anchors import plain_iou


def plain_suppress(corners: NDArray[np.float32], confidences: NDArray[np.float32]) -> NDArray[np.float32]:
    """Suppress the boxes of one photo greedily, class by class, the slow way."""
    kept = []
    for label in range(confidences.shape[1]):
        chosen: list[int] = []
        for index in np.argsort(-confidences[:, label], kind="stable"):
            if confidences[index, label] <= MIN_CONFIDENCE:
                break
            if all(plain_iou(corners[index], corners[other]) <= 0.5 for other in chosen):
                chosen.append(int(index))
        kept += [(label + 1, confidences[index, label], *(corners[index] * 300)) for index in chosen]
    kept.sort(key=lambda row: -row[1])
    rows = np.zeros((MAX_DETECTIONS, 6), np.float32)
    rows[: min(len(kept), MAX_DETECTIONS)] = kept[:MAX_DETECTIONS]
    return rows


def random_boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    low = rng.uniform(0, 0.6, (count, 2))
    return np.concatenate([low, low + rng.uniform(0.1, 0.4, (count, 2))], axis=1).astype(np.float32)


def test_no_offset_means_the_anchor_itself() -> None:
    np.testing.assert_allclose(decode(tf.zeros([1, 1939, 4]))[0], corners_of(anchors()), atol=1e-6)


def test_offsets_move_by_tenths_of_the_anchor_and_scale_by_exponents_of_fifths() -> None:
    offsets = np.tile(np.array([1.0, -2.0, 5.0, 0.0], np.float32), (1, 1939, 1))
    x, y, width, height = anchors()[100]
    middle_x, middle_y, half_width = x + 0.1 * width, y - 0.2 * height, width * np.e / 2
    expected = [middle_x - half_width, middle_y - height / 2, middle_x + half_width, middle_y + height / 2]
    np.testing.assert_allclose(decode(tf.constant(offsets))[0, 100], expected, rtol=1e-5)


def test_wild_offsets_stay_finite() -> None:
    assert np.isfinite(decode(tf.fill([1, 1939, 4], 1e6)).numpy()).all()


@pytest.mark.parametrize("seed", range(5))
def test_suppression_agrees_with_the_plain_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners, confidences = random_boxes(rng, 40), rng.uniform(0, 0.4, (40, 3)).astype(np.float32) ** 2
    rows = suppress(tf.constant(corners[None]), tf.constant(confidences[None])).numpy()[0]
    np.testing.assert_allclose(rows, plain_suppress(corners, confidences), rtol=1e-4, atol=1e-3)


def test_rows_are_sorted_and_end_in_zeros() -> None:
    corners = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 0.5, 0.49]]], np.float32)
    confidences = np.array([[[0.3, 0], [0, 0.9], [0.2, 0]]], np.float32)
    rows = suppress(tf.constant(corners), tf.constant(confidences)).numpy()[0]
    np.testing.assert_allclose(rows[:2], [[2, 0.9, 150, 150, 300, 300], [1, 0.3, 0, 0, 150, 150]], rtol=1e-5)
    assert not rows[2:].any()


def test_equal_boxes_of_two_classes_both_stay() -> None:
    corners = np.array([[[0.1, 0.1, 0.5, 0.5]]], np.float32)
    rows = suppress(tf.constant(corners), tf.constant([[[0.8, 0.7]]])).numpy()[0]
    assert rows[:3, 0].tolist() == [1, 2, 0]


def test_boxes_are_cut_at_the_picture_and_confidence_is_weighed_by_the_label() -> None:
    logits = np.full((1, 1939, 2), -20, np.float32)
    logits[0, 0] = 0, -1
    label_scores = tf.constant([[0.0625, 1.0]])
    rows = Detections(0.25)(tf.constant(logits), tf.zeros([1, 1939, 4]), label_scores).numpy()[0]
    np.testing.assert_allclose(rows[:2, :2], [[2, 1 / (1 + np.e)], [1, 0.5 * 0.5]], rtol=1e-5)
    assert (rows[:2, 2:4] == 0).all()


def test_a_layer_is_made_anew_from_its_configuration() -> None:
    layer = Detections(0.25, name="found")
    assert Detections.from_config(layer.get_config()).label_weight == 0.25
