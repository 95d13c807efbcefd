"""Fixtures: the small models, one server of them for the whole session, and stubs of TensorFlow Serving's own API."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.model_server.server.process import ServerProcess
from tests.model_server.server.tiny import build_once

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_once(tmp_path_factory)


@pytest.fixture(scope="session")
def server(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tiny_models, tmp_path_factory.mktemp("server") / "server.log") as running:
        running.ready_line()
        yield running


@pytest.fixture(scope="session")
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address, UNLIMITED) as opened:
        yield opened


@pytest.fixture(scope="session")
def apis() -> Any:
    """Return `tensorflow_serving.apis` with its modules loaded; that imports TensorFlow, which takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of TensorFlow's own imports
        import tensorflow_serving.apis as package
        from tensorflow_serving.apis import (  # noqa: F401
            get_model_metadata_pb2,
            get_model_status_pb2,
            model_service_pb2_grpc,
            predict_pb2,
            prediction_service_pb2_grpc,
        )
    return package


@pytest.fixture(scope="session")
def prediction(channel: grpc.Channel, apis: Any) -> Any:
    return apis.prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def model_service(channel: grpc.Channel, apis: Any) -> Any:
    return apis.model_service_pb2_grpc.ModelServiceStub(channel)
