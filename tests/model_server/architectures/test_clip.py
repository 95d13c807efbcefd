"""Both towers of CLIP, from OpenCLIP's format, answer as the paper's formulas do."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_server import exporting
from model_server.architectures.clip import PIXEL_DEVIATIONS, PIXEL_MEANS, endpoints
from model_server.catalogue import ModelCard
from model_server.errors import WeightsError
from tests.model_server.architectures.converting import Converted, pictures, small_card, write_safetensors
from tests.model_server.architectures.numpy_transformer import (
    Array,
    attend,
    gelu,
    linear,
    norm,
    random_tensors,
    squares,
)

SIZE_PX, PATCH_PX, EMBEDDING, LENGTH, VOCABULARY = 8, 4, 6, 10, 300
PICTURE = {"patch_px": PATCH_PX, "width": 8, "layers": 2, "heads": 2, "mlp": 12}
TEXT = {"vocabulary": VOCABULARY, "width": 12, "layers": 1, "heads": 3, "mlp": 16}
END = VOCABULARY - 1


def clip_card() -> ModelCard:
    sizes = {"embedding": EMBEDDING, "picture": PICTURE, "text": TEXT}
    card = small_card("clip_vit_b32", SIZE_PX, EMBEDDING, sizes)
    assert card.text is not None
    return dataclasses.replace(card, text=dataclasses.replace(card.text, length=LENGTH))


CARD = clip_card()


def shapes() -> dict[str, tuple[int, ...]]:
    """Name the tensors of OpenCLIP's ViT models."""
    width, tokens = PICTURE["width"], 1 + (SIZE_PX // PATCH_PX) ** 2
    named: dict[str, tuple[int, ...]] = {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (tokens, width),
        "visual.proj": (width, EMBEDDING),
        "visual.conv1.weight": (width, 3, PATCH_PX, PATCH_PX),
        "token_embedding.weight": (VOCABULARY, TEXT["width"]),
        "positional_embedding": (LENGTH, TEXT["width"]),
        "text_projection": (TEXT["width"], EMBEDDING),
        "logit_scale": (),
    }
    norms = {"visual.ln_pre": width, "visual.ln_post": width, "ln_final": TEXT["width"]}
    for tower, sizes in (("visual.transformer", PICTURE), ("transformer", TEXT)):
        wide, mlp = sizes["width"], sizes["mlp"]
        for number in range(sizes["layers"]):
            block = f"{tower}.resblocks.{number}"
            norms |= {f"{block}.ln_1": wide, f"{block}.ln_2": wide}
            named |= {f"{block}.attn.in_proj_weight": (3 * wide, wide), f"{block}.attn.in_proj_bias": (3 * wide,)}
            linears = {"attn.out_proj": (wide, wide), "mlp.c_fc": (mlp, wide), "mlp.c_proj": (wide, mlp)}
            for name, shape in linears.items():
                named |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
    for name, size in norms.items():
        named |= {f"{name}.weight": (size,), f"{name}.bias": (size,)}
    return named


TENSORS = random_tensors(shapes())


def encoded(x: Array, tower: str, sizes: dict[str, int], *, is_causal: bool) -> Array:
    for number in range(sizes["layers"]):
        block = f"{tower}.resblocks.{number}"
        normed = norm(x, TENSORS, f"{block}.ln_1", 1e-5)
        joined = normed @ TENSORS[f"{block}.attn.in_proj_weight"].T + TENSORS[f"{block}.attn.in_proj_bias"]
        mixed = attend(np.split(joined, 3, axis=1), sizes["heads"], is_causal=is_causal)
        x = x + linear(mixed, TENSORS, f"{block}.attn.out_proj")
        normed = norm(x, TENSORS, f"{block}.ln_2", 1e-5)
        x = x + linear(gelu(linear(normed, TENSORS, f"{block}.mlp.c_fc")), TENSORS, f"{block}.mlp.c_proj")
    return x


def reference_picture(picture: NDArray[np.uint8]) -> Array:
    scaled = (picture / 255.0 - PIXEL_MEANS) / PIXEL_DEVIATIONS
    projection = TENSORS["visual.conv1.weight"].reshape(PICTURE["width"], -1)
    patches: list[Array] = [projection @ square for square in squares(scaled, PATCH_PX)]
    tokens = [TENSORS["visual.class_embedding"], *patches]
    x = norm(np.stack(tokens) + TENSORS["visual.positional_embedding"], TENSORS, "visual.ln_pre", 1e-5)
    first = encoded(x, "visual.transformer", PICTURE, is_causal=False)[0]
    embedding: Array = norm(first, TENSORS, "visual.ln_post", 1e-5) @ TENSORS["visual.proj"]
    return embedding


def reference_text(tokens: NDArray[np.int32]) -> Array:
    x: Array = TENSORS["token_embedding.weight"][tokens] + TENSORS["positional_embedding"]
    x = norm(encoded(x, "transformer", TEXT, is_causal=True), TENSORS, "ln_final", 1e-5)
    embedding: Array = x[list(tokens).index(END)] @ TENSORS["text_projection"]
    return embedding


@pytest.fixture(scope="module", params=[10**9, 0], ids=["constants", "variables"])
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Converted]:
    """Convert it with its weights as constants of the graph, as small models have them, and as variables."""
    folder = tmp_path_factory.mktemp("clip")
    write_safetensors(folder / "open_clip_model.safetensors", TENSORS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exporting, "MAX_CONSTANT_BYTES", request.param)
        yield Converted(endpoints, CARD, folder / "open_clip_model.safetensors", folder / "clip" / "1")
    held = sum(file.stat().st_size for file in (folder / "clip" / "1" / "variables").iterdir())
    once = 4 * sum(array.size for array in TENSORS.values())
    assert held < once if request.param else once < held < 1.5 * once


@pytest.mark.parametrize("rows", [1, 32])
def test_pictures_get_the_papers_embeddings(converted: Converted, rows: int) -> None:
    images = pictures(rows, SIZE_PX)
    answers = converted(images)["embedding"]
    assert answers.shape == (rows, EMBEDDING)
    np.testing.assert_allclose(answers[-1], reference_picture(images[-1]), rtol=1e-4, atol=1e-4)


def test_texts_get_theirs_from_the_second_signature(converted: Converted) -> None:
    texts = np.zeros((2, LENGTH), np.int32)
    texts[0, :3], texts[1, :6] = [250, 7, END], [250, 9, 9, 4, 8, END]
    answers = converted(texts, "encode_text")["embedding"]
    for row, tokens in zip(answers, texts, strict=True):
        np.testing.assert_allclose(row, reference_text(tokens), rtol=1e-4, atol=1e-4)


def test_what_follows_the_end_of_a_text_changes_nothing(converted: Converted) -> None:
    texts = np.zeros((2, LENGTH), np.int32)
    texts[:, :3] = [250, 7, END]
    texts[1, 3:] = 5
    first, second = converted(texts, "encode_text")["embedding"]
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)


def test_a_file_with_tensors_of_another_kind_of_clip_is_refused(tmp_path: Path) -> None:
    more = TENSORS | {"visual.trunk.norm.weight": np.zeros(3, np.float32)}
    write_safetensors(tmp_path / "other.safetensors", more)
    with pytest.raises(WeightsError, match=r"visual\.trunk\.norm\.weight"):
        endpoints(CARD, tmp_path / "other.safetensors")
