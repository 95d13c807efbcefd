"""Writes a model as a SavedModel that TensorFlow Serving runs: held input shapes and a warm-up record included.

Serving runs a SavedModel in a TF1-style session. A Keras model wrapped in a `tf.Module` and saved with
`tf.saved_model.save` loads in Python and fails there; what Keras' `ExportArchive` writes works.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server.catalogue import ModelCard

DEFAULT_SIGNATURE = "serving_default"
KERAS_DEFAULT_ENDPOINT = "serve"
"""The name under which Keras makes an endpoint the SavedModel's `serving_default`."""
WARM_UP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
WARM_UP_BATCHES = (1, 8)
MAX_CONSTANT_BYTES = 150_000_000
"""Weights beyond this stay variables: on the way into a graph constants take over twenty times their size."""
FLOAT_BYTES = 4

Compute = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]


@dataclass(frozen=True)
class Endpoint:
    """One signature of a served model: its only input, whose first axis counts rows, and what it computes of it."""

    takes: tf.TensorSpec
    """With the input's name; its first axis is None."""
    compute: Compute
    """Gives each output by name; its first axis counts rows too."""
    signature: str = DEFAULT_SIGNATURE
    model: keras.Model | None = None
    """What holds the weights, where that is known."""


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


def image_input(card: ModelCard) -> tuple[Any, Any]:
    """Return the input of a Keras model of *card* and its pixels, float32 (n, height, width, 3), 0..255."""
    image = keras.Input((card.input_height_px, card.input_width_px, 3), dtype="uint8", name=card.input_name)
    return image, Pixels(card.input_height_px, card.input_width_px, name="pixels")(image)


def image_spec(card: ModelCard) -> tf.TensorSpec:
    """Return what a model of *card* takes: uint8 (n, height, width, 3), RGB."""
    return tf.TensorSpec([None, card.input_height_px, card.input_width_px, 3], tf.uint8, name=card.input_name)


def keras_endpoint(card: ModelCard, model: keras.Model) -> Endpoint:
    """Serve a Keras model whose outputs are a dict."""
    return Endpoint(image_spec(card), lambda image: model(image, training=False), model=model)


def write_saved_model(card: ModelCard, endpoints: Sequence[Endpoint], folder: Path) -> None:
    """Write the SavedModel with its warm-up record to *folder*."""
    archive = keras.export.ExportArchive()
    for endpoint in endpoints:
        name = KERAS_DEFAULT_ENDPOINT if endpoint.signature == DEFAULT_SIGNATURE else endpoint.signature
        if endpoint.model is not None and _weights_bytes(endpoint.model) > MAX_CONSTANT_BYTES:
            archive.add_endpoint(name, endpoint.compute, input_signature=[endpoint.takes])
        else:
            archive.add_endpoint(name, _frozen(endpoint), input_signature=[endpoint.takes])
    archive.write_out(str(folder), verbose=False)
    _write_warm_up(card, endpoints, folder)


def _weights_bytes(model: keras.Model) -> int:
    return FLOAT_BYTES * int(model.count_params())


def _frozen(endpoint: Endpoint) -> Compute:
    """Return the endpoint's function with its weights as constants of the graph.

    It loads and answers faster than with variables, and TensorFlow Serving has nothing to initialise.
    """
    concrete = tf.function(endpoint.compute, input_signature=[endpoint.takes]).get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)  # the order in which a function returns a dict's values

    def serve(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, frozen(rows), strict=True))

    return serve


def _write_warm_up(card: ModelCard, endpoints: Sequence[Endpoint], folder: Path) -> None:
    """Record requests that a server runs before it opens its port, so that the first photo isn't slow."""
    path = folder / WARM_UP_FILE
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for endpoint in endpoints:
            for rows in WARM_UP_BATCHES:
                request = _request(card.name, endpoint, rows)
                record = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
                writer.write(record.SerializeToString())


def _request(model: str, endpoint: Endpoint, rows: int) -> predict_pb2.PredictRequest:
    """Return a request with *rows* rows of zeros."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = endpoint.signature
    shape = [rows, *endpoint.takes.shape[1:]]
    request.inputs[endpoint.takes.name].CopyFrom(tf.make_tensor_proto(0, endpoint.takes.dtype, shape))
    return request
