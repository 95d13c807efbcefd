"""A person's photos and labels become a model of the catalogue that is built and found like any other."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model_server.catalogue import load_card, names
from model_server.errors import ModelServerError, TrainingError
from model_server.gallery_default import assemble, read_weights
from model_server.training import own
from model_server.training.own import recipe_for, train_own
from model_server.training.own_files import Files, files_of
from tests.model_server.training.own_labels import draw_set, write_coco

pytestmark = pytest.mark.xdist_group("own_training")

DEFAULT = load_card("gallery_default")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let own models be kept in a folder of these tests."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALLERY_CATALOGUE", str(folder / "catalogue"))
        patch.setattr(own, "PROBE_VIEWS", 2)
        yield folder


def train(folder: Path, told: list[str], *, name: str = "mine", steps: int = 3) -> Files:
    return train_own(DEFAULT, name, folder / "photos", folder / "labels.json", 60, told.append, steps=steps)


class Interrupted:
    """Says lines on, and presses Ctrl-C when it has heard *words*."""

    def __init__(self, words: str) -> None:
        self._words = words

    def append(self, line: str) -> None:
        if self._words in line:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def trained(catalogue: Path) -> tuple[Files, list[str]]:
    """Train, interrupted once; return the files and what the second half said."""
    write_coco(catalogue / "labels.json", draw_set(catalogue / "photos"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_server.training.detector.LOG_EVERY_STEPS", 2)
        with pytest.raises(TrainingError, match="stopped at step 2; the same command goes on"):
            train(catalogue, Interrupted("step 2"))  # type: ignore[arg-type]
    assert "mine" not in names()
    told: list[str] = []
    return train(catalogue, told), told


def test_an_interrupted_training_goes_on(trained: tuple[Files, list[str]]) -> None:
    files, told = trained
    assert any("goes on at step 2" in line for line in told)
    assert any("step 3, done 1" in line for line in told)
    assert not files.checkpoint.exists()


def test_it_joins_the_catalogue_with_its_own_labels(trained: tuple[Files, list[str]]) -> None:
    card = load_card("mine")
    assert card.labels == ("blue box", "red disc")
    assert (card.version, card.roles, card.builder) == (1, DEFAULT.roles, DEFAULT.builder)
    assert card.tag_classes == DEFAULT.tag_classes
    assert set(card.outputs) == set(DEFAULT.outputs)
    assert card.outputs["label_scores"] == "float32 [n, 2]"
    assert card.trained in card.files


def test_the_builder_takes_it(trained: tuple[Files, list[str]]) -> None:
    card = load_card("mine")
    model, default = assemble(card, read_weights(card.trained)), assemble(DEFAULT, read_weights(DEFAULT.trained))
    pixels = np.random.default_rng(1).integers(0, 255, (1, 300, 300, 3), np.uint8)
    answers, of_default = model(pixels), default(pixels)
    assert {name: tuple(value.shape) for name, value in answers.items()} == {
        "detections": (1, 20, 6),
        "embedding": (1, 1280),
        "probabilities": (1, 1000),
        "label_scores": (1, 2),
    }
    # What other features rest on stays what it was.
    for name in ("embedding", "probabilities"):
        np.testing.assert_allclose(answers[name], of_default[name], rtol=1e-4, atol=1e-5)


def test_the_report_shows_classes_and_pictures(trained: tuple[Files, list[str]]) -> None:
    page = trained[0].report.read_text("utf-8")
    assert page.count('<img alt="') >= 1
    assert 'src="data:image/jpeg;base64,' in page
    for words in ("red disc", "blue box", "mAP@0.5", "Detector mine"):
        assert words in page


def test_the_log_has_the_losses_and_the_measurements(trained: tuple[Files, list[str]]) -> None:
    entries = [json.loads(line) for line in trained[0].log.read_text().splitlines()]
    assert any("class_loss" in entry for entry in entries)
    assert any(0 <= entry.get("map50", -1) <= 1 for entry in entries)


@pytest.mark.parametrize("name", ["gallery_default", "Über", "", "../x", "two words"])
def test_a_name_that_cant_be_given_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=r"--name|can't be called"):
        train(tmp_path, [], name=name)


def test_unusable_labels_leave_nothing_behind(catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{}")
    with pytest.raises(ModelServerError, match=r"labels\.json"):
        train(tmp_path, [], name="other")
    assert not files_of("other").folder.exists()


def test_a_recipe_grows_with_the_photos_and_ends() -> None:
    assert [recipe_for(photos, 5).steps for photos in (10, 1000, 100_000)] == [300, 1875, 3000]
    assert recipe_for(10, 5).minutes == 5
    assert recipe_for(10, 5, steps=8).warm_up_steps == 1
