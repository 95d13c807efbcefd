"""What a server of small models answers, through a real channel and TensorFlow Serving's own messages."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.model_server.server.calls import arrays, pictures, request, slow_picture
from tests.model_server.server.process import ServerProcess
from tests.model_server.server.tiny import EMBEDDING_WIDTH, LABELS, NEWEST, TAG_CLASSES

pytestmark = pytest.mark.xdist_group("model_server")


def test_all_outputs_of_the_newest_version(prediction: Any, apis: Any) -> None:
    response = prediction.Predict(request(apis, "tiny", image=pictures(3)), timeout=20)
    assert response.model_spec.name == "tiny"
    assert response.model_spec.version.value == NEWEST
    assert response.model_spec.signature_name == "serving_default"
    shapes = {name: array.shape for name, array in arrays(response).items()}
    assert shapes == {
        "detections": (3, 20, 6),
        "embedding": (3, EMBEDDING_WIDTH),
        "probabilities": (3, TAG_CLASSES),
        "label_scores": (3, len(LABELS)),
    }


def test_the_results_are_those_of_the_model(prediction: Any, apis: Any, tiny_models: Path) -> None:
    import tensorflow as tf

    images = pictures(5)
    served = arrays(prediction.Predict(request(apis, "tiny", image=images), timeout=20))
    model = tf.saved_model.load(str(tiny_models / "tiny" / str(NEWEST)))
    in_process = model.signatures["serving_default"](image=tf.constant(images))
    for name, values in served.items():
        np.testing.assert_allclose(values, in_process[name].numpy(), atol=1e-6)


def test_the_two_newest_versions_can_be_asked_for_at_once(prediction: Any, apis: Any) -> None:
    calls = {
        version: prediction.Predict.future(request(apis, "tiny", version, image=pictures(1)), timeout=20)
        for version in (NEWEST, NEWEST - 1)
    }
    answers = {version: call.result() for version, call in calls.items()}
    assert {version: answer.model_spec.version.value for version, answer in answers.items()} == {1: 1, 2: 2}
    assert not np.allclose(arrays(answers[1])["embedding"], arrays(answers[2])["embedding"])


def test_output_filter(prediction: Any, apis: Any) -> None:
    message = request(apis, "tiny", image=pictures(1))
    message.output_filter.append("embedding")
    assert set(prediction.Predict(message, timeout=20).outputs) == {"embedding"}


def test_concurrent_calls_get_the_same_results_as_single_ones(prediction: Any, apis: Any) -> None:
    images = pictures(60)
    # One by one, each alone; then all at once while a slow call keeps the server busy, so that they pile up.
    alone = [
        arrays(prediction.Predict(request(apis, "tiny", image=images[i : i + 1]), timeout=20)) for i in range(60)
    ]
    busy = prediction.Predict.future(request(apis, "slow", image=slow_picture(30)), timeout=20)
    calls = [prediction.Predict.future(request(apis, "tiny", image=images[i : i + 1]), timeout=20) for i in range(60)]
    for expected, call in zip(alone, calls, strict=True):
        for name, values in arrays(call.result()).items():
            np.testing.assert_allclose(values, expected[name], atol=1e-6)
    busy.result()


def test_one_bad_call_among_concurrent_ones_fails_alone(prediction: Any, apis: Any) -> None:
    good = [request(apis, "tiny", image=pictures(1, seed)) for seed in range(8)]
    bad = request(apis, "tiny", image=pictures(1)[:, :4])
    with ThreadPoolExecutor(9) as pool:
        calls = [pool.submit(prediction.Predict, message, timeout=20) for message in [*good, bad]]
    assert [call.exception() is None for call in calls] == [True] * 8 + [False]


def test_messages_beyond_64_mib_both_ways(prediction: Any, apis: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 4096, 5700, 3), np.uint8)
    assert images.nbytes > 64 * 1024 * 1024
    outputs = arrays(prediction.Predict(request(apis, "wide", image=images), timeout=60))
    assert (outputs["copy"] == images).all()
    np.testing.assert_allclose(outputs["mean"], images.mean(axis=(1, 2)), rtol=1e-3)


def test_calls_of_different_sizes_are_kept_apart(prediction: Any, apis: Any) -> None:
    busy = prediction.Predict.future(request(apis, "slow", image=slow_picture(20)), timeout=20)
    sizes = [4, 9, 4, 9, 16]
    calls = [
        prediction.Predict.future(
            request(apis, "wide", image=np.full((1, size, size, 3), size, np.uint8)), timeout=20
        )
        for size in sizes
    ]
    assert [arrays(call.result())["copy"].shape for call in calls] == [(1, size, size, 3) for size in sizes]
    busy.result()


def test_metadata_tells_the_signature(prediction: Any, apis: Any) -> None:
    message = apis.get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    message.model_spec.name = "tiny"
    response = prediction.GetModelMetadata(message, timeout=20)
    signatures = apis.get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert response.model_spec.version.value == NEWEST
    assert [dim.size for dim in signature.inputs["image"].tensor_shape.dim] == [-1, 8, 8, 3]
    assert set(signature.outputs) == {"detections", "embedding", "probabilities", "label_scores"}


def test_status_of_a_loaded_model(model_service: Any, apis: Any) -> None:
    message = apis.get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = "tiny"
    states = model_service.GetModelStatus(message, timeout=20).model_version_status
    told = [(state.version, state.state == state.AVAILABLE, state.status.error_code) for state in states]
    assert told == [(NEWEST - 1, True, 0), (NEWEST, True, 0)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("broken", "Cannot parse file"), ("sour", "Expects arg[0] to be uint8 but float is provided")],
)
def test_status_of_a_model_that_failed_to_load_tells_why(
    model_service: Any, apis: Any, name: str, reason: str
) -> None:
    message = apis.get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = name
    (state,) = model_service.GetModelStatus(message, timeout=20).model_version_status
    assert state.state == state.END
    assert reason in state.status.error_message


def test_the_ready_line_names_what_is_served(server: ServerProcess) -> None:
    assert server.ready_line() == f"ready {server.address} models=slow:1,tiny:{NEWEST},wide:1"


def test_other_rpcs_are_unimplemented(channel: grpc.Channel, server: ServerProcess) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/tensorflow.serving.SessionService/SessionRun"
    )
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=20)
    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
