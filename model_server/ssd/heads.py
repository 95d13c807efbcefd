"""Heads of the detector: a feature pyramid, then one classifier and one box predictor for all levels.

The levels have their own 3x3 convolutions; the towers after them are pointwise and shared, so that a class with a
dozen labelled objects learns from all sizes at once.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from model_server.efficientnet_lite import build_branch
from model_server.ssd.anchors import LEVELS

WIDTH, BOX_WIDTH = 160, 128
FINEST_WIDTH = 96  # of the stride-8 level, which has four times the cells of all others together
RARE_LOGIT = -4.6  # the sigmoid of it is 0.01: at the start nearly everything is background
PREFIX = "ssd_"


def build_detector(taps: Mapping[str, Any], classes: int, precision: str = "float32") -> tuple[Any, Any]:
    """Lay the detector over the backbone's *taps*: a branch of its own, then the heads; returns what they return."""
    branch = build_branch(taps["shared"], precision)
    return Heads(classes, precision).build({**taps, **branch})


class Heads:
    """Builds the heads' layers.

    precision: Keras' dtype policy: "mixed_bfloat16" halves the time of a training step on a processor that
    knows the format.
    """

    def __init__(self, classes: int, precision: str = "float32") -> None:
        self._classes, self._precision = classes, precision

    def build(self, maps: Mapping[str, Any]) -> tuple[Any, Any]:
        """Lay the heads over maps with side 38 (``stride8``), 19 (``stride16``) and 10 (``stride32``, ``head``).

        Returns Keras tensors: class logits (n, 1939, classes) and box offsets (n, 1939, 4).
        """
        coarse = self._layer(layers.Concatenate, "coarse")([maps["head"], maps["stride32"]])
        coarse = self._block(coarse, WIDTH, 1, "lateral5")
        level5 = self._block(coarse, WIDTH, 3, "level5")
        level6 = self._block(level5, WIDTH, 3, "level6", stride=2)
        level7 = self._block(level6, WIDTH, 3, "level7", stride=2)
        # 10 cells become 20, the stride-16 map has 19: the last row and column are cut.
        raised = self._raise(level5, WIDTH, "4")
        raised = self._layer(layers.Cropping2D, "crop", cropping=((0, 1), (0, 1)))(raised)
        fine = self._block(maps["stride16"], WIDTH, 1, "lateral4")
        level4 = self._block(self._layer(layers.Add, "merge4")([fine, raised]), WIDTH, 3, "level4")
        level3 = self._finest(maps["stride8"], level4)
        rows = [
            self._layer(layers.Reshape, f"rows{level.cells}", target_shape=(level.cells**2, WIDTH))(x)
            for level, x in zip(LEVELS, (level3, level4, level5, level6, level7), strict=True)
        ]
        return self._towers(self._layer(layers.Concatenate, "rows", axis=1)(rows))

    def _finest(self, stride8: Any, level4: Any) -> Any:
        """Lay the stride-8 level, narrow and depthwise because it is large."""
        fine = self._block(stride8, FINEST_WIDTH, 1, "lateral3")
        merged = self._layer(layers.Add, "merge3")([fine, self._raise(level4, FINEST_WIDTH, "3")])
        spread = self._layer(layers.DepthwiseConv2D, "spread3", kernel_size=3, padding="same")(merged)
        return self._block(spread, WIDTH, 1, "level3")

    def _raise(self, coarser: Any, width: int, level: str) -> Any:
        """Bring a coarser level to twice its side."""
        return self._layer(layers.UpSampling2D, f"raise{level}")(self._block(coarser, width, 1, f"topdown{level}"))

    def _towers(self, rows: Any) -> tuple[Any, Any]:
        logits = self._layer(
            layers.Dense,
            "classes",
            units=self._classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(RARE_LOGIT),
        )(self._tower(rows, WIDTH, "class_tower"))
        offsets = self._layer(layers.Dense, "offsets", units=4)(self._tower(rows, BOX_WIDTH, "box_tower"))
        return logits, offsets

    def _block(self, x: Any, width: int, kernel: int, name: str, stride: int = 1) -> Any:
        return self._layer(
            layers.Conv2D, name, filters=width, kernel_size=kernel, strides=stride, padding="same",
            kernel_initializer="he_normal", activation="relu",
        )(x)  # fmt: skip

    def _tower(self, rows: Any, width: int, name: str) -> Any:
        return self._layer(layers.Dense, name, units=width, kernel_initializer="he_normal", activation="relu")(rows)

    def _layer(self, kind: type[keras.layers.Layer], name: str, **options: Any) -> Any:
        """Make one layer under the heads' prefix and precision."""
        return kind(name=PREFIX + name, dtype=self._precision, **options)
