"""ResNet50 (He et al. 2015, arXiv:1512.03385) with the layers and weights of `keras.applications.ResNet50`.

As there, a stage's first bottleneck halves the map in its first 1x1 convolution, not in the 3x3 one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers

from model_server.architectures.keras_files import caffe_pixels, load_keras_weights
from model_server.catalogue import ModelCard
from model_server.exporting import Endpoint, image_input, keras_endpoint

BATCH_NORM_EPSILON = 1.001e-5
EXPANSION = 4
"""A bottleneck gives so many times its inner channels."""


def endpoints(card: ModelCard, weights: Path | None) -> Sequence[Endpoint]:
    """Build ResNet50 from a Keras weights file; raise CheckpointError or WeightsError if it doesn't fit."""
    image, pixels = image_input(card)
    x = _stem(caffe_pixels(pixels), card.architecture["stem"])
    for stage, (count, channels) in enumerate(card.architecture["stages"], start=2):
        for number in range(1, count + 1):
            stride = 2 if number == 1 and stage > 2 else 1
            x = _bottleneck(x, channels, stride, has_projection=number == 1, name=f"conv{stage}_block{number}")
    embedding = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    probabilities = layers.Dense(len(card.tag_classes), activation="softmax", name="predictions")(embedding)
    model = keras.Model(image, {"embedding": embedding, "probabilities": probabilities}, name=card.name)
    if weights:
        load_keras_weights(model, weights)
    return [keras_endpoint(card, model)]


def _stem(x: Any, channels: int) -> Any:
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(channels, 7, 2, name="conv1_conv")(x)
    x = layers.ReLU(name="conv1_relu")(_batch_norm(x, "conv1_bn"))
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, 2, name="pool1_pool")(x)


def _bottleneck(x: Any, channels: int, stride: int, *, has_projection: bool, name: str) -> Any:
    """Lay 1x1, 3x3 and 1x1 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""
    shortcut = x
    if has_projection:
        shortcut = layers.Conv2D(EXPANSION * channels, 1, stride, name=f"{name}_0_conv")(x)
        shortcut = _batch_norm(shortcut, f"{name}_0_bn")
    y = layers.Conv2D(channels, 1, stride, name=f"{name}_1_conv")(x)
    y = layers.ReLU(name=f"{name}_1_relu")(_batch_norm(y, f"{name}_1_bn"))
    y = layers.Conv2D(channels, 3, padding="same", name=f"{name}_2_conv")(y)
    y = layers.ReLU(name=f"{name}_2_relu")(_batch_norm(y, f"{name}_2_bn"))
    y = layers.Conv2D(EXPANSION * channels, 1, name=f"{name}_3_conv")(y)
    y = layers.Add(name=f"{name}_add")([shortcut, _batch_norm(y, f"{name}_3_bn")])
    return layers.ReLU(name=f"{name}_out")(y)


def _batch_norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name)(x)
