"""The transformer encoder in plain numpy, one head and one token at a time, from the papers' formulas."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tensors = Mapping[str, NDArray[Any]]


def linear(x: Array, tensors: Tensors, name: str) -> Array:
    projected: Array = x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
    return projected


def norm(x: Array, tensors: Tensors, name: str, epsilon: float) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    unit = centred / np.sqrt(x.var(axis=-1, keepdims=True) + epsilon)
    scaled: Array = unit * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
    return scaled


def gelu(x: Array) -> Array:
    bent: Array = 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return bent


def attend(parts: Iterable[Array], heads: int, *, is_causal: bool) -> Array:
    """Mix values head by head, token by token; *parts* are query, key and value, each (tokens, width)."""
    query, key, value = parts
    width = query.shape[1] // heads
    mixed = np.zeros_like(value)
    for head in range(heads):
        columns = slice(head * width, (head + 1) * width)
        for token in range(len(query)):
            seen = slice(0, token + 1) if is_causal else slice(None)
            scores = key[seen, columns] @ query[token, columns] / math.sqrt(width)
            shares = np.exp(scores - scores.max())
            mixed[token, columns] = (shares / shares.sum()) @ value[seen, columns]
    return mixed


def squares(picture: Array, size_px: int) -> Sequence[Array]:
    """Cut (height, width, 3) into squares, each flattened as (3, size, size)."""
    rows, columns = (side // size_px for side in picture.shape[:2])
    return [
        picture[y * size_px : (y + 1) * size_px, x * size_px : (x + 1) * size_px].transpose(2, 0, 1).ravel()
        for y in range(rows)
        for x in range(columns)
    ]


def random_tensors(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(scale=0.3, size=shape).astype(np.float32) for name, shape in shapes.items()}
