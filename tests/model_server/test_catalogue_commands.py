"""A model of the catalogue comes from its address to a served folder with one command, or one line says why not."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model_server import catalogue
from model_server.__main__ import main
from model_server.measuring import run_alone
from model_server.server.folder import find_versions
from tests.model_server.architectures.converting import write_safetensors
from tests.model_server.architectures.test_vit import SIZE_PX, SIZES, TENSORS, WIDTH
from tests.model_server.weights_server import WeightsServer

CARD = """
name = "small_vit"
version = 1
title = "A small ViT"
roles = ["embedder"]
embedding_width = {width}
builder = "architectures.vit"
licence = "Free for all"
[input]
name = "image"
width = {size}
height = {size}
[outputs]
embedding = "float32 [n, {width}]"
[architecture]
{sizes}
[weights]
source = "A server of this test"
url = "{url}"
megabytes = 1
sha256 = "{sha256}"
"""


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    write_safetensors(tmp_path / "made.safetensors", TENSORS)
    return (tmp_path / "made.safetensors").read_bytes()


@pytest.fixture
def server(content: bytes) -> Iterator[WeightsServer]:
    with WeightsServer(content) as running:
        yield running


@pytest.fixture
def write_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a folder of its own in the catalogue's place for a while."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    return folder / "small_vit.toml"


def card_text(url: str, sha256: str = "") -> str:
    sizes = "\n".join(f"{name} = {value}" for name, value in SIZES.items())
    return CARD.format(width=WIDTH, size=SIZE_PX, sizes=sizes, url=url, sha256=sha256)


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return ["build", "small_vit", "--out", str(tmp_path / "models"), "--cache", str(tmp_path / "weights"), *more]


def test_one_command_fetches_converts_and_leaves_a_model_to_serve(
    tmp_path: Path, write_card: Path, server: WeightsServer, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card.write_text(card_text(server.url, hashlib.sha256(content).hexdigest()))
    server.breaks_after = [1 << 16]
    assert main(arguments(tmp_path)) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path}/models/small_vit/1 built\n"
    assert "licence: Free for all" in said.err
    assert list(find_versions(tmp_path / "models")) == ["small_vit"]
    assert main(arguments(tmp_path)) == 0
    assert capsys.readouterr().out.endswith("is up to date\n")
    assert main(["list", "--models", str(tmp_path / "models")]) == 0
    assert "small_vit  embedder  8       1 MB      yes    Free for all" in capsys.readouterr().out


def test_an_own_file_needs_no_connection_and_another_one_builds_anew(
    tmp_path: Path, write_card: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card.write_text(card_text("http://127.0.0.1:9/model.bin"))
    own, other = tmp_path / "own.bin", tmp_path / "other.bin"
    own.write_bytes(content)
    write_safetensors(other, TENSORS | {"layernorm.bias": np.ones(WIDTH, np.float32)})
    for path, result in ((own, "built"), (own, "is up to date"), (other, "built")):
        assert main(arguments(tmp_path, "--weights", str(path), "--accept-unverified")) == 0
        assert capsys.readouterr().out.endswith(f"{result}\n")


def test_without_a_connection_what_there_is_stays(
    tmp_path: Path, write_card: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card.write_text(card_text("http://127.0.0.1:9/model.bin"))
    built = tmp_path / "models" / "small_vit" / "1"
    built.mkdir(parents=True)
    (built / "saved_model.pb").write_bytes(b"of another time")
    (built / "build.json").write_text('{"inputs_sha256": "of another time"}')
    assert main(arguments(tmp_path)) == 1
    *_, last = capsys.readouterr().err.splitlines()
    assert "can't be reached" in last
    assert "Connection refused" in last
    assert "What is built stays" in last
    assert (built / "saved_model.pb").read_bytes() == b"of another time"


def test_weights_that_nobody_vouches_for_are_one_line_and_code_one(
    tmp_path: Path, write_card: Path, server: WeightsServer, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card.write_text(card_text(server.url))
    assert main(arguments(tmp_path)) == 1
    assert hashlib.sha256(content).hexdigest() in capsys.readouterr().err
    assert not find_versions(tmp_path / "models")


def test_a_built_model_is_measured(built_models: Path) -> None:
    numbers = run_alone(
        "gallery_default",
        built_models / "gallery_default" / str(catalogue.load_card("gallery_default").version),
        seconds=0.01,
    )
    assert numbers["images_per_s"] > 1
    assert numbers["one_image_ms"] > 1
    assert numbers["memory_mb"] > 10


def test_the_default_model_is_not_measured_before_it_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", "--models", str(tmp_path)]) == 1
    assert "gallery_default isn't built; run `python -m model_server build" in capsys.readouterr().err
