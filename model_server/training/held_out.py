"""Measure a detector in training on the photos that are held out from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.ssd.anchors import INPUT_PX
from model_server.ssd.decoding import Detections
from model_server.training.average_precision import Found, Truth, detection_precisions, mean
from model_server.training.network import Network
from model_server.training.photos import Photo
from model_server.training.probe import Probe, unit_length
from model_server.training.stream import whole_view

BATCH = 16
LABEL_WEIGHTS = (0.0, 0.0625, 0.125, 0.1875, 0.25)


@dataclass(frozen=True)
class RawAnswers:
    """What a network says of photos: class logits, box offsets and embeddings, the first axis being the photo."""

    logits: NDArray[np.float32]
    offsets: NDArray[np.float32]
    embeddings: NDArray[np.float32]


class HeldOut:
    """The held-out photos as the application shows them to a model.

    vocabularies: those photos count of which these say what was looked for; each gives a mean of its own.
    """

    def __init__(self, photos: Sequence[Photo], vocabularies: Sequence[str]) -> None:
        self.photos = [photo for photo in photos if photo.vocab in vocabularies]
        self._views = [whole_view(photo) for photo in self.photos]
        self._vocabularies = vocabularies

    @property
    def truths(self) -> list[Truth]:
        """What is known of each photo, boxes in 0..1."""
        pairs = zip(self.photos, self._views, strict=True)
        return [Truth(view.boxes, photo.known) for photo, view in pairs]

    @property
    def pixels(self) -> list[NDArray[np.uint8]]:
        """The photos as the model sees them, uint8 (300, 300, 3) each."""
        return [view.pixels for view in self._views]

    def ask(self, network: Network) -> RawAnswers:
        """Run *network* over the photos."""
        parts = [network.model(pixels, training=False) for pixels in self._batches()]
        logits, offsets, embeddings = (np.concatenate(column) for column in zip(*parts, strict=True))
        return RawAnswers(logits, offsets, embeddings)

    def found(self, answers: RawAnswers, probe: Probe, label_weight: float) -> list[Found]:
        """Return what the built model would say, see `Detections` for *label_weight*."""
        detections, found = Detections(label_weight), []
        label_scores = probe.scores(unit_length(answers.embeddings))
        for start in range(0, len(self.photos), BATCH):
            part = slice(start, start + BATCH)
            rows = detections(answers.logits[part], answers.offsets[part], tf.constant(label_scores[part]))
            found += [as_found(row) for row in rows.numpy()]
        return found

    def measure(self, found: Sequence[Found]) -> dict[str, float]:
        """Return the mAP@0.5 by vocabulary."""
        truths = self.truths
        results = {}
        for vocabulary in self._vocabularies:
            chosen = [number for number, photo in enumerate(self.photos) if photo.vocab == vocabulary]
            if chosen:
                of_vocabulary = [truths[number] for number in chosen], [found[number] for number in chosen]
                precisions = detection_precisions(*of_vocabulary, len(self.photos[0].known))
                results[vocabulary] = round(mean(precisions), 4)
        return results

    def best_label_weight(self, answers: RawAnswers, probe: Probe) -> tuple[float, dict[float, dict[str, float]]]:
        """Return the power of the label scores that serves best, and what each that was tried gives."""
        tried = {weight: self.measure(self.found(answers, probe, weight)) for weight in LABEL_WEIGHTS}
        return max(tried, key=lambda weight: sum(tried[weight].values())), tried

    def _batches(self) -> Iterator[tf.Tensor]:
        for start in range(0, len(self._views), BATCH):
            yield tf.constant(np.stack([view.pixels for view in self._views[start : start + BATCH]]))


def as_found(rows: NDArray[np.float32]) -> Found:
    """Turn one photo's detections (20, 6) into boxes in 0..1, without the rows of zeros."""
    rows = rows[rows[:, 0] > 0]
    return Found(rows[:, 2:] / np.float32(INPUT_PX), rows[:, 0].astype(np.int64) - 1, rows[:, 1])
