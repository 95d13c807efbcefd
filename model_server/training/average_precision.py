"""Mean average precision: how well ranked boxes, or ranked photos, agree with the labels.

What a photo's vocabulary doesn't cover is unknown: such classes are left out for that photo. Difficult objects count
neither as found nor as missed. A class without any object in the measured photos has no average precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_server.ssd.anchors import overlaps
from model_server.training.photos import Boxes

RECALL_POINTS = np.linspace(0.0, 1.0, 101)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What is known of one photo: its boxes and, bool (80,), which classes were looked for."""

    boxes: Boxes
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """What a detector says of one photo.

    corners: float32 (n, 4) in the unit of the truth's boxes; labels: int64 (n,), 0..79; confidences: float32 (n,).
    """

    corners: NDArray[np.float32]
    labels: NDArray[np.int64]
    confidences: NDArray[np.float32]


def average_precision(confidences: Floats, is_hit: NDArray[np.bool_], positives: int) -> float:
    """Return the area under the precision-recall curve, read at 101 recalls as COCO does.

    confidences: (n,); is_hit: (n,), whether each counts as right; positives: how many there were to find.
    """
    order = np.argsort(-confidences, kind="stable")
    hits = np.cumsum(is_hit[order])
    precision = hits / np.arange(1, len(hits) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(hits / positives, RECALL_POINTS)
    return float(np.append(best_from_here, 0.0)[reached].mean())


def detection_precisions(
    truths: Sequence[Truth], found: Sequence[Found], classes: int, min_iou: float = 0.5
) -> dict[int, float]:
    """Return the average precision of each class that has an object to find."""
    precisions = {}
    for label in range(classes):
        positives, confidences, hits = 0, [], []
        for truth, boxes in zip(truths, found, strict=True):
            if not truth.known[label]:
                continue
            wanted = truth.boxes.where(truth.boxes.labels == label)
            positives += int((~wanted.difficult).sum())
            is_label = boxes.labels == label
            scores, is_hit = _hits(wanted, boxes.corners[is_label], boxes.confidences[is_label], min_iou)
            confidences.append(scores)
            hits.append(is_hit)
        if positives:
            precisions[label] = average_precision(np.concatenate(confidences), np.concatenate(hits), positives)
    return precisions


def _hits(
    wanted: Boxes, corners: NDArray[np.float32], confidences: NDArray[np.float32], min_iou: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Judge the boxes of one class in one photo, the most confident first.

    A box is a hit if it overlaps an object that no box before it took; it is left out if all it overlaps is
    a difficult object; otherwise it is a miss, also where it finds the same object again.
    """
    order = np.argsort(-confidences, kind="stable")
    iou = overlaps(corners[order], wanted.corners)
    free = ~wanted.difficult
    scores, hits = [], []
    for row, confidence in zip(iou, confidences[order], strict=True):
        candidates = np.where(free, row, -1.0)
        best = int(candidates.argmax()) if len(candidates) else -1
        is_hit = best >= 0 and bool(candidates[best] >= min_iou)
        if is_hit:
            free[best] = False
        elif (row[wanted.difficult] >= min_iou).any():
            continue
        scores.append(float(confidence))
        hits.append(is_hit)
    return np.array(scores, np.float64), np.array(hits, bool)


def label_precisions(
    scores: NDArray[np.float32], present: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> dict[int, float]:
    """Return the average precision of each class over photos ranked by their score.

    All (n_photos, classes); counts: whether the label of this photo is known at all.
    """
    precisions = {}
    for label in range(scores.shape[1]):
        rows = counts[:, label]
        positives = int(present[rows, label].sum())
        if positives:
            precisions[label] = average_precision(
                scores[rows, label].astype(np.float64), present[rows, label], positives
            )
    return precisions


def mean(precisions: dict[int, float]) -> float:
    """Return the mean over the classes, 0 if there are none."""
    return float(np.mean(list(precisions.values()))) if precisions else 0.0
