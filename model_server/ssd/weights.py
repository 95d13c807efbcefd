"""The detector's trained layers, as arrays by name.

The branch's depthwise kernels are not among them: they stay the backbone's, because their gradient takes longer than
all others together and there are few of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from model_server.efficientnet_lite import BRANCH_PREFIX
from model_server.errors import WeightsError
from model_server.ssd.heads import PREFIX

Weights = Mapping[str, NDArray[Any]]
PARTS = ("kernel", "bias")


def trained_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield those layers of *model* that belong to the detector and are trained."""
    for layer in model.layers:
        of_branch = layer.name.startswith(BRANCH_PREFIX) and not isinstance(layer, layers.DepthwiseConv2D)
        if layer.weights and (of_branch or layer.name.startswith(PREFIX)):
            yield layer


def detector_weights(model: keras.Model) -> dict[str, NDArray[np.float16]]:
    """Return ``LAYER/kernel`` and ``LAYER/bias`` of each trained layer."""
    return {
        f"{layer.name}/{part}": value.astype(np.float16)
        for layer in trained_layers(model)
        for part, value in zip(PARTS, layer.get_weights(), strict=True)
    }


def load_detector_weights(model: keras.Model, weights: Weights) -> None:
    """Fill the trained layers of *model* from what `detector_weights` returned.

    Raises WeightsError if something is missing or of another shape.
    """
    for layer in trained_layers(model):
        try:
            layer.set_weights(_pair(weights, layer.name))
        except (KeyError, ValueError) as error:
            raise WeightsError(f"the trained weights don't fit layer {layer.name}: {error}") from error


def start_from(model: keras.Model, weights: Weights) -> list[str]:
    """Fill the trained layers of *model* where *weights* has the same layer of the same shape.

    Returns the names of the others, which keep what they have: a new level, a classifier of other classes.
    """
    fresh = []
    for layer in trained_layers(model):
        shapes = [tuple(variable.shape) for variable in layer.weights]
        if all(f"{layer.name}/{part}" in weights for part in PARTS) and shapes == [
            value.shape for value in _pair(weights, layer.name)
        ]:
            layer.set_weights(_pair(weights, layer.name))
        else:
            fresh.append(layer.name)
    return fresh


def _pair(weights: Weights, layer: str) -> list[NDArray[np.float32]]:
    return [weights[f"{layer}/{part}"].astype(np.float32) for part in PARTS]
