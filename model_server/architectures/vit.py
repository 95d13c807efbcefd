"""The Vision Transformer (Dosovitskiy et al. 2020, arXiv:2010.11929) from Hugging Face's checkpoint of Google's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from model_server.architectures.transformer import ClassToken, Encoder, Positions, Weights, encode, fill, patches
from model_server.catalogue import ModelCard
from model_server.checkpoint import read_tensors
from model_server.exporting import Endpoint, image_input, keras_endpoint

EPSILON = 1e-12
PREFIX = "vit."
"""What stands before each name where the file is that of a classifier around the same encoder."""
IGNORED = ("pooler.", "classifier.", "embeddings.position_ids")


def endpoints(card: ModelCard, weights: Path | None) -> Sequence[Endpoint]:
    """Build ViT from a safetensors or PyTorch file; raise CheckpointError or WeightsError if it doesn't fit."""
    sizes = card.architecture
    encoder = Encoder(sizes["width"], sizes["layers"], sizes["heads"], sizes["mlp"], EPSILON)
    image, pixels = image_input(card)
    scaled = layers.Rescaling(1 / 127.5, -1.0, name="scaled")(pixels)
    x = patches(scaled, sizes["patch_px"], encoder.width, has_bias=True)
    x = encode(Positions(name="positions")(ClassToken(name="class_token")(x)), encoder)
    embedding = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x[:, 0])
    model = keras.Model(image, {"embedding": embedding}, name=card.name)
    if weights:
        fill(model, _arrays(read_tensors(weights), encoder))
    return [keras_endpoint(card, model)]


def _arrays(tensors: Mapping[str, NDArray[Any]], encoder: Encoder) -> dict[str, list[NDArray[np.float32]]]:
    """Return the weights of each Keras layer."""
    prefix = PREFIX if any(name.startswith(PREFIX) for name in tensors) else ""
    weights = Weights(tensors, prefix)
    arrays = {
        "patches": [
            weights.patch_kernel("embeddings.patch_embeddings.projection.weight"),
            weights.take("embeddings.patch_embeddings.projection.bias"),
        ],
        "class_token": [weights.take("embeddings.cls_token").reshape(-1)],
        "positions": [weights.take("embeddings.position_embeddings")[0]],
        "norm": weights.norm("layernorm"),
    }
    for number in range(encoder.layers):
        arrays |= _block(weights, f"encoder.layer.{number}", f"block{number}")
    weights.check_all_used(lambda name: name.removeprefix(prefix).startswith(IGNORED))
    return arrays


def _block(weights: Weights, source: str, target: str) -> dict[str, list[NDArray[np.float32]]]:
    parts = [weights.dense(f"{source}.attention.attention.{part}") for part in ("query", "key", "value")]
    kernel, bias = (np.concatenate(pieces, axis=-1) for pieces in zip(*parts, strict=True))
    return {
        f"{target}_norm1": weights.norm(f"{source}.layernorm_before"),
        f"{target}_attention": [kernel, bias, *weights.dense(f"{source}.attention.output.dense")],
        f"{target}_norm2": weights.norm(f"{source}.layernorm_after"),
        f"{target}_mlp1": weights.dense(f"{source}.intermediate.dense"),
        f"{target}_mlp2": weights.dense(f"{source}.output.dense"),
    }
