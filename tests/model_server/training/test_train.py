"""A small training of the default model runs from photos to weights that it is built from and measured with."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from model_server.catalogue import load_card
from model_server.gallery_default import export, read_weights
from model_server.training import train
from model_server.training.detector import Recipe
from model_server.training.evaluate import calibration_error, evaluate
from model_server.training.log import TrainingLog
from model_server.training.train import DefaultTraining
from tests.model_server.training.labelled import draw_photos, silent

pytestmark = pytest.mark.xdist_group("default_training")

CARD = load_card("gallery_default")
PROBE = ("probe/kernel", "probe/bias")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos/ as those who develop the default model have them."""
    drawn = tmp_path_factory.mktemp("training")
    for vocab in ("voc20", "coco80"):
        draw_photos(drawn / "photos", "train", 24, vocab)
        draw_photos(drawn / "photos", "eval", 3, vocab)
    return drawn


def training(folder: Path, out: str) -> DefaultTraining:
    log = TrainingLog(folder / out / "log.jsonl", silent)
    return DefaultTraining(CARD, folder / "photos", None, folder / out, log)


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """Train the detector for two steps; return the folder of the weights."""
    recipe = Recipe(steps=2, batch=4, warm_up_steps=1, averaging=0.5, precision="float32")
    training(folder, "detector").train_detector(recipe)
    return folder / "detector"


def test_the_log_tells_recipe_measurements_and_choices(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert (lines[0]["recipe"]["steps"], lines[0]["fresh_layers"]) == (2, [])
    assert lines[-2]["class_loss"] > 0
    tried = lines[-1]["label_weights"]
    assert tried[str(lines[-1]["chosen"])] == max(tried.values(), key=lambda result: sum(result.values()))
    assert set(tried["0.125"]) <= {"coco80", "voc20"}


def test_weights_are_small_and_the_detectors_alone_have_changed(trained: Path) -> None:
    path = trained / "gallery_default.npz"
    assert path.stat().st_size < 10_000_000
    before, after = read_weights(CARD.trained), read_weights(path)
    assert set(before) == set(after)
    assert all(np.isfinite(array).all() for array in after.values())
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert {"ssd_classes/kernel", "branch_block8_expand/kernel", "branch_block15_project/bias"} <= changed
    assert not changed & {*PROBE, "tag_temperature"}


def test_the_probe_can_be_fitted_anew_while_the_detector_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "TEXTURES", 8)
    training(folder, "probe").fit_probe(views=1, seed=8)
    before, after = read_weights(CARD.trained), read_weights(folder / "probe" / "gallery_default.npz")
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert set(PROBE) <= changed <= {*PROBE, "label_weight"}


def test_the_model_made_of_them_can_be_measured(folder: Path, trained: Path) -> None:
    (folder / "model").mkdir()
    export(dataclasses.replace(CARD, trained=trained / "gallery_default.npz"), folder / "model")
    measured = evaluate(CARD, folder / "model", folder / "photos")
    assert measured["photos"] == 6
    assert (measured["voc20"]["photos"], measured["coco80"]["photos"]) == (3, 3)
    assert measured["voc20"]["classes"] == 3
    assert 0 <= measured["voc20"]["map50"] <= 1


def test_calibration_error_is_the_distance_of_scores_from_frequencies() -> None:
    scores = np.array([0.95, 0.95, 0.05, 0.05], np.float32)
    assert calibration_error(scores, np.array([True, True, False, False])) == pytest.approx(0.05)
    assert calibration_error(scores, np.array([False, False, True, True])) == pytest.approx(0.95)
