"""CLIP (Radford et al. 2021, arXiv:2103.00020) from OpenCLIP's checkpoint: a tower for pictures and one for words."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from model_server.architectures.transformer import ClassToken, Encoder, Positions, Weights, encode, fill, patches
from model_server.catalogue import ModelCard, TextTower
from model_server.checkpoint import read_tensors
from model_server.errors import CatalogueError
from model_server.exporting import Endpoint, image_input, keras_endpoint

EPSILON = 1e-5
PIXEL_MEANS = (0.48145466, 0.4578275, 0.40821073)
PIXEL_DEVIATIONS = (0.26862954, 0.26130258, 0.27577711)
IGNORED = ("logit_scale", "attn_mask")

Arrays = dict[str, list[NDArray[np.float32]]]


def endpoints(card: ModelCard, weights: Path | None) -> Sequence[Endpoint]:
    """Build both towers from a safetensors or PyTorch file; raise CheckpointError or WeightsError if it doesn't fit.

    The second endpoint takes the ids of tokens, int32 (n, length), and gives an `embedding` in the same space.
    """
    if card.text is None:
        raise CatalogueError(f"the card of {card.name} has no [text]")
    pictures = _encoder(card.architecture["picture"], is_causal=False)
    words = _encoder(card.architecture["text"], is_causal=True)
    picture_tower, text_tower = _picture_tower(card, pictures), _text_tower(card, card.text, words)
    if weights:
        taken = Weights(read_tensors(weights))
        fill(picture_tower, _picture_arrays(taken, pictures))
        fill(text_tower, _text_arrays(taken, words))
        taken.check_all_used(lambda name: name in IGNORED)
    return [keras_endpoint(card, picture_tower), _text_endpoint(card.text, text_tower)]


def _encoder(sizes: Mapping[str, int], *, is_causal: bool) -> Encoder:
    return Encoder(sizes["width"], sizes["layers"], sizes["heads"], sizes["mlp"], EPSILON, is_causal)


def _picture_tower(card: ModelCard, encoder: Encoder) -> keras.Model:
    image, pixels = image_input(card)
    factors = [1 / (255 * deviation) for deviation in PIXEL_DEVIATIONS]
    offsets = [-mean / deviation for mean, deviation in zip(PIXEL_MEANS, PIXEL_DEVIATIONS, strict=True)]
    scaled = layers.Rescaling(factors, offsets, name="scaled")(pixels)
    x = patches(scaled, card.architecture["picture"]["patch_px"], encoder.width, has_bias=False)
    x = Positions(name="positions")(ClassToken(name="class_token")(x))
    x = encode(layers.LayerNormalization(epsilon=EPSILON, name="norm_before")(x), encoder)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x[:, 0])
    embedding = layers.Dense(card.architecture["embedding"], use_bias=False, name="projection")(x)
    return keras.Model(image, {"embedding": embedding}, name=f"{card.name}_pictures")


class LastToken(layers.Layer):
    """Picks each text's end, which has the largest id of all tokens; what follows it is padding."""

    def call(self, x: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Take float32 (n, length, width) and int32 (n, length), return (n, width)."""
        return tf.gather(x, tf.argmax(tokens, axis=1), axis=1, batch_dims=1)


def _text_tower(card: ModelCard, text: TextTower, encoder: Encoder) -> keras.Model:
    tokens = keras.Input((text.length,), dtype="int32", name=text.input_name)
    x = layers.Embedding(card.architecture["text"]["vocabulary"], encoder.width, name="vectors")(tokens)
    x = encode(Positions(name="positions")(x), encoder)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = LastToken(name="end")(x, tokens)
    embedding = layers.Dense(card.architecture["embedding"], use_bias=False, name="projection")(x)
    return keras.Model(tokens, {"embedding": embedding}, name=f"{card.name}_words")


def _text_endpoint(text: TextTower, tower: keras.Model) -> Endpoint:
    spec = tf.TensorSpec([None, text.length], tf.int32, name=text.input_name)

    def compute(tokens: tf.Tensor) -> Mapping[str, tf.Tensor]:
        vectors: Mapping[str, tf.Tensor] = tower(tf.ensure_shape(tokens, spec.shape), training=False)
        return vectors

    return Endpoint(spec, compute, text.signature, tower)


def _picture_arrays(weights: Weights, encoder: Encoder) -> Arrays:
    return {
        "patches": [weights.patch_kernel("visual.conv1.weight")],
        "class_token": [weights.take("visual.class_embedding")],
        "positions": [weights.take("visual.positional_embedding")],
        "norm_before": weights.norm("visual.ln_pre"),
        "norm": weights.norm("visual.ln_post"),
        "projection": [weights.take("visual.proj")],
        **_blocks(weights, "visual.transformer", encoder),
    }


def _text_arrays(weights: Weights, encoder: Encoder) -> Arrays:
    return {
        "vectors": [weights.take("token_embedding.weight")],
        "positions": [weights.take("positional_embedding")],
        "norm": weights.norm("ln_final"),
        "projection": [weights.take("text_projection")],
        **_blocks(weights, "transformer", encoder),
    }


def _blocks(weights: Weights, source: str, encoder: Encoder) -> Arrays:
    arrays: Arrays = {}
    for number in range(encoder.layers):
        block, target = f"{source}.resblocks.{number}", f"block{number}"
        attention = [weights.take(f"{block}.attn.in_proj_weight").T, weights.take(f"{block}.attn.in_proj_bias")]
        arrays |= {
            f"{target}_norm1": weights.norm(f"{block}.ln_1"),
            f"{target}_attention": [*attention, *weights.dense(f"{block}.attn.out_proj")],
            f"{target}_norm2": weights.norm(f"{block}.ln_2"),
            f"{target}_mlp1": weights.dense(f"{block}.mlp.c_fc"),
            f"{target}_mlp2": weights.dense(f"{block}.mlp.c_proj"),
        }
    return arrays
