"""The backbone is EfficientNet-Lite0: its shapes, its folded batch norms, and what it recognises."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from model_server.catalogue import load_card
from model_server.checkpoint import read_state_dict
from model_server.efficientnet_lite import (
    BATCH_NORM_EPSILON,
    blocks,
    build_backbone,
    build_branch,
    folded_weights,
    load_backbone_weights,
    package_checkpoint,
)
from model_server.errors import WeightsError


@cache
def checkpoint() -> dict[str, NDArray[Any]]:
    return read_state_dict(package_checkpoint())


@cache
def backbone() -> keras.Model:
    image = keras.Input((None, None, 3))
    model = keras.Model(image, build_backbone(image))
    load_backbone_weights(model, package_checkpoint())
    return model


def test_sixteen_blocks_shrink_the_picture_by_thirty_two() -> None:
    plan = list(blocks())
    assert len(plan) == 16
    assert sum(block.stride == 2 for block in plan) == 4
    assert plan[-1].channels_out == 320


def test_maps_at_300_px_have_the_shapes_that_the_heads_expect() -> None:
    maps = backbone()(np.zeros((2, 300, 300, 3), np.float32))
    assert {name: tuple(value.shape) for name, value in maps.items()} == {
        "stride8": (2, 38, 38, 40),
        "shared": (2, 19, 19, 80),
        "stride16": (2, 19, 19, 112),
        "stride32": (2, 10, 10, 320),
        "head": (2, 10, 10, 1280),
        "embedding": (2, 1280),
        "logits": (2, 1000),
    }


def test_an_untrained_branch_says_what_the_backbone_says() -> None:
    image = keras.Input((None, None, 3))
    taps = build_backbone(image)
    branch = build_branch(taps["shared"])
    model = keras.Model(image, [taps["stride16"], taps["stride32"], branch["stride16"], branch["stride32"]])
    load_backbone_weights(model, package_checkpoint())
    *maps, own16, own32 = model(np.asarray(data.coffee(), np.float32)[None, :160, :160])
    np.testing.assert_allclose(own16, maps[0], atol=1e-4)
    np.testing.assert_allclose(own32, maps[1], atol=1e-4)


@pytest.mark.parametrize(
    ("photo", "wanted"),
    [
        ("chelsea", {"tabby", "Egyptian cat", "tiger cat"}),
        ("coffee", {"espresso", "cup", "coffee mug"}),
        ("rocket", {"missile", "projectile"}),
    ],
)
def test_it_recognises_photos(photo: str, wanted: set[str]) -> None:
    image = Image.fromarray(getattr(data, photo)()).resize((224, 224))
    logits = backbone()(np.asarray(image, np.float32)[None])["logits"].numpy()[0]
    names = [load_card("gallery_default").tag_classes[column].name for column in np.argsort(-logits)[:4]]
    assert wanted & set(names), names


@pytest.mark.parametrize("depthwise", [False, True])
def test_folded_weights_equal_convolution_and_batch_norm(depthwise: bool) -> None:
    """Compare one folded layer with the two layers that the checkpoint describes."""
    name, source, norm = (
        ("block1_depthwise", "_blocks.1._depthwise_conv", "_blocks.1._bn1")
        if depthwise
        else ("block1_project", "_blocks.1._project_conv", "_blocks.1._bn2")
    )
    kernel, bias = folded_weights(checkpoint())[name]
    state = checkpoint()
    plain = (
        state[f"{source}.weight"].transpose(2, 3, 0, 1)
        if depthwise
        else state[f"{source}.weight"].transpose(2, 3, 1, 0)
    )
    x = np.random.default_rng(3).normal(size=(1, 8, 8, 96)).astype(np.float32)

    def convolution(weights: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        make = layers.DepthwiseConv2D if depthwise else layers.Conv2D
        size: dict[str, Any] = {"kernel_size": 3} if depthwise else {"filters": 24, "kernel_size": 1}
        layer = make(padding="same", use_bias=len(weights) == 2, **size)
        layer.build(x.shape)
        layer.set_weights(weights)
        result: NDArray[np.float32] = layer(x).numpy()
        return result

    scale, offset, mean, variance = (
        state[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    expected = (convolution([plain]) - mean) / np.sqrt(variance + BATCH_NORM_EPSILON) * scale + offset
    np.testing.assert_allclose(convolution([kernel, bias]), expected, rtol=1e-4, atol=1e-4)


def test_a_checkpoint_without_a_tensor_is_refused() -> None:
    state = {name: value for name, value in checkpoint().items() if name != "_conv_head.weight"}
    with pytest.raises(WeightsError, match=r"_conv_head\.weight"):
        folded_weights(state)


def test_a_checkpoint_of_a_larger_network_is_refused() -> None:
    with pytest.raises(WeightsError, match="extra"):
        folded_weights({**checkpoint(), "extra": np.zeros(3)})
