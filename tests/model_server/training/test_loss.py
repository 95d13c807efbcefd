"""The loss asks nothing about what is unknown, and falls as the answers get better."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from model_server.ssd.anchors import BACKGROUND, IGNORED, anchors, corners_of
from model_server.training.loss import Targets, class_mask, detection_loss

ANCHORS, CLASSES = len(anchors()), 3
ON_ANCHOR = 400


def targets(
    label: int = BACKGROUND, known: tuple[int, ...] = (1, 1, 1), complete: int = 1, others: int = BACKGROUND
) -> Targets:
    """Describe one view whose anchor 400 has *label* and whose other anchors have *others*."""
    labels = np.full((1, ANCHORS), others, np.int32)
    labels[0, ON_ANCHOR] = label
    corners = corners_of(anchors())[None]
    return Targets(
        tf.constant(labels),
        tf.constant(corners),
        tf.constant([known], tf.float32),
        tf.constant([complete], tf.float32),
    )


def class_gradient(wanted: Targets) -> NDArray[np.float32]:
    """Return how the class loss changes with each logit, float32 (anchors, classes)."""
    logits = tf.Variable(tf.random.stateless_normal([1, ANCHORS, CLASSES], [1, 2]))
    with tf.GradientTape() as tape:
        loss, _ = detection_loss(logits, tf.zeros([1, ANCHORS, 4]), wanted)
    gradient: NDArray[np.float32] = tape.gradient(loss, logits).numpy()[0]
    return gradient


def test_classes_outside_of_the_vocabulary_get_no_gradient_anywhere() -> None:
    gradient = class_gradient(targets(label=0, known=(1, 0, 1)))
    assert not gradient[:, 1].any()
    assert gradient[:, 0].all()
    assert gradient[:, 2].all()


def test_background_of_an_incomplete_photo_gets_no_gradient_but_its_objects_do() -> None:
    gradient = class_gradient(targets(label=0, complete=0))
    assert gradient[ON_ANCHOR].all()
    assert not np.delete(gradient, ON_ANCHOR, axis=0).any()


def test_ignored_anchors_get_no_gradient() -> None:
    gradient = class_gradient(targets(label=1, others=IGNORED))
    assert gradient[ON_ANCHOR].all()
    assert not np.delete(gradient, ON_ANCHOR, axis=0).any()


def test_the_mask_is_one_where_everything_is_known() -> None:
    assert class_mask(targets(label=2)).numpy().all()


def test_a_right_answer_costs_less_than_a_wrong_one() -> None:
    def loss(chosen: int) -> float:
        logits = np.full((1, ANCHORS, CLASSES), -8, np.float32)
        logits[0, ON_ANCHOR, chosen] = 8
        return float(detection_loss(tf.constant(logits), tf.zeros([1, ANCHORS, 4]), targets(label=1))[0])

    assert loss(1) < 0.01 < 1 < loss(0)


def test_the_box_loss_is_nothing_for_the_right_box_and_grows_with_distance() -> None:
    def loss(shift: float) -> float:
        offsets = tf.constant(np.full((1, ANCHORS, 4), [shift, 0, 0, 0], np.float32))
        return float(detection_loss(tf.zeros([1, ANCHORS, CLASSES]), offsets, targets(label=1))[1])

    assert loss(0) == pytest.approx(0, abs=1e-5)
    assert 0.1 < loss(1) < loss(5) < loss(50)
