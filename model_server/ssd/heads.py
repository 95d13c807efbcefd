"""Heads of the detector: a small feature pyramid, then one classifier and one box predictor for all levels.

The levels have their own 3x3 convolutions; the towers after them are pointwise and shared, so that a class with a
dozen labelled objects learns from all sizes at once.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from model_server.errors import WeightsError
from model_server.ssd.anchors import LEVELS

WIDTH, BOX_WIDTH = 160, 128
BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.98
RARE_LOGIT = -4.6  # the sigmoid of it is 0.01: at the start nearly everything is background
PREFIX = "ssd_"

HeadWeights = Mapping[str, NDArray[Any]]


class Heads:
    """Builds the heads' layers.

    With ``is_training`` each convolution is followed by a batch norm (and the classifier's input by dropout);
    without, those are expected in the kernels and biases already (`folded_weights`). ``precision`` is Keras' dtype
    policy: "mixed_bfloat16" halves the time of a training step on a processor that knows the format.
    """

    def __init__(self, classes: int, *, is_training: bool, dropout: float = 0.0, precision: str = "float32") -> None:
        self._classes, self._is_training, self._dropout = classes, is_training, dropout
        self._precision = precision

    def build(self, maps: Mapping[str, Any]) -> tuple[Any, Any]:
        """Lay the heads over ``stride16`` (n, 19, 19, 112), ``stride32`` and ``head`` (n, 10, 10, 320 and 1280).

        Returns Keras tensors: class logits (n, 495, classes) and box offsets (n, 495, 4).
        """
        coarse = self._layer(layers.Concatenate, "coarse")([maps["head"], maps["stride32"]])
        coarse = self._block(coarse, WIDTH, 1, "lateral5")
        level5 = self._block(coarse, WIDTH, 3, "level5")
        level6 = self._block(level5, WIDTH, 3, "level6", stride=2)
        level7 = self._block(level6, WIDTH, 3, "level7", stride=2)
        fine = self._block(maps["stride16"], WIDTH, 1, "lateral4")
        # 10 cells become 20, the stride-16 map has 19: the last row and column are cut.
        raised = self._layer(layers.UpSampling2D, "raise")(self._block(level5, WIDTH, 1, "topdown4"))
        raised = self._layer(layers.Cropping2D, "crop", cropping=((0, 1), (0, 1)))(raised)
        level4 = self._block(self._layer(layers.Add, "merge4")([fine, raised]), WIDTH, 3, "level4")
        rows = [
            self._layer(layers.Reshape, f"rows{level.cells}", target_shape=(level.cells**2, WIDTH))(x)
            for level, x in zip(LEVELS, (level4, level5, level6, level7), strict=True)
        ]
        return self._towers(self._layer(layers.Concatenate, "rows", axis=1)(rows))

    def _towers(self, rows: Any) -> tuple[Any, Any]:
        classes = self._pointwise(rows, WIDTH, "class_tower")
        if self._is_training and self._dropout:
            classes = self._layer(layers.Dropout, "dropout", rate=self._dropout)(classes)
        logits = self._layer(
            layers.Dense,
            "classes",
            units=self._classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(RARE_LOGIT),
        )(classes)
        offsets = self._layer(layers.Dense, "offsets", units=4)(self._pointwise(rows, BOX_WIDTH, "box_tower"))
        return logits, offsets

    def _block(self, x: Any, width: int, kernel: int, name: str, stride: int = 1) -> Any:
        convolution = self._layer(
            layers.Conv2D, name, filters=width, kernel_size=kernel, strides=stride, padding="same",
            kernel_initializer="he_normal", use_bias=not self._is_training,
        )  # fmt: skip
        return self._finish(convolution(x), name)

    def _pointwise(self, x: Any, width: int, name: str) -> Any:
        bias = not self._is_training
        dense = self._layer(layers.Dense, name, units=width, kernel_initializer="he_normal", use_bias=bias)
        return self._finish(dense(x), name)

    def _finish(self, x: Any, name: str) -> Any:
        if self._is_training:
            x = self._layer(
                layers.BatchNormalization,
                f"{name}_norm",
                momentum=BATCH_NORM_MOMENTUM,
                epsilon=BATCH_NORM_EPSILON,
            )(x)
        return self._layer(layers.ReLU, f"{name}_relu")(x)

    def _layer(self, kind: type[keras.layers.Layer], name: str, **options: Any) -> Any:
        """Make one layer under the heads' prefix and precision."""
        return kind(name=PREFIX + name, dtype=self._precision, **options)


def folded_weights(trained: keras.Model) -> dict[str, NDArray[np.float16]]:
    """Return ``LAYER/kernel`` and ``LAYER/bias`` of each layer of trained heads, batch norms folded in."""
    folded: dict[str, NDArray[np.float16]] = {}
    names = {layer.name for layer in trained.layers}
    for layer in trained.layers:
        if not layer.name.startswith(PREFIX) or not isinstance(layer, layers.Conv2D | layers.Dense):
            continue
        kernel, *bias = layer.get_weights()
        if f"{layer.name}_norm" in names:
            scale, offset, mean, variance = trained.get_layer(f"{layer.name}_norm").get_weights()
            factor = scale / np.sqrt(variance + BATCH_NORM_EPSILON)
            kernel, bias = kernel * factor, [offset - mean * factor]
        folded[f"{layer.name}/kernel"] = kernel.astype(np.float16)
        folded[f"{layer.name}/bias"] = bias[0].astype(np.float16)
    return folded


def load_head_weights(model: keras.Model, weights: HeadWeights) -> None:
    """Fill the heads' layers of *model* from what `folded_weights` returned.

    Raises WeightsError if something is missing or of another shape.
    """
    for layer in model.layers:
        if not layer.name.startswith(PREFIX) or not layer.weights:
            continue
        try:
            pair = [weights[f"{layer.name}/{part}"].astype(np.float32) for part in ("kernel", "bias")]
            layer.set_weights(pair)
        except (KeyError, ValueError) as error:
            raise WeightsError(f"the trained heads don't fit layer {layer.name}: {error}") from error
