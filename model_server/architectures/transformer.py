"""The transformer encoder that ViT and both towers of CLIP share: layers, and how they take weights by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from model_server.errors import WeightsError

Tensors = Mapping[str, NDArray[Any]]
HIDDEN = -1e9
"""Added to the score of what a token must not see."""


@dataclass(frozen=True)
class Encoder:
    """Dimensions of a stack of pre-norm transformer blocks (Vaswani et al. 2017, Dosovitskiy et al. 2020)."""

    width: int
    layers: int
    heads: int
    mlp: int
    epsilon: float
    is_causal: bool = False
    """Whether a token sees only itself and those before it."""


class SelfAttention(layers.Layer):
    """Multi-head self-attention, scaled dot product, with one matrix for query, key and value."""

    def __init__(self, encoder: Encoder, **options: Any) -> None:
        super().__init__(**options)
        self._heads, self._head_width = encoder.heads, encoder.width // encoder.heads
        self._is_causal = encoder.is_causal
        self.query_key_value = layers.Dense(3 * encoder.width)
        self.out = layers.Dense(encoder.width)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights: kernel and bias of query, key and value together, then of the output."""
        self.query_key_value.build(shape)
        self.out.build(shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Take and return float32 (n, tokens, width)."""
        tokens = x.shape[1]
        parts = tf.reshape(self.query_key_value(x), [-1, tokens, 3, self._heads, self._head_width])
        query, key, value = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]))
        scores = tf.matmul(query * self._head_width**-0.5, key, transpose_b=True)
        if self._is_causal:
            scores += tf.constant(np.triu(np.full((tokens, tokens), HIDDEN, np.float32), k=1))
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), value), [0, 2, 1, 3])
        return self.out(tf.reshape(mixed, [-1, tokens, self._heads * self._head_width]))


class ClassToken(layers.Layer):
    """Puts a learned token before all others."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the token: (width,)."""
        self.token = self.add_weight(shape=(shape[-1],), name="token")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Take float32 (n, tokens, width), return (n, 1 + tokens, width)."""
        first = tf.broadcast_to(self.token, [tf.shape(x)[0], 1, x.shape[-1]])
        return tf.concat([first, x], axis=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape with one token more."""
        return (shape[0], (shape[1] or 0) + 1, shape[2])


class Positions(layers.Layer):
    """Adds a learned vector to each place."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the vectors: (tokens, width)."""
        self.positions = self.add_weight(shape=shape[1:], name="positions")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Take and return float32 (n, tokens, width)."""
        return x + self.positions


def patches(pixels: Any, patch_px: int, width: int, *, has_bias: bool) -> Any:
    """Cut pictures into squares and project each: a Keras tensor (n, squares, width), row by row."""
    cut = layers.Conv2D(width, patch_px, patch_px, use_bias=has_bias, name="patches")(pixels)
    return layers.Reshape((-1, width), name="row_of_patches")(cut)


def encode(x: Any, encoder: Encoder) -> Any:
    """Lay the blocks over a Keras tensor (n, tokens, width); the last norm is the caller's."""
    for number in range(encoder.layers):
        name = f"block{number}"
        normed = layers.LayerNormalization(epsilon=encoder.epsilon, name=f"{name}_norm1")(x)
        x = layers.Add(name=f"{name}_add1")([x, SelfAttention(encoder, name=f"{name}_attention")(normed)])
        normed = layers.LayerNormalization(epsilon=encoder.epsilon, name=f"{name}_norm2")(x)
        hidden = layers.Dense(encoder.mlp, activation="gelu", name=f"{name}_mlp1")(normed)
        x = layers.Add(name=f"{name}_add2")([x, layers.Dense(encoder.width, name=f"{name}_mlp2")(hidden)])
    return x


class Weights:
    """The tensors of a file, handed out by name; notes which were used."""

    def __init__(self, tensors: Tensors, prefix: str = "") -> None:
        self._tensors = tensors
        self._prefix = prefix
        self._used: set[str] = set()

    def take(self, name: str) -> NDArray[np.float32]:
        """Return one tensor; raise WeightsError if the file lacks it."""
        full = self._prefix + name
        if full not in self._tensors:
            raise WeightsError(f"the checkpoint lacks {full}")
        self._used.add(full)
        return np.asarray(self._tensors[full], np.float32)

    def dense(self, name: str) -> list[NDArray[np.float32]]:
        """Return kernel and bias of a PyTorch `Linear`, which holds its matrix the other way round."""
        return [self.take(f"{name}.weight").T, self.take(f"{name}.bias")]

    def norm(self, name: str) -> list[NDArray[np.float32]]:
        """Return factor and offset of a layer norm."""
        return [self.take(f"{name}.weight"), self.take(f"{name}.bias")]

    def patch_kernel(self, name: str) -> NDArray[np.float32]:
        """Return a convolution's kernel, (out, in, height, width) in PyTorch, as Keras has it."""
        return self.take(name).transpose(2, 3, 1, 0)

    def check_all_used(self, ignored: Callable[[str], bool]) -> None:
        """Raise WeightsError if the file holds a tensor that nobody took and that isn't to be *ignored*."""
        left = sorted(name for name in self._tensors if name not in self._used and not ignored(name))
        if left:
            raise WeightsError(f"the checkpoint holds tensors that the model lacks: {', '.join(left[:5])}")


def fill(model: keras.Model, arrays: Mapping[str, list[NDArray[np.float32]]]) -> None:
    """Set the weights of layers by name; raise WeightsError where a shape differs or a layer gets none."""
    empty = [layer.name for layer in model.layers if layer.weights and layer.name not in arrays]
    if empty:
        raise WeightsError(f"no weights for the layers {', '.join(empty[:5])}")
    for name, values in arrays.items():
        try:
            model.get_layer(name).set_weights(values)
        except ValueError as error:
            raise WeightsError(f"the checkpoint's {name} doesn't fit the model: {error}") from error
