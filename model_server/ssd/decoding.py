"""From predicted offsets to at most twenty boxes a photo, inside the graph."""

from typing import Any

import keras
import tensorflow as tf

from model_server.ssd.anchors import CENTRE_SCALE, INPUT_PX, MAX_SIZE_STEP, SIZE_SCALE, anchors

MAX_DETECTIONS = 20
MAX_IOU = 0.5
MIN_CONFIDENCE = 0.05


def decode(offsets: tf.Tensor) -> tf.Tensor:
    """Turn box offsets (n, 1939, 4) into corners (n, 1939, 4), xmin ymin xmax ymax in 0..1, not clipped."""
    centred = tf.constant(anchors())
    middle = offsets[..., :2] * CENTRE_SCALE * centred[:, 2:] + centred[:, :2]
    half = tf.exp(tf.minimum(offsets[..., 2:] * SIZE_SCALE, MAX_SIZE_STEP)) * centred[:, 2:] / 2
    return tf.concat([middle - half, middle + half], axis=-1)


def suppress(corners: tf.Tensor, confidences: tf.Tensor) -> tf.Tensor:
    """Keep the most confident boxes that don't repeat one of their own class.

    corners: (n, anchors, 4) in 0..1; confidences: (n, anchors, classes) in 0..1. Returns float32 (n, 20, 6):
    class_id (1 for the first class), confidence, xmin, ymin, xmax, ymax in pixels of the input, most confident
    first, rows of zeros at the end.
    """
    kept = tf.image.combined_non_max_suppression(
        corners[:, :, None],
        confidences,
        max_output_size_per_class=MAX_DETECTIONS,
        max_total_size=MAX_DETECTIONS,
        iou_threshold=MAX_IOU,
        score_threshold=MIN_CONFIDENCE,
        clip_boxes=False,
    )
    is_real = tf.cast(kept.nmsed_scores > 0, tf.float32)
    class_ids = (kept.nmsed_classes + 1) * is_real
    return tf.concat([class_ids[..., None], kept.nmsed_scores[..., None], kept.nmsed_boxes * INPUT_PX], axis=-1)


class Detections(keras.layers.Layer):
    """The last layer of a detector: (class logits, box offsets, label scores) to detections (n, 20, 6).

    A box's confidence is its own probability times the photo's score of that label to the power of
    ``label_weight``: the photo as a whole often knows better than one cell what can be in it.
    """

    def __init__(self, label_weight: float, **options: Any) -> None:
        super().__init__(**options)
        self.label_weight = label_weight

    def call(self, logits: tf.Tensor, offsets: tf.Tensor, label_scores: tf.Tensor) -> tf.Tensor:
        """Return float32 (n, 20, 6), see `suppress`."""
        context = tf.pow(label_scores, self.label_weight)
        corners = tf.clip_by_value(decode(offsets), 0.0, 1.0)
        return suppress(corners, tf.sigmoid(logits) * context[:, None, :])

    def get_config(self) -> dict[str, Any]:
        """Return what Keras needs to make this layer anew."""
        return {**super().get_config(), "label_weight": self.label_weight}
