"""A small training runs from photos to weights that the model is built from and measured with."""

import json
from pathlib import Path

import numpy as np
import pytest

from model_server.catalogue import load_card
from model_server.gallery_default import export, read_weights
from model_server.training.detector import Recipe
from model_server.training.evaluate import calibration_error, evaluate
from model_server.training.train import train
from tests.model_server.training.labelled import draw_photos

CARD = load_card("gallery_default")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on a few drawn photos; return the folder with photos/ and out/."""
    folder = tmp_path_factory.mktemp("training")
    draw_photos(folder / "photos", "train", 60)
    draw_photos(folder / "photos", "train", 12, "coco80")
    draw_photos(folder / "photos", "eval", 6)
    draw_photos(folder / "photos", "eval", 3, "coco80")
    recipe = Recipe(epochs=2, batch=16, warm_up_steps=2, precision="float32")
    train(CARD, folder / "photos", folder / "out", folder / "cache", views=2, recipe=recipe)
    return folder


def test_the_log_tells_recipe_measurements_and_choices(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "out" / "training_log.jsonl").read_text().splitlines()]
    assert lines[0]["recipe"]["epochs"] == 2
    assert [line["step"] for line in lines if "map80" in line] == [steps := lines[-2]["of"]]
    assert steps == 2 * (steps // 2) > 0
    assert "chosen" in lines[-1]
    assert all("elapsed_s" in line for line in lines)


def test_weights_are_small_and_complete(trained: Path) -> None:
    path = trained / "out" / "gallery_default.npz"
    assert path.stat().st_size < 5_000_000
    weights = read_weights(path)
    assert weights["probe/kernel"].shape == (1280, 80)
    assert 0 <= weights["label_weight"] <= 0.5
    assert all(np.isfinite(array).all() for array in weights.values())


def test_trained_heads_can_be_kept_while_the_probe_is_fitted_anew(trained: Path) -> None:
    before = trained / "out" / "gallery_default.npz"
    recipe = Recipe(epochs=2, batch=16, warm_up_steps=2, precision="float32", seed=8)
    train(CARD, trained / "photos", trained / "again", trained / "cache", views=2, recipe=recipe, heads=before)
    old, new = read_weights(before), read_weights(trained / "again" / "gallery_default.npz")
    heads = [name for name in old if name.startswith("ssd_")]
    assert heads
    for name in heads:
        np.testing.assert_array_equal(old[name], new[name])
    assert (old["probe/kernel"] != new["probe/kernel"]).any()
    log = (trained / "again" / "probe_log.jsonl").read_text()
    assert "chosen" in log
    assert "class_loss" not in log


def test_the_model_made_of_them_can_be_measured(trained: Path) -> None:
    (trained / "model").mkdir()
    export(CARD, trained / "model", trained / "out" / "gallery_default.npz")
    measured = evaluate(CARD, trained / "model", trained / "photos")
    assert measured["photos"] == 9
    assert (measured["voc20"]["photos"], measured["coco80"]["photos"]) == (6, 3)
    assert measured["voc20"]["classes"] == 3
    assert 0 <= measured["voc20"]["map50"] <= 1


def test_calibration_error_is_the_distance_of_scores_from_frequencies() -> None:
    scores = np.array([0.95, 0.95, 0.05, 0.05], np.float32)
    assert calibration_error(scores, np.array([True, True, False, False])) == pytest.approx(0.05)
    assert calibration_error(scores, np.array([False, False, True, True])) == pytest.approx(0.95)
