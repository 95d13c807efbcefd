import json
from pathlib import Path

import numpy as np
import pytest

from app.search import ssd
from app.search.ssd import SsdIndex
from app.search.ssd_reference import ssd_similarity
from tests.app.search.photos import feature

CASES = json.loads((Path(__file__).parent / "data" / "ssd_similarity_cases.json").read_text())["cases"]


def as_feature(objects: list[list[float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rows = np.zeros((20, 6), dtype=np.float32)
    if objects:
        rows[: len(objects)] = objects
    return rows


def test_one_index_of_all_cases_gives_the_right_results() -> None:
    index = SsdIndex()
    index.add(range(len(CASES)), np.stack([as_feature(case["b"]) for case in CASES]))
    for row, case in enumerate(CASES):
        similarity = index.similarities(as_feature(case["a"]))[row]
        assert similarity == pytest.approx(case["similarity"], abs=1e-6)


def test_the_plain_definition_gives_the_right_results() -> None:
    for case in CASES[::5]:
        assert ssd_similarity(case["a"], case["b"]) == pytest.approx(case["similarity"], abs=1e-6)


def test_pairs_under_the_threshold_do_not_pull_the_mean_down() -> None:
    faint = (1.0, 1e-6, 50.0, 0.0, 50.0, 100.0)
    sure = (1.0, 0.8, 50.0, 0.0, 50.0, 100.0)
    index = SsdIndex()
    index.add([0, 1], np.stack([feature(faint, sure), feature(faint)]))
    mean_of_three = (0.8 + 0.8 + 2e-6 + 1.6) / 4 / 3
    assert index.similarities(feature(faint, sure)) == pytest.approx([mean_of_three, (0.8 + 1e-6) / 4], abs=1e-7)
    assert index.similarities(feature(faint))[1] == 0


def test_background_is_no_class() -> None:
    background = feature((0, 0.9, 0, 0, 300, 300))
    index = SsdIndex()
    index.add([0], background[None])
    assert index.similarities(background).tolist() == [0.0]


def test_columns_and_lists_of_photos_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    features = np.zeros((300, 20, 6), dtype=np.float32)
    features[:, :, 0] = np.minimum(random.geometric(0.3, size=(300, 20)), 12)
    features[:, :, 1] = random.choice([1e-6, 0.2, 0.9], size=(300, 20))
    features[:, :, 4:] = random.choice([0, 100, 200], size=(300, 20, 2))
    results = []
    for dense_from in (2, 1 << 12):
        monkeypatch.setattr(ssd, "DENSE_FROM_PHOTOS", dense_from)
        index = SsdIndex()
        for start in (200, 0, 100):
            index.add(range(start, start + 100), features[start : start + 100])
        index.add([7, 250], features[:2])
        index.remove([8, 299])
        results.append(index.similarities(features[5]))
    current = features.copy()
    current[[7, 250]] = features[:2]
    current[[8, 299]] = 0
    expected = [ssd_similarity(features[5], photo) for photo in current[::10]]
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
    np.testing.assert_allclose(results[0][::10], expected, atol=1e-6)
