"""The heads' trained form and their folded form say the same."""

from typing import Any

import keras
import numpy as np
import pytest

from model_server.errors import WeightsError
from model_server.ssd.heads import Heads, folded_weights, load_head_weights


def make(*, is_training: bool) -> keras.Model:
    shapes = {"stride16": (19, 19, 112), "stride32": (10, 10, 320), "head": (10, 10, 1280)}
    maps = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    return keras.Model(maps, Heads(7, is_training=is_training, dropout=0.5).build(maps))


def random_maps(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {"stride16": (2, 19, 19, 112), "stride32": (2, 10, 10, 320), "head": (2, 10, 10, 1280)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_folded_heads_agree_with_trained_ones() -> None:
    trained, folded = make(is_training=True), make(is_training=False)
    rng = np.random.default_rng(5)
    for layer in trained.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    load_head_weights(folded, folded_weights(trained))
    maps = random_maps(6)
    for ours, theirs in zip(folded(maps), trained(maps, training=False), strict=True):
        # The folded weights are kept as float16.
        np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=0.02 * float(np.abs(theirs).max()))


def test_outputs_have_a_row_for_each_anchor() -> None:
    logits, offsets = make(is_training=False)(random_maps(7))
    assert (tuple(logits.shape), tuple(offsets.shape)) == ((2, 495, 7), (2, 495, 4))


def test_weights_that_lack_a_layer_are_refused() -> None:
    weights = folded_weights(make(is_training=True))
    del weights["ssd_level5/kernel"]
    with pytest.raises(WeightsError, match="ssd_level5"):
        load_head_weights(make(is_training=False), weights)


def test_weights_of_another_shape_are_refused() -> None:
    weights = folded_weights(make(is_training=True))
    weights["ssd_classes/bias"] = np.zeros(9, np.float16)
    with pytest.raises(WeightsError, match="ssd_classes"):
        load_head_weights(make(is_training=False), weights)
