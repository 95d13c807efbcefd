"""The heads give a row for each anchor, and their trained weights are written and read by name."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from model_server.errors import WeightsError
from model_server.ssd.heads import Heads, build_detector
from model_server.ssd.weights import detector_weights, load_detector_weights, start_from

SHAPES = {"stride8": (38, 38, 40), "stride16": (19, 19, 112), "stride32": (10, 10, 320), "head": (10, 10, 1280)}


def make(classes: int = 7) -> keras.Model:
    """Return heads with random biases too, so that no two are alike."""
    maps = {name: keras.Input(shape, name=name) for name, shape in SHAPES.items()}
    model = keras.Model(maps, Heads(classes).build(maps))
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, np.random.default_rng().normal(size=bias.shape)])
    return model


def random_maps(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(2, *shape)).astype(np.float32) for name, shape in SHAPES.items()}


@cache
def heads() -> keras.Model:
    return make()


def weights() -> dict[str, Any]:
    return dict(detector_weights(heads()))


def test_outputs_have_a_row_for_each_anchor() -> None:
    logits, offsets = heads()(random_maps(7))
    assert (tuple(logits.shape), tuple(offsets.shape)) == ((2, 1939, 7), (2, 1939, 4))


def test_heads_with_the_same_weights_say_the_same() -> None:
    other, maps = make(), random_maps(6)
    load_detector_weights(other, weights())
    for ours, theirs in zip(other(maps), heads()(maps), strict=True):
        # The weights are kept as float16.
        np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=0.02 * float(np.abs(theirs).max()))


def test_weights_that_lack_a_layer_are_refused() -> None:
    without = {name: value for name, value in weights().items() if name != "ssd_level5/kernel"}
    with pytest.raises(WeightsError, match="ssd_level5"):
        load_detector_weights(heads(), without)


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(WeightsError, match="ssd_classes"):
        load_detector_weights(heads(), {**weights(), "ssd_classes/bias": np.zeros(9, np.float16)})


def test_a_start_takes_what_fits_and_names_the_rest() -> None:
    partial = {name: value for name, value in weights().items() if not name.startswith("ssd_level3/")}
    model = make(classes=9)
    assert start_from(model, partial) == ["ssd_level3", "ssd_classes"]
    np.testing.assert_allclose(model.get_layer("ssd_level5").get_weights()[0], weights()["ssd_level5/kernel"])


def test_the_branch_is_the_detectors_but_for_its_depthwise_kernels() -> None:
    shapes = {**SHAPES, "shared": (19, 19, 80)}
    taps = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    # The branch gives the coarser maps, so those of the backbone are no inputs.
    used = {name: taps[name] for name in ("shared", "stride8", "head")}
    names = {name.partition("/")[0] for name in detector_weights(keras.Model(used, build_detector(taps, 7)))}
    assert {"branch_block8_expand", "branch_block15_project", "ssd_spread3", "ssd_classes"} <= names
    assert not any("depthwise" in name for name in names)
