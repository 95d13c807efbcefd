"""Our own messages are TensorFlow Serving's, byte for byte."""

import warnings
from typing import Any

import pytest

from app.inference.protocol import GET_MODEL_STATUS, PREDICT
from app.inference.protocol import serving_pb2 as pb

pytestmark = pytest.mark.xdist_group("model_server")


@pytest.fixture(scope="module")
def theirs() -> Any:
    """Return TensorFlow Serving's modules in a namespace; importing them imports TensorFlow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of TensorFlow's own imports
        import tensorflow_serving.apis as package
        from tensorflow_serving.apis import (  # noqa: F401
            get_model_status_pb2,
            model_service_pb2_grpc,
            predict_pb2,
            prediction_service_pb2_grpc,
        )
    return package


def fill_spec(spec: Any) -> None:
    spec.name = "gallery_default"
    spec.version.value = 7
    spec.signature_name = "serving_default"


def fill_tensor(tensor: Any, dtype: int, sizes: list[int]) -> None:
    tensor.dtype = dtype
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size, name=f"axis {size}")
    tensor.version_number = 3


def predict_request(message: Any) -> Any:
    fill_spec(message.model_spec)
    fill_tensor(message.inputs["image"], 4, [2, 1, 2, 3])
    message.inputs["image"].tensor_content = bytes(range(12))
    fill_tensor(message.inputs["threshold"], 1, [1])
    message.inputs["threshold"].float_val.append(0.25)
    fill_tensor(message.inputs["count"], 3, [2])
    message.inputs["count"].int_val.extend([1, -2])
    message.inputs["anything"].tensor_shape.unknown_rank = True
    message.output_filter.extend(["embedding", "detections"])
    return message


def labelled_request(message: Any) -> Any:
    message.model_spec.name = "gallery_default"
    message.model_spec.version_label = "stable"
    return message


def predict_response(message: Any) -> Any:
    fill_spec(message.model_spec)
    fill_tensor(message.outputs["embedding"], 1, [1, 2])
    message.outputs["embedding"].tensor_content = b"\0\0\x80?" * 2
    fill_tensor(message.outputs["probabilities"], 1, [1, 3])
    message.outputs["probabilities"].float_val.extend([0.5, 0.25, 0.25])
    return message


def status_request(message: Any) -> Any:
    fill_spec(message.model_spec)
    return message


def status_response(message: Any) -> Any:
    message.model_version_status.add(version=1, state=30)
    failed = message.model_version_status.add(version=2, state=50)
    failed.status.error_code = 3
    failed.status.error_message = "no such op"
    return message


CASES = [
    (predict_request, "predict_pb2", "PredictRequest"),
    (labelled_request, "predict_pb2", "PredictRequest"),
    (predict_response, "predict_pb2", "PredictResponse"),
    (status_request, "get_model_status_pb2", "GetModelStatusRequest"),
    (status_response, "get_model_status_pb2", "GetModelStatusResponse"),
]


@pytest.mark.parametrize(("fill", "module", "name"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_both_write_and_read_the_same_bytes(theirs: Any, fill: Any, module: str, name: str) -> None:
    their_class, our_class = getattr(getattr(theirs, module), name), getattr(pb, name)
    their_bytes = fill(their_class()).SerializeToString(deterministic=True)
    our_bytes = fill(our_class()).SerializeToString(deterministic=True)
    assert our_bytes == their_bytes
    assert our_class.FromString(their_bytes) == fill(our_class())
    assert their_class.FromString(our_bytes) == fill(their_class())


def test_enumerations_have_the_same_numbers(theirs: Any) -> None:
    import tensorflow as tf

    assert dict(pb.DataType.items()) == {"DT_INVALID": 0, "DT_FLOAT": tf.float32.as_datatype_enum, "DT_UINT8": 4}
    states = theirs.get_model_status_pb2.ModelVersionStatus.State
    assert dict(pb.ModelVersionStatus.State.items()) == dict(states.items())


class RecordingChannel:
    """Stands in for a channel, to learn which calls a stub makes."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def unary_unary(self, path: str, **options: Any) -> None:
        self.paths.add(path)


def test_calls_have_the_names_of_the_services(theirs: Any) -> None:
    channel = RecordingChannel()
    theirs.prediction_service_pb2_grpc.PredictionServiceStub(channel)
    theirs.model_service_pb2_grpc.ModelServiceStub(channel)
    assert {PREDICT, GET_MODEL_STATUS} <= channel.paths
