"""The network in training: backbone, the detector's own branch of it, and heads."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from model_server.efficientnet_lite import (
    BRANCH_PREFIX,
    build_backbone,
    load_backbone_weights,
    package_checkpoint,
)
from model_server.ssd.anchors import INPUT_PX
from model_server.ssd.heads import build_detector
from model_server.ssd.weights import trained_layers

FAST_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
PROCESSOR = Path("/proc/cpuinfo")


class Network:
    """Backbone, branch and heads, with those layers trainable that are the detector's own.

    ``model`` takes uint8 (n, 300, 300, 3) and gives class logits (n, 1939, classes), box offsets (n, 1939, 4) and
    the embedding (n, 1280); the backbone has its ImageNet weights, and so has the branch.
    """

    def __init__(self, classes: int, precision: str) -> None:
        image = keras.Input((INPUT_PX, INPUT_PX, 3), dtype="uint8")
        taps = build_backbone(keras.ops.cast(image, "float32"), precision)
        logits, offsets = build_detector(taps, classes, precision)
        self.model = keras.Model(image, [logits, offsets, taps["embedding"]])
        load_backbone_weights(self.model, package_checkpoint())
        trained = list(trained_layers(self.model))
        for layer in self.model.layers:
            layer.trainable = layer in trained
        self.branch = _variables(layer for layer in trained if layer.name.startswith(BRANCH_PREFIX))
        self.heads = _variables(layer for layer in trained if not layer.name.startswith(BRANCH_PREFIX))

    @property
    def variables(self) -> list[Any]:
        """Everything that is trained, the branch first."""
        return [*self.branch, *self.heads]


def best_precision() -> str:
    """Return Keras' dtype policy under which a training step is quickest here."""
    if tf.config.list_physical_devices("GPU"):
        return "mixed_bfloat16"
    flags = set(PROCESSOR.read_text("ascii", "replace").split()) if PROCESSOR.exists() else set()
    return "mixed_bfloat16" if flags & FAST_BFLOAT16 else "float32"


def _variables(layers: Iterable[keras.layers.Layer]) -> list[Any]:
    return [variable for layer in layers for variable in layer.trainable_variables]
