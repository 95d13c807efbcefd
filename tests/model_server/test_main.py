"""The command line says what is wrong and ends with the right code."""

from pathlib import Path

import pytest

from model_server.__main__ import main


def test_an_unknown_model_is_one_line_and_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "nonesuch", "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "nonesuch" in error


def test_training_without_photos_is_one_line_and_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "--photos", str(tmp_path), "--labels", str(tmp_path / "nowhere.json")]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "nowhere.json" in error


@pytest.mark.parametrize("arguments", [[], ["paint"], ["build", "--colour"], ["evaluate"]])
def test_wrong_arguments_are_code_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_serving_passes_its_arguments_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--models", str(tmp_path), "--port", "many"])
    assert stopped.value.code == 2
    assert "--port" in capsys.readouterr().err
