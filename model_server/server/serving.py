"""Puts the server together: load, warm up, and only then open the port."""

import dataclasses
import logging
import time
from concurrent import futures
from pathlib import Path

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_log_pb2, prediction_service_pb2_grpc

from model_server.server.batching import Batcher
from model_server.server.models import LoadedModel, load_model, warm_up_records, zeros_for
from model_server.server.options import NothingToServeError, PortError, ServeOptions
from model_server.server.registry import Registry
from model_server.server.requests import DEFAULT_SIGNATURE, read_call
from model_server.server.servicer import ModelServicer, PredictionServicer

log = logging.getLogger(__name__)

SPARE_HANDLERS = 16
"""Threads beyond those that can wait in the queue, so that status calls are answered while it is full."""


@dataclasses.dataclass(frozen=True)
class RunningServer:
    """An open server; it stops when `grpc_server` is collected, so hold on to it."""

    grpc_server: grpc.Server
    address: str
    models: tuple[str, ...]
    """`name:version` of each."""


def start(options: ServeOptions) -> RunningServer:
    """Load and warm up every model, then open the port; raise NothingToServeError or PortError."""
    registry = Registry(lambda name, version, folder: load_and_warm_up(name, version, folder, options))
    registry.load_folder(options.models)
    if not registry.loaded():
        raise NothingToServeError(options.models)
    batcher = Batcher(options.max_rows, options.max_waiting)
    server = _grpc_server(options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionServicer(registry, batcher), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelServicer(registry), server)
    address = _open_port(server, options)
    return RunningServer(server, address, tuple(f"{model.name}:{model.version}" for model in registry.loaded()))


def load_and_warm_up(name: str, version: int, folder: Path, options: ServeOptions) -> LoadedModel:
    """Load one version and run its warm-up records, or a row of zeros if it has none."""
    started = time.monotonic()
    model = load_model(name, version, folder, options.threads)
    records = warm_up_records(folder)
    for record in records:
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        call = read_call(model, request, options.max_rows)
        call.execute(call.inputs)
    if not records and DEFAULT_SIGNATURE in model.signatures:
        signature = model.signatures[DEFAULT_SIGNATURE]
        model.execute(DEFAULT_SIGNATURE, zeros_for(signature), tuple(signature.outputs))
    log.info("Loaded %s version %d in %.1f s", name, version, time.monotonic() - started)
    return model


def _grpc_server(options: ServeOptions) -> grpc.Server:
    handlers = options.max_waiting + options.max_rows + SPARE_HANDLERS
    return grpc.server(
        futures.ThreadPoolExecutor(handlers, thread_name_prefix="rpc"),
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            # Shared only when the parent holds the port for us; else a second server would silently take
            # half of the first one's calls.
            ("grpc.so_reuseport", int(options.share_port)),
        ],
    )


def _open_port(server: grpc.Server, options: ServeOptions) -> str:
    try:
        port = server.add_insecure_port(f"{options.host}:{options.port}")
    except RuntimeError as error:
        raise PortError(options.host, options.port) from error
    server.start()
    return f"{options.host}:{port}"
