"""The one file that a model is built from, and what of it a training may start from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.ssd.heads import PREFIX, RARE_LOGIT
from model_server.training.probe import Probe

Arrays = Mapping[str, NDArray[Any]]
CLASSIFIER = f"{PREFIX}classes"
NEW_CLASS_DEVIATION = 0.01


def write_weights(path: Path, detector: Arrays, probe: Probe, *, label_weight: float, tag_temperature: float) -> None:
    """Write all that was trained to one compressed file that is whole or not there."""
    scalars = {"label_weight": label_weight, "tag_temperature": tag_temperature}
    arrays = {**detector, **probe.arrays(), **{name: np.array(value, np.float32) for name, value in scalars.items()}}
    fresh = path.with_suffix(".new.npz")
    np.savez_compressed(fresh, allow_pickle=False, **arrays)
    fresh.replace(path)


def for_labels(weights: Arrays, labels: Sequence[str], wanted: Sequence[str], seed: int) -> dict[str, NDArray[Any]]:
    """Return *weights* with a classifier for *wanted* in place of that for *labels*.

    Classes of the same name keep what was learned of them, others begin as rare.
    """
    kernel, bias = (weights[f"{CLASSIFIER}/{part}"] for part in ("kernel", "bias"))
    rng = np.random.default_rng(seed)
    new_kernel = rng.normal(0, NEW_CLASS_DEVIATION, (len(kernel), len(wanted))).astype(kernel.dtype)
    new_bias = np.full(len(wanted), RARE_LOGIT, bias.dtype)
    for column, label in enumerate(wanted):
        if label in labels:
            old = labels.index(label)
            new_kernel[:, column], new_bias[column] = kernel[:, old], bias[old]
    return {**weights, f"{CLASSIFIER}/kernel": new_kernel, f"{CLASSIFIER}/bias": new_bias}
