"""Fixtures: the small models, and a supervised server of them for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.inference.grpc_client import GrpcModelClient
from app.inference.local_server import LocalModelServer
from tests.model_server.server.tiny import build_once


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_once(tmp_path_factory)


@pytest.fixture(scope="session")
def local_server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local") / "model-server.log"


@pytest.fixture(scope="session")
def local_server(tiny_models: Path, local_server_log: Path) -> Iterator[LocalModelServer]:
    server = LocalModelServer(tiny_models, local_server_log, log_format="json")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(local_server: LocalModelServer) -> Iterator[GrpcModelClient]:
    client = GrpcModelClient(local_server.address)
    yield client
    client.close()
