"""A training's state is written whole and read back only by the training that it is of."""

from pathlib import Path

import keras
import numpy as np
import pytest

from model_server.errors import TrainingError
from model_server.training.checkpoint import read_checkpoint, write_checkpoint


def variables(value: float) -> list[keras.Variable]:
    return [keras.Variable(np.full((2, 3), value, np.float32)), keras.Variable(value)]


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c.npz", "this", 7, 1.5, variables(4.0))
    target = variables(0.0)
    assert read_checkpoint(tmp_path / "c.npz", "this", target) == (7, 1.5)
    assert [float(np.asarray(each).max()) for each in target] == [4.0, 4.0]
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]


def test_none_is_there_at_first(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "c.npz", "this", variables(0.0)) is None


def test_that_of_another_training_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c.npz", "other", 7, 1.5, variables(4.0))
    with pytest.raises(TrainingError, match="--restart"):
        read_checkpoint(tmp_path / "c.npz", "this", variables(0.0))


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.npz").write_bytes(b"PK half of it")
    with pytest.raises(TrainingError, match="damaged"):
        read_checkpoint(tmp_path / "c.npz", "this", variables(0.0))
