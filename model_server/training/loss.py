"""The detector's loss, which asks nothing about classes that nobody looked for in a photo."""

from typing import NamedTuple

import tensorflow as tf

from model_server.ssd.anchors import BACKGROUND
from model_server.ssd.decoding import decode

FOCUS = 2.0
BOX_WEIGHT = 2.0


class Targets(NamedTuple):
    """What the heads should say of a batch of n views.

    labels: int32 (n, anchors), 0..79, BACKGROUND or IGNORED; corners: float32 (n, anchors, 4) in 0..1, of the
    object where there is one; known: float32 (n, 80), 1 for classes that were looked for; complete: float32 (n,),
    1 where every object of those is labelled.
    """

    labels: tf.Tensor
    corners: tf.Tensor
    known: tf.Tensor
    complete: tf.Tensor


def detection_loss(logits: tf.Tensor, offsets: tf.Tensor, targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the class loss and the box loss, scalars per labelled object of the batch.

    The class loss is the quality focal loss (Li et al. 2020): the right class should say how well its box fits.
    The box loss is 1 - GIoU (Rezatofighi et al. 2019).
    """
    is_object = tf.cast(targets.labels >= 0, tf.float32)
    objects = tf.maximum(tf.reduce_sum(is_object), 1.0)
    iou, giou = _iou_and_giou(decode(offsets), targets.corners)
    wanted = tf.one_hot(targets.labels, logits.shape[-1]) * tf.stop_gradient(iou)[..., None]
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits)
    focus = tf.abs(wanted - tf.sigmoid(logits)) ** FOCUS
    class_loss = tf.reduce_sum(cross_entropy * focus * class_mask(targets)) / objects
    box_loss = tf.reduce_sum((1.0 - giou) * is_object) / objects
    return class_loss, BOX_WEIGHT * box_loss


def class_mask(targets: Targets) -> tf.Tensor:
    """Return float32 (n, anchors, 80): 1 where the labels say whether the class is there.

    On an object: the classes that were looked for. On background: the same if all their objects are labelled,
    else nothing. On what is ignored: nothing.
    """
    is_object = tf.cast(targets.labels >= 0, tf.float32)
    is_background = tf.cast(tf.equal(targets.labels, BACKGROUND), tf.float32)
    counts = is_object + is_background * targets.complete[:, None]
    return counts[..., None] * targets.known[:, None, :]


def _iou_and_giou(boxes: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return both overlaps of boxes (..., 4) with others (..., 4), row by row."""
    shared = _area(tf.maximum(boxes[..., :2], others[..., :2]), tf.minimum(boxes[..., 2:], others[..., 2:]))
    hull = _area(tf.minimum(boxes[..., :2], others[..., :2]), tf.maximum(boxes[..., 2:], others[..., 2:]))
    both = _area(boxes[..., :2], boxes[..., 2:]) + _area(others[..., :2], others[..., 2:]) - shared
    iou = shared / tf.maximum(both, 1e-7)
    return iou, iou - (hull - both) / tf.maximum(hull, 1e-7)


def _area(low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    sides = tf.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]
