"""From what a model server answers to the features that are stored and searched."""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain import MODEL_INPUT_PX, OBJECT_FIELDS, Box, DetectedObject, Features, Float32, Tag
from app.errors import ModelOutputInvalid
from app.inference.base import ModelOutput
from model_server.catalogue import ModelCard

TAGS_KEPT = 10
_NONE = np.zeros(0, np.float32)
NOTHING = Features(
    detections=np.zeros((0, OBJECT_FIELDS), np.float32),
    word_vector=_NONE,
    embedding=_NONE,
    tag_ids=np.zeros(0, np.int32),
    tag_probabilities=_NONE,
    label_scores=_NONE,
)
"""What a model says that says nothing."""


class NameVectors(Protocol):
    """What turns names of classes into one vector."""

    def nlp_feature(self, class_names: list[str]) -> Float32:
        """Return the mean word vector of the names: float32 (50,), zeros for none."""


class FeatureMaker:
    """Makes the features of single photos from a batch's output, and names what they hold."""

    def __init__(self, card: ModelCard, words: NameVectors) -> None:
        self._card = card
        self._words = words

    def make(self, output: ModelOutput) -> list[Features]:
        """Return the features of each photo of a batch, without what the model says nothing of.

        Raises ModelOutputInvalid for objects of classes that the model doesn't have.
        """
        outputs = (output.detections, output.embedding, output.probabilities, output.label_scores)
        count = next(len(one) for one in outputs if one is not None)
        return [
            self._photo_features(*(None if one is None else one[photo] for one in outputs)) for photo in range(count)
        ]

    def _photo_features(
        self,
        detections: Float32 | None,
        embedding: Float32 | None,
        probabilities: Float32 | None,
        label_scores: Float32 | None,
    ) -> Features:
        said = NOTHING
        if detections is not None:
            names = [self._label(int(row[0])) for row in detections if row[0] > 0]
            said = replace(said, detections=self._scaled(detections), word_vector=self._words.nlp_feature(names))
        if embedding is not None:
            said = replace(said, embedding=normalised(embedding))
        if probabilities is not None:
            tag_ids = strongest(probabilities, TAGS_KEPT)
            said = replace(said, tag_ids=tag_ids, tag_probabilities=probabilities[tag_ids])
        if label_scores is not None:
            said = replace(said, label_scores=label_scores)
        return said

    def _scaled(self, detections: Float32) -> Float32:
        """Return detections with the corners in pixels of 300 x 300, whatever the model's input measures."""
        width, height = self._card.input_width_px, self._card.input_height_px
        corners = np.array([width, height, width, height], np.float32) / np.float32(MODEL_INPUT_PX)
        return np.concatenate([detections[:, :2], detections[:, 2:] / corners], axis=1)

    def objects(self, features: Features) -> tuple[DetectedObject, ...]:
        """Name the objects of a photo, most confident first, with boxes in 0..1 of the picture."""
        return tuple(
            DetectedObject(self._label(int(row[0])), int(row[0]), float(row[1]), box_in_picture(row[2:]))
            for row in features.detections
            if row[0] > 0
        )

    def tags(self, features: Features) -> tuple[Tag, ...]:
        """Name the strongest classes of the whole picture, most probable first."""
        classes = self._card.tag_classes
        return tuple(
            Tag(classes[tag].name, float(probability))
            for tag, probability in zip(features.tag_ids, features.tag_probabilities, strict=True)
        )

    def _label(self, class_id: int) -> str:
        if not 1 <= class_id <= len(self._card.labels):
            raise ModelOutputInvalid(
                f"Model {self._card.name} found an object of class {class_id}, "
                f"but its classes are 1 to {len(self._card.labels)}. Build the model anew."
            )
        return self._card.labels[class_id - 1]


def strongest(probabilities: Float32, count: int) -> NDArray[np.int32]:
    """Return the indexes of the `count` highest of float32 (n,), highest first, ties by index: int32 (count,)."""
    return np.argsort(-probabilities, kind="stable")[:count].astype(np.int32)


def normalised(vector: Float32) -> Float32:
    """Return a vector of length 1 in the same direction; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return vector if length == 0.0 else (vector / np.float32(length)).astype(np.float32)


def box_in_picture(corners: Float32) -> Box:
    """Return the box of xmin ymin xmax ymax in pixels of the model input, float32 (4,), in 0..1 of the picture."""
    xmin, ymin, xmax, ymax = (min(max(float(corner) / MODEL_INPUT_PX, 0.0), 1.0) for corner in corners)
    return Box(xmin, ymin, xmax, ymax)
