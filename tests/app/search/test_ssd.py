import json
from pathlib import Path

import numpy as np
import pytest

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
