"""A classifier for other classes keeps what was learned of those of the same name."""

import numpy as np

from model_server.training.weights_file import CLASSIFIER, for_labels


def test_known_classes_keep_their_column_and_new_ones_are_rare() -> None:
    rng = np.random.default_rng(1)
    weights = {
        f"{CLASSIFIER}/kernel": rng.normal(size=(8, 3)).astype(np.float16),
        f"{CLASSIFIER}/bias": np.arange(3, dtype=np.float16),
        "ssd_offsets/bias": np.ones(4, np.float16),
    }
    changed = for_labels(weights, ("cat", "dog", "cup"), ("mug", "cup"), seed=1)
    assert changed[f"{CLASSIFIER}/kernel"].shape == (8, 2)
    np.testing.assert_array_equal(changed[f"{CLASSIFIER}/kernel"][:, 1], weights[f"{CLASSIFIER}/kernel"][:, 2])
    assert changed[f"{CLASSIFIER}/bias"][1] == 2
    assert changed[f"{CLASSIFIER}/bias"][0] < -4
    assert np.abs(changed[f"{CLASSIFIER}/kernel"][:, 0]).max() < 0.1
    np.testing.assert_array_equal(changed["ssd_offsets/bias"], weights["ssd_offsets/bias"])
