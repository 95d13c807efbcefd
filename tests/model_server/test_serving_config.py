"""TensorFlow Serving's configuration: its own parser reads it, and it says what the catalogue says."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from model_server.__main__ import main
from model_server.catalogue import load_card
from model_server.errors import UnknownModelError
from model_server.server.serving_flags import own_arguments
from model_server.serving_config import BATCH_SIZES, serving_flags, write_serving_config

PROJECT = Path(__file__).resolve().parents[2]


def built(folder: Path, *models: str) -> Path:
    """Make a folder that looks as if models were built in it."""
    for model in models:
        version = folder / model / "1"
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_bytes(b"")
    return folder


def test_of_every_built_model_the_two_newest_versions_are_served(tmp_path: Path) -> None:
    write_serving_config(built(tmp_path, "gallery_default", "another"), "/models")
    config = text_format.Parse(
        (tmp_path / "models.config").read_text(), model_server_config_pb2.ModelServerConfig()
    ).model_config_list.config
    assert [(one.name, one.base_path) for one in config] == [
        ("another", "/models/another"),
        ("gallery_default", "/models/gallery_default"),
    ]
    assert all(one.model_platform == "tensorflow" for one in config)
    assert [one.model_version_policy.latest.num_versions for one in config] == [2, 2]


def test_the_largest_batch_is_the_last_allowed_one_and_what_models_take(tmp_path: Path) -> None:
    write_serving_config(built(tmp_path, "gallery_default"), "/models")
    text = (tmp_path / "batching.config").read_text()
    assert f"max_batch_size {{ value: {BATCH_SIZES[-1]} }}" in text
    assert text.count("allowed_batch_sizes") == len(BATCH_SIZES)
    assert (BATCH_SIZES[0], BATCH_SIZES[-1]) == (1, 32)


def test_without_a_model_there_is_nothing_to_configure(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="model_server build"):
        write_serving_config(tmp_path, "/models")


def test_the_command_writes_the_files_and_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built(tmp_path, load_card("gallery_default").name)
    assert main(["serving-config", "--models", str(tmp_path)]) == 0
    written = capsys.readouterr().out.split()
    assert {Path(path).name for path in written} == {"models.config", "batching.config", "monitoring.config"}
    assert all(Path(path).is_file() for path in written)


def test_the_image_starts_serving_with_these_flags() -> None:
    dockerfile = (PROJECT / "model_server" / "Dockerfile").read_text()
    assert all(f'"{flag}"' in dockerfile for flag in serving_flags("/models"))


def test_the_local_server_takes_the_same_flags(tmp_path: Path) -> None:
    models = built(tmp_path, "gallery_default")
    write_serving_config(models, str(models))
    arguments = own_arguments(["--port=9000", *serving_flags(str(models))])
    assert arguments == ["--models", str(models), "--host", "0.0.0.0", "--port", "9000"]


@pytest.mark.parametrize("flag", ["--model_name=x", "--paint"])
def test_the_local_server_refuses_flags_that_it_cannot_obey(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        own_arguments([flag])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err
