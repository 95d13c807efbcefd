"""A linear probe: which of the 80 labels are in a photo, from the backbone's embedding of it.

Logistic regression, one output a label, on standardised embeddings of length 1: pictures unlike any photo have
long embeddings, and would get extreme scores by their length alone. Pictures that show nothing are added as examples
in which no label is right; what nobody looked for in a photo, or is
there only as a difficult object, has no weight. The result is calibrated on held-out photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.training.average_precision import label_precisions, mean
from model_server.training.embeddings import EmbeddedViews
from model_server.training.photos import Boxes, Photo

STRENGTHS = (1e-2, 3e-2, 1e-1, 3e-1)  # of the L2 penalty that are tried
EPOCHS, BATCH, LEARNING_RATE = 12, 512, 2e-3
LEAST_DEVIATION = 3e-3  # against the mean one: numbers that hardly vary aren't blown up
MOMENTUM, SQUARES, SMALL = 0.9, 0.999, 1e-8
CALIBRATION_STEPS, CALIBRATION_RATE = 2000, 0.05

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Probe:
    """kernel: float32 (1280, 80); bias: float32 (80,). A score is the sigmoid of unit embedding @ kernel + bias."""

    kernel: Floats
    bias: Floats

    def logits(self, embeddings: Floats) -> Floats:
        """Return float32 (n, 80)."""
        return embeddings @ self.kernel + self.bias

    def scores(self, embeddings: Floats) -> Floats:
        """Return float32 (n, 80) in 0..1."""
        return _sigmoid(self.logits(embeddings))

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[Any]]) -> "Probe":
        """Take the probe from a file of weights."""
        return cls(weights["probe/kernel"].astype(np.float32), weights["probe/bias"].astype(np.float32))

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """Return what `of` takes."""
        return {"probe/kernel": self.kernel.astype(np.float16), "probe/bias": self.bias.astype(np.float16)}


@dataclass(frozen=True)
class Examples:
    """embeddings: float32 (n, 1280), of length 1.

    present: float32 (n, 80), 0 or 1. weights: float32 (n, 80), 0 where it is unknown.
    """

    embeddings: Floats
    present: Floats
    weights: Floats


def label_targets(boxes: Boxes, photo: Photo) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return bool (80,) twice: which labels a view shows, and for which that is known.

    An absence is known if the label was looked for and its objects are all labelled.
    """
    shown, uncertain = np.zeros_like(photo.known), np.zeros_like(photo.known)
    shown[boxes.labels[~boxes.difficult]] = True
    uncertain[boxes.labels[boxes.difficult]] = True
    absence_known = photo.known & ~uncertain if photo.is_complete else np.zeros_like(photo.known)
    return shown, shown | absence_known


def examples(views: EmbeddedViews, photos: Sequence[Photo]) -> Examples:
    """Turn the views of *photos* into examples; those of one photo weigh as much as one together."""
    targets = [label_targets(boxes, photos[of]) for boxes, of in zip(views.boxes, views.photo_of, strict=True)]
    per_photo = np.bincount(views.photo_of)[views.photo_of]
    known = np.array([known for _, known in targets])
    return Examples(
        embeddings=unit_length(views.embeddings),
        present=np.array([shown for shown, _ in targets], np.float32),
        weights=(known / per_photo[:, None]).astype(np.float32),
    )


def unit_length(embeddings: Floats) -> Floats:
    """Return float32 (n, 1280), each divided by its length."""
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32)


def with_nothing(train: Examples, embeddings: Floats) -> Examples:
    """Add pictures that show nothing, float32 (n, 1280): each weighs as much as the average example."""
    absent = np.zeros((len(embeddings), train.present.shape[1]), np.float32)
    weight = train.weights.max(axis=1).mean()
    return Examples(
        embeddings=np.concatenate([train.embeddings, unit_length(embeddings)]),
        present=np.concatenate([train.present, absent]),
        weights=np.concatenate([train.weights, np.full_like(absent, weight)]),
    )


def fit_best(train: Examples, held_out: Examples, seed: int) -> tuple[Probe, dict[str, float]]:
    """Fit a probe for each strength, keep the best by mAP on *held_out* and calibrate it there.

    Returns the probe and what was measured: "label_map" and, by strength, "l2=...".
    """
    measured, best, best_map = {}, None, -1.0
    for strength in STRENGTHS:
        probe = fit(train, strength, seed)
        label_map = _held_out_map(probe, held_out)
        measured[f"l2={strength:g}"] = round(label_map, 4)
        if label_map > best_map:
            best, best_map = probe, label_map
    assert best is not None, "at least one strength is tried"  # noqa: S101
    return calibrate(best, held_out), {"label_map": round(best_map, 4), **measured}


def fit(train: Examples, strength: float, seed: int) -> Probe:
    """Minimise the masked cross entropy plus ``strength / 2 * |kernel|^2`` a label with Adam."""
    mean_, deviation = train.embeddings.mean(axis=0), train.embeddings.std(axis=0)
    deviation += LEAST_DEVIATION * deviation.mean()
    standard = (train.embeddings - mean_) / deviation
    parameters = np.zeros((standard.shape[1] + 1, train.present.shape[1]), np.float32)
    parameters[-1] = _base_rate_logits(train)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    rng, step = np.random.default_rng(seed), 0
    mean_weight = train.weights.max(axis=1).mean()
    for epoch in range(EPOCHS):
        rate = LEARNING_RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2
        order = rng.permutation(len(standard))
        for start in range(0, len(order), BATCH):
            rows, step = order[start : start + BATCH], step + 1
            inputs = np.concatenate([standard[rows], np.ones((len(rows), 1), np.float32)], axis=1)
            errors = (_sigmoid(inputs @ parameters) - train.present[rows]) * train.weights[rows]
            gradient = inputs.T @ errors / (len(rows) * mean_weight)
            gradient[:-1] += strength * parameters[:-1]
            first += (1 - MOMENTUM) * (gradient - first)
            second += (1 - SQUARES) * (np.square(gradient) - second)
            scale = np.sqrt(1 - SQUARES**step) / (1 - MOMENTUM**step)
            parameters -= rate * scale * first / (np.sqrt(second) + SMALL)
    kernel = parameters[:-1] / deviation[:, None]
    return Probe(kernel, parameters[-1] - mean_ @ kernel)


def calibrate(probe: Probe, held_out: Examples) -> Probe:
    """Fit one slope and one offset for all labels, so that scores are frequencies on *held_out* (Platt scaling)."""
    logits = probe.logits(held_out.embeddings)
    slope, offset, total = 1.0, 0.0, held_out.weights.sum()
    for _ in range(CALIBRATION_STEPS):
        errors = (_sigmoid(slope * logits + offset) - held_out.present) * held_out.weights / total
        slope -= CALIBRATION_RATE * float((errors * logits).sum())
        offset -= CALIBRATION_RATE * float(errors.sum())
    return Probe(probe.kernel * np.float32(slope), probe.bias * np.float32(slope) + np.float32(offset))


def _held_out_map(probe: Probe, held_out: Examples) -> float:
    scores = probe.scores(held_out.embeddings)
    return mean(label_precisions(scores, held_out.present > 0, held_out.weights > 0))


def _base_rate_logits(train: Examples) -> Floats:
    rate = (train.present * train.weights).sum(axis=0) / np.maximum(train.weights.sum(axis=0), 1.0)
    rate = np.clip(rate, 1e-4, 1 - 1e-4)
    logits: Floats = np.log(rate / (1 - rate))
    return logits


def _sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    result: Floats = np.float32(0.5) * (1 + np.tanh(x / 2))
    return result
