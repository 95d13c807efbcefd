"""The table of refusals, through a real channel: status codes and texts of TensorFlow Serving 2.20."""

from typing import Any

import grpc
import numpy as np
import pytest

from model_server.server.statuses import MAX_MESSAGE_CHARS, from_tensorflow
from tests.model_server.server.calls import pictures, refusal, request
from tests.model_server.server.tiny import SIZE_PX

pytestmark = pytest.mark.xdist_group("model_server")

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def test_predict_without_model_spec(prediction: Any, apis: Any) -> None:
    assert refusal(prediction.Predict, apis.predict_pb2.PredictRequest()) == (INVALID, "Missing ModelSpec")


def test_predict_without_name(prediction: Any, apis: Any) -> None:
    message = request(apis, "", image=pictures(1))
    assert refusal(prediction.Predict, message) == (INVALID, "ModelSpec has no name specified.")


@pytest.mark.parametrize(
    ("name", "version", "text"),
    [("nobody", None, "Latest(nobody)"), ("tiny", 9, "Specific(tiny, 9)")],
    ids=["unknown model", "unknown version"],
)
def test_predict_what_is_not_loaded(prediction: Any, apis: Any, name: str, version: int | None, text: str) -> None:
    message = request(apis, name, version, image=pictures(1))
    assert refusal(prediction.Predict, message) == (NOT_FOUND, f"Servable not found for request: {text}")


@pytest.mark.parametrize("name", ["broken", "sour"])
def test_predict_with_a_model_that_failed_to_load(prediction: Any, apis: Any, name: str) -> None:
    message = request(apis, name, image=pictures(1))
    assert refusal(prediction.Predict, message) == (NOT_FOUND, f"Servable not found for request: Latest({name})")


def test_predict_with_a_version_label(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(1))
    message.model_spec.version_label = "stable"
    assert refusal(prediction.Predict, message) == (INVALID, "Unrecognized servable version label: stable")


def test_predict_with_unknown_signature(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(1))
    message.model_spec.signature_name = "train"
    code = grpc.StatusCode.FAILED_PRECONDITION
    assert refusal(prediction.Predict, message) == (code, 'Serving signature key "train" not found.')


def test_predict_without_input_names_what_is_missing(prediction: Any, apis: Any) -> None:
    code, text = refusal(prediction.Predict, request(apis, "tiny"))
    assert code is INVALID
    assert text == (
        "input size does not match signature: 0!=1 len({}) != len({image}). "
        "Sent extra: {}. Missing but required: {image}."
    )


def test_predict_with_input_of_another_name_names_the_alias(prediction: Any, apis: Any) -> None:
    code, text = refusal(prediction.Predict, request(apis, "tiny", picture=pictures(1)))
    assert code is INVALID
    assert text.startswith("Signature input alias: image(feed name: ")
    assert "Inputs expected to be in the request {picture}" in text


def test_predict_with_another_type(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(1).astype(np.float32))
    assert refusal(prediction.Predict, message) == (INVALID, "Expects arg[0] to be uint8 but float is provided")


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((SIZE_PX, SIZE_PX, 3), "Shape of tensor image [8,8,3] is not compatible with expected shape [?,8,8,3]."),
        (
            (1, SIZE_PX, SIZE_PX, 1),
            "Shape of tensor image [1,8,8,1] is not compatible with expected shape [?,8,8,3].",
        ),
        ((), "Shape of tensor image [] is not compatible with expected shape [?,8,8,3]."),
        ((0, SIZE_PX, SIZE_PX, 3), "Input image has 0 rows; send at least 1."),
        ((33, SIZE_PX, SIZE_PX, 3), "Task size 33 is larger than maximum input batch size 32"),
    ],
    ids=["rank 3", "one channel", "scalar", "no rows", "too many rows"],
)
def test_predict_with_another_shape(prediction: Any, apis: Any, shape: tuple[int, ...], text: str) -> None:
    message = request(apis, "tiny", image=np.zeros(shape, np.uint8))
    assert refusal(prediction.Predict, message) == (INVALID, text)


def test_predict_with_fewer_bytes_than_the_shape_says(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(2))
    message.inputs["image"].tensor_content = b"\0" * 100
    assert refusal(prediction.Predict, message) == (INVALID, "tensor parsing error: image")


def test_predict_with_unknown_output(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(1))
    message.output_filter.append("poem")
    code, text = refusal(prediction.Predict, message)
    assert code is INVALID
    assert text.startswith("output tensor alias not found in signature: poem Outputs expected to be in the set {")


@pytest.mark.parametrize(
    ("version", "text"),
    [(None, "Could not find any versions of model nobody"), (3, "Could not find version 3 of model nobody")],
)
def test_status_of_an_unknown_model(model_service: Any, apis: Any, version: int | None, text: str) -> None:
    message = apis.get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = "nobody"
    if version is not None:
        message.model_spec.version.value = version
    assert refusal(model_service.GetModelStatus, message) == (NOT_FOUND, text)


def test_status_without_model_spec(model_service: Any, apis: Any) -> None:
    message = apis.get_model_status_pb2.GetModelStatusRequest()
    assert refusal(model_service.GetModelStatus, message) == (INVALID, "Missing ModelSpec")


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        (None, ["signature_def"], (INVALID, "Missing ModelSpec")),
        ("tiny", [], (INVALID, "GetModelMetadataRequest must specify at least one metadata_field")),
        ("tiny", ["colour"], (INVALID, "Metadata field colour is not supported")),
        ("nobody", ["signature_def"], (NOT_FOUND, "Servable not found for request: Latest(nobody)")),
    ],
)
def test_metadata_refusals(
    prediction: Any, apis: Any, name: str | None, fields: list[str], status: tuple[grpc.StatusCode, str]
) -> None:
    message = apis.get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    if name is not None:
        message.model_spec.name = name
    assert refusal(prediction.GetModelMetadata, message) == status


def test_the_server_survives_all_of_it(prediction: Any, apis: Any) -> None:
    prediction.Predict(request(apis, "tiny", image=pictures(1)), timeout=20)


def test_long_texts_of_tensorflow_are_cut() -> None:
    error = from_tensorflow(3, "x" * 5000)
    assert error.code is INVALID
    assert error.message == "x" * MAX_MESSAGE_CHARS + "...TRUNCATED"
