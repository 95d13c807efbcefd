"""Writes the SavedModels that tests serve: `python -m tests.model_server.server.build_tiny FOLDER`.

tiny 1 and 2   all four outputs of the wire contract, at 8 px; version 2 comes with a warm-up record
wide           takes pictures of any size and gives them back, for large messages
slow           takes about as long as the first pixel says
sour           a copy of tiny whose warm-up record has the wrong type
broken         no SavedModel at all
"""

import shutil
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from tests.model_server.server.tiny import EMBEDDING_WIDTH, LABELS, NEWEST, SIZE_PX, TAG_CLASSES


class Detections(keras.layers.Layer):
    """One object whose class and confidence come from the mean of the picture, then rows of zeros."""

    def call(self, image: Any) -> Any:
        brightness = tf.reduce_mean(tf.cast(image, tf.float32), axis=[1, 2, 3]) / 255.0
        zeros = tf.zeros_like(brightness)
        class_id = 1.0 + tf.floor(brightness * (len(LABELS) - 0.01))
        first = tf.stack([class_id, brightness, zeros, zeros, zeros + SIZE_PX, zeros + SIZE_PX], axis=1)
        return tf.pad(first[:, None, :], [[0, 0], [0, 19], [0, 0]])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 20, 6)


class Slow(keras.layers.Layer):
    """Multiplies matrices as many times as the first pixel's red says."""

    def call(self, image: Any) -> Any:
        rounds = tf.cast(tf.reduce_max(image[:, 0, 0, 0]), tf.int32) * 10
        matrix = tf.zeros([400, 400])
        _, result = tf.while_loop(lambda i, _: i < rounds, lambda i, m: (i + 1, m @ m), [0, matrix])
        return tf.cast(image[:, 0, 0, :], tf.float32) + result[0, 0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 3)


def export_tiny(folder: Path, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE_PX, SIZE_PX, 3), dtype="uint8", name="image")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255.0)(image))
    outputs = {
        "detections": Detections()(image),
        "embedding": keras.layers.Dense(EMBEDDING_WIDTH)(flat),
        "probabilities": keras.layers.Dense(TAG_CLASSES, activation="softmax")(flat),
        "label_scores": keras.layers.Dense(len(LABELS), activation="sigmoid")(flat),
    }
    keras.Model({"image": image}, outputs).export(folder, verbose=False)


def export_wide(folder: Path) -> None:
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    copy = keras.layers.Identity()(image)
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1.0)(image))
    keras.Model({"image": image}, {"copy": copy, "mean": mean}).export(folder, verbose=False)


def export_slow(folder: Path) -> None:
    image = keras.Input((SIZE_PX, SIZE_PX, 3), dtype="uint8", name="image")
    keras.Model({"image": image}, {"pixel": Slow()(image)}).export(folder, verbose=False)


def write_warm_up(folder: Path, name: str, images: Any) -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.inputs["image"].CopyFrom(tf.make_tensor_proto(images))
    record = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(record.SerializeToString())


def build(folder: Path) -> None:
    for version in (1, NEWEST):
        export_tiny(folder / "tiny" / str(version), seed=version)
    write_warm_up(folder / "tiny" / str(NEWEST), "tiny", np.zeros((2, SIZE_PX, SIZE_PX, 3), np.uint8))
    export_wide(folder / "wide" / "1")
    export_slow(folder / "slow" / "1")
    shutil.copytree(folder / "tiny" / "1", folder / "sour" / "1")
    write_warm_up(folder / "sour" / "1", "sour", np.zeros((1, SIZE_PX, SIZE_PX, 3), np.float32))
    (folder / "broken" / "1").mkdir(parents=True)
    (folder / "broken" / "1" / "saved_model.pb").write_bytes(b"this is no SavedModel")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
