"""VGG16 (Simonyan & Zisserman 2014, arXiv:1409.1556) with the layers and weights of `keras.applications.VGG16`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers

from model_server.architectures.keras_files import caffe_pixels, load_keras_weights
from model_server.catalogue import ModelCard
from model_server.exporting import Endpoint, image_input, keras_endpoint


def endpoints(card: ModelCard, weights: Path | None) -> Sequence[Endpoint]:
    """Build VGG16 from a Keras weights file; raise CheckpointError or WeightsError if it doesn't fit."""
    image, pixels = image_input(card)
    features = _dense(_convolutions(caffe_pixels(pixels), card.architecture["blocks"]), card.architecture["dense"])
    probabilities = layers.Dense(len(card.tag_classes), activation="softmax", name="predictions")(features)
    model = keras.Model(image, {"embedding": features, "probabilities": probabilities}, name=card.name)
    if weights:
        load_keras_weights(model, weights)
    return [keras_endpoint(card, model)]


def _convolutions(x: Any, blocks: Sequence[tuple[int, int]]) -> Any:
    """Lay blocks of 3x3 convolutions, each given as their number and channels, with a pooling after each block."""
    for block, (count, channels) in enumerate(blocks, start=1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, 2, name=f"block{block}_pool")(x)
    return x


def _dense(x: Any, widths: Sequence[int]) -> Any:
    x = layers.Flatten(name="flatten")(x)
    for number, width in enumerate(widths, start=1):
        x = layers.Dense(width, activation="relu", name=f"fc{number}")(x)
    return x
