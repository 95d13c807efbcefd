"""A safetensors file is read exactly, and one that lies about itself is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_server.checkpoint import read_tensors
from model_server.errors import CheckpointError
from tests.model_server.architectures.converting import write_safetensors
from tests.model_server.checkpoints import example_tensors, write_zip


def write_raw(path: Path, header: dict[str, Any], body: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_every_tensor_comes_back(tmp_path: Path) -> None:
    tensors = {name: array for name, array in example_tensors().items() if array.size}
    write_safetensors(tmp_path / "some.safetensors", tensors)
    read = read_tensors(tmp_path / "some.safetensors")
    assert list(read) == list(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_the_format_is_told_by_the_content(tmp_path: Path) -> None:
    write_zip(tmp_path / "misnamed.safetensors", example_tensors())
    assert list(read_tensors(tmp_path / "misnamed.safetensors")) == list(example_tensors())


@pytest.mark.parametrize(
    "facts",
    [
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},
        {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
        {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2]},
        "text",
    ],
    ids=["other size", "before the body", "past the end", "negative", "unsupported", "no offsets", "no facts"],
)
def test_a_header_that_does_not_fit_the_bytes_is_refused(tmp_path: Path, facts: object) -> None:
    path = write_raw(tmp_path / "bad.safetensors", {"weight": facts}, bytes(8))
    with pytest.raises(CheckpointError, match=r"weight|bad\.safetensors"):
        read_tensors(path)


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{not json", b"\xff\0\0\0\0\0\0\0{}"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bad\.safetensors"):
        read_tensors(tmp_path / "bad.safetensors")
