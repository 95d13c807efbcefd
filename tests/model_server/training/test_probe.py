"""The probe learns what the labels say, and nothing from labels that are missing."""

from pathlib import Path

import numpy as np
import pytest

from model_server.training.photos import Boxes, Photo
from model_server.training.probe import (
    Examples,
    Probe,
    calibrate,
    fit,
    fit_best,
    label_targets,
    unit_length,
    with_nothing,
)

WIDTH = 8


def separable(count: int, seed: int) -> Examples:
    """Return examples whose label k is there where embedding k is positive, for two labels."""
    embeddings = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32) * 3 + 1
    present = (embeddings[:, :2] > 1).astype(np.float32)
    return Examples(embeddings, present, np.ones_like(present))


def photo(vocab: list[int], boxes: list[tuple[int, bool]], *, is_complete: bool = True) -> Photo:
    known = np.zeros(4, bool)
    known[vocab] = True
    labels, difficult = [label for label, _ in boxes], [is_difficult for _, is_difficult in boxes]
    corners = np.zeros((len(boxes), 4), np.float32)
    described = Boxes(corners, np.array(labels, np.int64), np.array(difficult, bool))
    return Photo(Path("a.jpg"), "", known, is_complete, described)


@pytest.mark.parametrize(
    ("case", "shown", "known"),
    [
        (photo([0, 1, 2, 3], [(1, False)]), [0, 1, 0, 0], [1, 1, 1, 1]),
        (photo([0, 1], [(1, False)]), [0, 1, 0, 0], [1, 1, 0, 0]),
        (photo([0, 1], [(1, True)]), [0, 0, 0, 0], [1, 0, 0, 0]),
        (photo([0, 1], [(1, True), (1, False)]), [0, 1, 0, 0], [1, 1, 0, 0]),
        (photo([0, 1], [(1, False)], is_complete=False), [0, 1, 0, 0], [0, 1, 0, 0]),
    ],
)
def test_absence_is_known_only_where_it_was_looked_for(case: Photo, shown: list[int], known: list[int]) -> None:
    found = label_targets(case.boxes, case)
    assert [part.astype(int).tolist() for part in found] == [shown, known]


def test_it_learns_what_separates_the_labels() -> None:
    probe = fit(separable(20_000, 1), 1e-4, seed=1)
    fresh = separable(200, 2)
    assert ((probe.scores(fresh.embeddings) > 0.5) == (fresh.present > 0)).mean() > 0.97


def test_what_has_no_weight_teaches_nothing() -> None:
    train = separable(20_000, 1)
    weights = train.weights.copy()
    weights[10_000:, 0] = 0
    lies = train.present.copy()
    lies[10_000:, 0] = 1 - lies[10_000:, 0]
    masked = fit(Examples(train.embeddings, lies, weights), 1e-4, seed=1)
    fresh = separable(200, 2)
    assert ((masked.scores(fresh.embeddings) > 0.5) == (fresh.present > 0)).mean() > 0.95


def test_calibration_makes_scores_frequencies() -> None:
    rng = np.random.default_rng(4)
    embeddings = rng.normal(size=(20_000, 1)).astype(np.float32)
    present = (rng.random((20_000, 1)) < 1 / (1 + np.exp(-(2 * embeddings - 1)))).astype(np.float32)
    overconfident = Probe(np.full((1, 1), 6, np.float32), np.full(1, -5, np.float32))
    mended = calibrate(overconfident, Examples(embeddings, present, np.ones_like(present)))
    assert mended.kernel.item() == pytest.approx(2, abs=0.15)
    assert mended.bias.item() == pytest.approx(-1, abs=0.15)


def test_the_same_seed_gives_the_same_probe() -> None:
    train, held_out = separable(5000, 1), separable(100, 2)
    one, other = (fit_best(train, held_out, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one[0].kernel, other[0].kernel)
    assert one[1] == other[1]
    assert one[1]["label_map"] > 0.9


def test_an_embeddings_length_says_nothing() -> None:
    embeddings = separable(10, 1).embeddings
    np.testing.assert_allclose(unit_length(embeddings * 7), unit_length(embeddings), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(unit_length(embeddings), axis=1), 1, rtol=1e-5)


def test_pictures_that_show_nothing_lower_the_scores_of_what_is_like_them() -> None:
    train = separable(5000, 1)
    train = Examples(unit_length(train.embeddings), train.present, train.weights)
    odd = np.zeros((1000, WIDTH), np.float32)
    odd[:, 0], odd[:, -1] = 1, 5  # a direction in which hardly any example lies
    plain, taught = fit(train, 1e-4, seed=1), fit(with_nothing(train, odd), 1e-4, seed=1)
    like_odd = unit_length(odd[:1])
    assert taught.scores(like_odd)[0, 0] < plain.scores(like_odd)[0, 0] - 0.1
