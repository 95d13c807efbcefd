import numpy as np
import pytest

from app.domain import SimilarityMethod
from app.search.fusion import HYBRID_WEIGHTS, fused, shares

EMBEDDING, LAYOUT, SSD = SimilarityMethod.EMBEDDING, SimilarityMethod.LAYOUT, SimilarityMethod.SSD
WEIGHTS = {EMBEDDING: 2.0, LAYOUT: 1.0, SSD: 1.0}


def test_fused_is_the_weighted_mean() -> None:
    signals = {EMBEDDING: np.array([1.0, 0.5]), LAYOUT: np.array([0.0, 1.0]), SSD: np.array([0.0, 0.2])}
    np.testing.assert_allclose(fused(signals, WEIGHTS), [0.5, 0.55])


def test_a_missing_signal_leaves_its_weight_to_the_others() -> None:
    np.testing.assert_allclose(fused({EMBEDDING: np.array([0.9])}, WEIGHTS), [0.9])


def test_negative_values_and_rows_out_of_reach_count_as_nothing() -> None:
    signals = {EMBEDDING: np.array([-0.5, 0.8, 0.8]), LAYOUT: np.array([0.6])}
    np.testing.assert_allclose(fused(signals, WEIGHTS), [0.2, 1.6 / 3, 1.6 / 3])


def test_signals_without_any_weight_are_refused() -> None:
    with pytest.raises(ValueError, match="has a weight"):
        fused({SSD: np.array([1.0])}, {EMBEDDING: 1.0})


def test_shares_sum_to_one_and_the_largest_comes_first() -> None:
    parts = shares({SSD: 0.4, EMBEDDING: 0.5, LAYOUT: 0.6}, WEIGHTS)
    assert list(parts) == [EMBEDDING, LAYOUT, SSD]
    assert parts == pytest.approx({EMBEDDING: 0.5, LAYOUT: 0.3, SSD: 0.2})
    assert shares({SSD: 0.0, EMBEDDING: -1.0}, WEIGHTS) == {SSD: 0.0, EMBEDDING: 0.0}


def test_the_chosen_weights_name_each_signal_once_and_sum_to_one() -> None:
    assert set(HYBRID_WEIGHTS) == {EMBEDDING, LAYOUT, SSD}
    assert sum(HYBRID_WEIGHTS.values()) == pytest.approx(1)
