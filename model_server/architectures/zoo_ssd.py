"""The network of the zoo's SSD MobileNet V2 320 with untrained weights, behind the zoo's own signature.

For measuring speed and memory, and for tests. Layers as its `ssd_mobilenet_v2_320x320_coco17_tpu-8.config` says; its
anchors are simpler, which costs and saves nothing.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

CATEGORIES = 90
NETWORK_PX = 300
TAPS = ("block_13_expand_relu", "out_relu")
EXTRA_CHANNELS = (512, 256, 256, 128)
ANCHORS_A_CELL = (3, 6, 6, 6, 6, 6)
RARE = -4.6
"""Class biases: before training nothing is likely."""
MAX_OBJECTS, MAX_IOU, MIN_SCORE = 100, 0.6, 1e-8


class UntrainedZooModel(tf.Module):
    """A detector of 90 categories; *alpha* scales the backbone's channels."""

    def __init__(self, alpha: float, network_px: int = NETWORK_PX) -> None:
        super().__init__()
        self._network_px = network_px
        self.network = _network(alpha, network_px)

    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Do what `detect` does; unlike that method's own value, an object that is called stays alive."""
        answers: dict[str, tf.Tensor] = self.detect(image)
        return answers

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")])
    def detect(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer as the zoo's models do: boxes (1, 100, 4), ymin xmin ymax xmax in 0..1, and what they are."""
        pixels = tf.image.resize(tf.cast(input_tensor, tf.float32), [self._network_px, self._network_px])
        boxes, scores = self.network(pixels / 127.5 - 1.0, training=False)
        kept = tf.image.combined_non_max_suppression(
            boxes[:, :, None], scores, MAX_OBJECTS, MAX_OBJECTS, MAX_IOU, MIN_SCORE
        )
        return {
            "detection_boxes": kept.nmsed_boxes,
            "detection_classes": kept.nmsed_classes + 1,
            "detection_scores": kept.nmsed_scores,
            "num_detections": tf.cast(kept.valid_detections, tf.float32),
        }


def _network(alpha: float, network_px: int) -> keras.Model:
    """Return pixels (n, size, size, 3) in -1..1 to boxes (n, anchors, 4) and scores (n, anchors, 90)."""
    shape = (network_px, network_px, 3)
    backbone = keras.applications.MobileNetV2(shape, alpha, include_top=False, weights=None)
    maps = [backbone.get_layer(name).output for name in TAPS]
    for channels in EXTRA_CHANNELS:
        narrow = layers.Conv2D(channels // 2, 1, activation="relu6")(maps[-1])
        maps.append(layers.Conv2D(channels, 3, 2, padding="same", activation="relu6")(narrow))
    offsets, scores = [], []
    for count, features in zip(ANCHORS_A_CELL, maps, strict=True):
        offsets.append(layers.Reshape((-1, 4))(layers.Conv2D(4 * count, 1)(features)))
        classes = layers.Conv2D((CATEGORIES + 1) * count, 1, bias_initializer=keras.initializers.Constant(RARE))
        scores.append(layers.Reshape((-1, CATEGORIES + 1))(classes(features)))
    sides = [features.shape[1] for features in maps]
    boxes = Anchored(sides)(layers.Concatenate(axis=1)(offsets))
    real = layers.Activation("sigmoid")(layers.Concatenate(axis=1)(scores))[..., 1:]
    return keras.Model(backbone.input, [boxes, real])


class Anchored(layers.Layer):
    """Moves the cells' squares by predicted offsets."""

    def __init__(self, sides: list[int], **options: Any) -> None:
        super().__init__(**options)
        cells = [_cells(side, count) for side, count in zip(sides, ANCHORS_A_CELL, strict=True)]
        self._anchors = np.concatenate(cells).astype(np.float32)

    def call(self, offsets: tf.Tensor) -> tf.Tensor:
        """Take offsets (n, anchors, 4), return corners of that shape: ymin xmin ymax xmax."""
        middle = self._anchors[:, :2] + offsets[..., :2] / 10 * self._anchors[:, 2:]
        half = self._anchors[:, 2:] * tf.exp(offsets[..., 2:] / 5) / 2
        return tf.concat([middle - half, middle + half], axis=-1)


def _cells(side: int, count: int) -> Any:
    """Return *count* squares of growing size in each cell of a map: (side * side * count, 4), y x height width."""
    places = (np.arange(side) + 0.5) / side
    y, x, scale = (axis.ravel() for axis in np.meshgrid(places, places, np.arange(1, count + 1), indexing="ij"))
    size = np.minimum(scale / side, 1.0)
    return np.stack([y, x, size, size], axis=1)
