"""SSD MobileNet V2 as TensorFlow's detection model zoo exports it, made to answer as the gallery's detectors do.

The zoo's SavedModel takes one picture at a time, so a loop in the graph feeds it the rows of a batch. Its outputs are
documented in github.com/tensorflow/models, research/object_detection/exporter_lib_v2.py.
"""

import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import tensorflow as tf

from model_server.architectures.zoo_ssd import UntrainedZooModel
from model_server.catalogue import ModelCard
from model_server.errors import CheckpointError, WeightsError
from model_server.exporting import Endpoint, image_spec
from model_server.ssd.decoding import MAX_DETECTIONS, MIN_CONFIDENCE

COCO_IDS = 91
COCO_IDS_WITHOUT_OBJECTS = frozenset({0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
"""COCO numbers 90 categories and labelled no object of ten of them; 0 is background."""
OUTPUTS = ("detection_boxes", "detection_classes", "detection_scores")

Detect = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]
"""The zoo's function: uint8 (1, height, width, 3) to its outputs."""


def endpoints(card: ModelCard, weights: Path | None) -> Sequence[Endpoint]:
    """Wrap the zoo's model from its tar.gz; raise CheckpointError or WeightsError if it holds something else."""
    detect = read_zoo_archive(weights) if weights else UntrainedZooModel(card.architecture["alpha"])
    spec = image_spec(card)

    def compute(images: tf.Tensor) -> dict[str, tf.Tensor]:
        row = tf.TensorSpec([MAX_DETECTIONS, 6], tf.float32)
        checked = tf.ensure_shape(images, spec.shape)
        return {"detections": tf.map_fn(lambda image: _objects(detect, image), checked, fn_output_signature=row)}

    return [Endpoint(spec, compute)]


def class_ids() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the class_id of each COCO category id, 1 to 80 without gaps; 0 for ids that name no object."""
    ids = np.zeros(COCO_IDS, np.float32)
    used = [number for number in range(COCO_IDS) if number not in COCO_IDS_WITHOUT_OBJECTS]
    ids[used] = np.arange(1, len(used) + 1)
    return ids


def read_zoo_archive(path: Path) -> Detect:
    """Load the SavedModel of a zoo's tar.gz; raise CheckpointError for another file, WeightsError for no detector."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            loaded = tf.saved_model.load(str(_unpack(path, Path(folder))))
        except (tarfile.TarError, OSError, EOFError, ValueError, tf.errors.OpError) as error:
            raise CheckpointError(f"{path.name} is no archive with a SavedModel: {error}") from error
    signature = loaded.signatures.get("serving_default")
    lacking = [name for name in OUTPUTS if signature is None or name not in signature.structured_outputs]
    if lacking:
        raise WeightsError(f"the model in {path.name} gives no {', '.join(lacking)}; a zoo's detector is expected")
    return ZooModel(loaded)


class ZooModel:
    """The function of a loaded SavedModel; its weights live as long as this does."""

    def __init__(self, loaded: Any) -> None:
        self._loaded = loaded
        self._signature = loaded.signatures["serving_default"]
        (self._input_name,) = self._signature.structured_input_signature[1]

    def __call__(self, image: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Take uint8 (1, height, width, 3), return the zoo's outputs."""
        answers: Mapping[str, tf.Tensor] = self._signature(**{self._input_name: image})
        return answers


def _unpack(path: Path, folder: Path) -> Path:
    """Write the SavedModel's files of an archive below *folder*; return where they are."""
    with tarfile.open(path) as archive:
        files = {PurePosixPath(member.name): member for member in archive if member.isfile()}
        root = next((name.parent for name in files if name.name == "saved_model.pb"), None)
        if root is None:
            raise CheckpointError(f"{path.name} holds no saved_model.pb")
        for name, member in files.items():
            if root not in name.parents or ".." in name.parts:
                continue
            content = archive.extractfile(member)
            target = folder / name.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read() if content else b"")
    return folder


def _objects(detect: Detect, image: tf.Tensor) -> tf.Tensor:
    """Turn the zoo's answer to uint8 (height, width, 3) into float32 (20, 6), the surest first, zeros at the end.

    A row is class_id, confidence, xmin, ymin, xmax, ymax in pixels of *image*; the zoo's boxes are ymin, xmin, ymax,
    xmax in 0..1.
    """
    answers = detect(image[None])
    boxes, categories, scores = (answers[name][0] for name in OUTPUTS)
    known = tf.gather(tf.constant(class_ids()), tf.cast(categories, tf.int32))
    confidences = tf.where((known > 0) & (scores >= MIN_CONFIDENCE), scores, 0.0)
    confidences, order = tf.math.top_k(confidences, MAX_DETECTIONS)
    height_px, width_px = (tf.cast(side, tf.float32) for side in tf.unstack(tf.shape(image)[:2]))
    ymin, xmin, ymax, xmax = tf.unstack(tf.clip_by_value(tf.gather(boxes, order), 0.0, 1.0), axis=1)
    corners = [xmin * width_px, ymin * height_px, xmax * width_px, ymax * height_px]
    rows = tf.stack([tf.gather(known, order), confidences, *corners], axis=1)
    return rows * tf.cast(confidences > 0, tf.float32)[:, None]
