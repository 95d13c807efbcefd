"""Requests in TensorFlow Serving's own messages, and what they are answered with."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model_server.server.tiny import SIZE_PX

Status = tuple[grpc.StatusCode, str]


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return `count` random pictures of the tiny models' size."""
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE_PX, SIZE_PX, 3), np.uint8)


def slow_picture(rounds: int) -> NDArray[np.uint8]:
    """Return one picture that keeps the slow model busy in proportion to `rounds`."""
    return np.full((1, SIZE_PX, SIZE_PX, 3), rounds, np.uint8)


def request(apis: Any, name: str, version: int | None = None, **inputs: NDArray[Any]) -> Any:
    """Return a PredictRequest."""
    import tensorflow as tf

    message = apis.predict_pb2.PredictRequest()
    message.model_spec.name = name
    if version is not None:
        message.model_spec.version.value = version
    for alias, array in inputs.items():
        message.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
    return message


def arrays(response: Any) -> dict[str, NDArray[Any]]:
    """Return the outputs of a PredictResponse."""
    import tensorflow as tf

    return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}


def refusal(rpc: Callable[..., Any], message: Any) -> Status:
    """Make a call that must fail, and return its status."""
    with pytest.raises(grpc.RpcError) as caught:
        rpc(message, timeout=20)
    assert isinstance(caught.value, grpc.Call)
    return caught.value.code(), caught.value.details() or ""
