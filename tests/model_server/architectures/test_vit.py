"""ViT from Hugging Face's formats answers as the paper's formulas do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from model_server.architectures.vit import endpoints
from model_server.errors import WeightsError
from tests.model_server.architectures.converting import Converted, pictures, small_card, write_safetensors
from tests.model_server.architectures.numpy_transformer import (
    Array,
    Tensors,
    attend,
    gelu,
    linear,
    norm,
    random_tensors,
    squares,
)
from tests.model_server.checkpoints import write_legacy, write_zip

SIZE_PX, PATCH_PX, WIDTH, LAYERS, HEADS, MLP = 12, 4, 8, 2, 2, 20
TOKENS = 1 + (SIZE_PX // PATCH_PX) ** 2
SIZES = {"patch_px": PATCH_PX, "width": WIDTH, "layers": LAYERS, "heads": HEADS, "mlp": MLP}
CARD = small_card("vit_b16_in21k", SIZE_PX, WIDTH, SIZES)


def shapes() -> dict[str, tuple[int, ...]]:
    """Name the tensors of google/vit-base-patch16-224-in21k."""
    named: dict[str, tuple[int, ...]] = {
        "embeddings.cls_token": (1, 1, WIDTH),
        "embeddings.position_embeddings": (1, TOKENS, WIDTH),
        "embeddings.patch_embeddings.projection.weight": (WIDTH, 3, PATCH_PX, PATCH_PX),
        "embeddings.patch_embeddings.projection.bias": (WIDTH,),
    }
    for number in range(LAYERS):
        block = f"encoder.layer.{number}"
        linears = {f"attention.attention.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
        linears |= {"attention.output.dense": (WIDTH, WIDTH)}
        linears |= {"intermediate.dense": (MLP, WIDTH), "output.dense": (WIDTH, MLP)}
        for name, shape in linears.items():
            named |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
        for name in ("layernorm_before", "layernorm_after"):
            named |= {f"{block}.{name}.weight": (WIDTH,), f"{block}.{name}.bias": (WIDTH,)}
    ends = {"layernorm": (WIDTH,), "pooler.dense": (WIDTH, WIDTH)}
    return named | {f"{name}.weight": shape for name, shape in ends.items()} | {f"{n}.bias": (WIDTH,) for n in ends}


TENSORS = random_tensors(shapes())


def reference(picture: NDArray[np.uint8], tensors: Tensors) -> Array:
    """Compute the class token of one picture."""
    scaled = (picture / 255.0 - 0.5) / 0.5
    projection = tensors["embeddings.patch_embeddings.projection.weight"].reshape(WIDTH, -1)
    bias = tensors["embeddings.patch_embeddings.projection.bias"]
    x = np.stack([tensors["embeddings.cls_token"][0, 0], *(projection @ square + bias for square in cut(scaled))])
    x = x + tensors["embeddings.position_embeddings"][0]
    for number in range(LAYERS):
        block = f"encoder.layer.{number}"
        normed = norm(x, tensors, f"{block}.layernorm_before", 1e-12)
        parts = (linear(normed, tensors, f"{block}.attention.attention.{part}") for part in ("query", "key", "value"))
        x = x + linear(attend(parts, HEADS, is_causal=False), tensors, f"{block}.attention.output.dense")
        normed = norm(x, tensors, f"{block}.layernorm_after", 1e-12)
        hidden = gelu(linear(normed, tensors, f"{block}.intermediate.dense"))
        x = x + linear(hidden, tensors, f"{block}.output.dense")
    first: Array = norm(x, tensors, "layernorm", 1e-12)[0]
    return first


def cut(picture: Array) -> list[Array]:
    return list(squares(picture, PATCH_PX))


def test_the_served_model_gives_the_papers_embeddings(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", TENSORS)
    converted = Converted(endpoints, CARD, tmp_path / "model.safetensors", tmp_path / "vit" / "1")
    for rows in (1, 32):
        images = pictures(rows, SIZE_PX)
        answers = converted(images)["embedding"]
        assert answers.shape == (rows, WIDTH)
        np.testing.assert_allclose(answers[-1], reference(images[-1], TENSORS), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_pytorchs_formats_give_them_too(tmp_path: Path, write: Callable[[Path, Tensors], None]) -> None:
    write(tmp_path / "pytorch_model.bin", TENSORS)
    (endpoint,) = endpoints(CARD, tmp_path / "pytorch_model.bin")
    images = pictures(1, SIZE_PX)
    embedding = endpoint.compute(tf.constant(images))["embedding"][0]
    np.testing.assert_allclose(embedding, reference(images[0], TENSORS), rtol=1e-4, atol=1e-4)


def test_the_file_of_a_classifier_around_it_is_taken_too(tmp_path: Path) -> None:
    kept = {f"vit.{name}": array for name, array in TENSORS.items() if not name.startswith("pooler")}
    write_safetensors(tmp_path / "classifier.safetensors", kept | {"classifier.bias": np.zeros(3, np.float32)})
    assert endpoints(CARD, tmp_path / "classifier.safetensors")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"layernorm.weight": None}, "lacks layernorm.weight"),
        ({"layernorm.weight": np.zeros(3, np.float32)}, "norm doesn't fit"),
        ({"encoder.layer.2.output.dense.bias": np.zeros(3, np.float32)}, r"lacks: encoder\.layer\.2"),
    ],
    ids=["missing", "of another shape", "left over"],
)
def test_weights_of_another_network_are_refused(
    tmp_path: Path, change: dict[str, NDArray[np.float32] | None], complaint: str
) -> None:
    changed = {name: array for name, array in (TENSORS | change).items() if array is not None}
    write_safetensors(tmp_path / "other.safetensors", changed)
    with pytest.raises(WeightsError, match=complaint):
        endpoints(CARD, tmp_path / "other.safetensors")
