"""Checkpoints are read exactly, and nothing in them can run."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_server.checkpoint import file_sha256, read_state_dict
from model_server.errors import CheckpointError
from tests.model_server.checkpoints import (
    Reduced,
    Tensors,
    dump,
    example_tensors,
    tensor,
    torch_names,
    write_legacy,
    write_zip,
)


@pytest.mark.parametrize("write", [write_legacy, write_zip])
def test_both_layouts_give_back_every_tensor(tmp_path: Path, write: Callable[[Path, Tensors], None]) -> None:
    tensors = example_tensors()
    write(tmp_path / "some.pth", tensors)
    read = read_state_dict(tmp_path / "some.pth")
    assert list(read) == list(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("function", [os.system, eval, print])
def test_a_pickle_that_calls_something_is_refused_and_not_run(
    tmp_path: Path, function: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    evil = pickle.dumps({"weight": Reduced(function, "print('ran')")}, protocol=2)
    write_zip(tmp_path / "evil.pth", {}, evil)
    (tmp_path / "legacy.pth").write_bytes(evil)
    for name in ("evil.pth", "legacy.pth"):
        with pytest.raises(CheckpointError, match="refused: the checkpoint asks for"):
            read_state_dict(tmp_path / name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"shape": (100,)}, "past its storage"),
        ({"offset": 3}, "past its storage"),
        ({"strides": (-1,)}, "negative"),
        ({"offset": -1}, "negative"),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(tmp_path: Path, wrong: dict[str, Any], complaint: str) -> None:
    array = np.arange(4, dtype="<f4")
    with torch_names() as torch:
        pickled = dump({"weight": tensor(torch, "0", array, **wrong)})
    write_zip(tmp_path / "bad.pth", {"weight": array}, pickled)
    with pytest.raises(CheckpointError, match=complaint):
        read_state_dict(tmp_path / "bad.pth")


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps([1, 2]), pickle.dumps(5)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.pth"):
        read_state_dict(tmp_path / "other.pth")


@pytest.mark.parametrize("write", [write_legacy, write_zip])
def test_a_truncated_file_is_refused(tmp_path: Path, write: Callable[[Path, Tensors], None]) -> None:
    path = tmp_path / "short.pth"
    write(path, example_tensors())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError):
        read_state_dict(path)


def test_a_state_dict_of_other_things_is_refused(tmp_path: Path) -> None:
    write_zip(tmp_path / "odd.pth", {}, dump({"weight": 5}))
    with pytest.raises(CheckpointError, match="int where a tensor is expected"):
        read_state_dict(tmp_path / "odd.pth")


def test_file_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert file_sha256(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
