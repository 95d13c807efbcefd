"""Measure a built model as its users meet it: from the picture file to at most twenty boxes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.catalogue import ModelCard
from model_server.training.average_precision import (
    Found,
    Truth,
    detection_precisions,
    label_precisions,
    mean,
)
from model_server.training.held_out import as_found
from model_server.training.photos import Boxes, Photo, read_photos, read_pixels
from model_server.training.probe import label_targets
from model_server.training.views import show_whole

BATCH = 8
SIZES = {"small": (0.0, 0.01), "medium": (0.01, 0.1), "large": (0.1, 1.01)}  # share of the picture
Run = Callable[[NDArray[np.uint8]], dict[str, NDArray[np.float32]]]


def evaluate(card: ModelCard, saved_model: Path, detection: Path, part: str = "eval") -> dict[str, Any]:
    """Run the SavedModel on the labelled photos of *part* and return what was measured.

    "coco80": the 80 classes on the photos where all were looked for; "voc20": the 20 of PASCAL VOC on theirs.
    """
    photos = read_photos(detection, part, card.labels)
    answers = _answer(photos, _load(card, saved_model))
    return {
        "model": card.name,
        "part": part,
        "photos": len(photos),
        "coco80": _measure(card, photos, answers, "coco80"),
        "voc20": _measure(card, photos, answers, "voc20"),
    }


def _load(card: ModelCard, saved_model: Path) -> Run:
    signature = tf.saved_model.load(str(saved_model)).signatures["serving_default"]

    def run(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        outputs = signature(**{card.input_name: tf.constant(pixels)})
        return {name: value.numpy() for name, value in outputs.items()}

    return run


def _answer(photos: Sequence[Photo], run: Run) -> dict[str, NDArray[np.float32]]:
    """Return the model's outputs for all photos, first axis: photo."""
    rows: dict[str, list[NDArray[np.float32]]] = {"detections": [], "label_scores": []}
    for start in range(0, len(photos), BATCH):
        pixels = np.stack([show_whole(read_pixels(photo.path)) for photo in photos[start : start + BATCH]])
        outputs = run(pixels)
        for name, values in rows.items():
            values.append(outputs[name])
    return {name: np.concatenate(values) for name, values in rows.items()}


def _measure(
    card: ModelCard, photos: Sequence[Photo], answers: dict[str, NDArray[np.float32]], vocab: str
) -> dict[str, Any]:
    chosen = [index for index, photo in enumerate(photos) if photo.vocab == vocab]
    found = [as_found(answers["detections"][index]) for index in chosen]
    truths = [Truth(in_view(photos[index]), photos[index].known) for index in chosen]
    precisions = detection_precisions(truths, found, len(card.labels))
    targets = [label_targets(photos[index].boxes, photos[index]) for index in chosen]
    shown, known = (np.array(column) for column in zip(*targets, strict=True))
    scores = answers["label_scores"][chosen]
    return {
        "photos": len(chosen),
        "map50": round(mean(precisions), 4),
        "classes": len(precisions),
        "map50_by_size": {
            name: round(mean(detection_precisions(*_of_size(truths, found, low, high), len(card.labels))), 4)
            for name, (low, high) in SIZES.items()
        },
        "label_map": round(mean(label_precisions(scores, shown, known)), 4),
        "label_map_of_boxes": round(mean(label_precisions(_box_scores(found, scores.shape), shown, known)), 4),
        "label_calibration_error": round(calibration_error(scores[known], shown[known]), 4),
        "average_precision": {card.labels[label]: round(value, 3) for label, value in precisions.items()},
    }


def in_view(photo: Photo) -> Boxes:
    """Return a photo's boxes in 0..1 of the picture."""
    with_size = read_pixels(photo.path)
    size = np.array([with_size.width, with_size.height] * 2, np.float32)
    return Boxes(photo.boxes.corners / size, photo.boxes.labels, photo.boxes.difficult)


def _of_size(
    truths: Sequence[Truth], found: Sequence[Found], low: float, high: float
) -> tuple[list[Truth], list[Found]]:
    """Keep what takes a share of the picture from *low* to *high*: other objects count as difficult."""
    sized_truths = []
    for truth in truths:
        boxes, fits = truth.boxes, _has_size(truth.boxes.corners, low, high)
        sized_truths.append(Truth(Boxes(boxes.corners, boxes.labels, boxes.difficult | ~fits), truth.known))
    sized_found = []
    for each in found:
        fits = _has_size(each.corners, low, high)
        sized_found.append(Found(each.corners[fits], each.labels[fits], each.confidences[fits]))
    return sized_truths, sized_found


def _has_size(corners: NDArray[np.float32], low: float, high: float) -> NDArray[np.bool_]:
    share = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    fits: NDArray[np.bool_] = (share >= low) & (share < high)
    return fits


def _box_scores(found: Sequence[Found], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return float32 (n_photos, 80): the confidence of each label's best box, the rival of the probe."""
    scores = np.zeros(shape, np.float32)
    for row, each in zip(scores, found, strict=True):
        np.maximum.at(row, each.labels, each.confidences)
    return scores


def calibration_error(scores: NDArray[np.float32], present: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the mean distance between score and frequency over *bins* equal ranges of scores, by their size."""
    bin_of = np.minimum((scores * bins).astype(int), bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    distance = np.abs(np.bincount(bin_of, scores, bins) - np.bincount(bin_of, present, bins))
    return float(distance.sum() / max(counts.sum(), 1))
