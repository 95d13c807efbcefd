"""PredictionService and ModelService: gRPC on one side, registry and batcher on the other."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from model_server.log_lines import request_id
from model_server.server import statuses
from model_server.server.batching import Batcher, Task
from model_server.server.models import LoadedModel
from model_server.server.registry import INTERNAL_ERROR, Registry
from model_server.server.requests import Call, read_call, write_response
from model_server.server.statuses import StatusError

log = logging.getLogger(__name__)

REQUEST_ID_KEY = "x-request-id"
SIGNATURES_FIELD = "signature_def"

Request = TypeVar("Request")
Response = TypeVar("Response")


def answered(
    method: Callable[[Any, Request, grpc.ServicerContext], Response],
) -> Callable[[Any, Request, grpc.ServicerContext], Response]:
    """Turn a StatusError of an RPC method into the call's status."""

    def guarded(self: Any, request: Request, context: grpc.ServicerContext) -> Response:
        token = request_id.set(_request_id(context))
        try:
            return method(self, request, context)
        except StatusError as error:
            if method.__name__ == "Predict":  # the others are asked every second
                log.info("Predict refused: %s: %s", error.code.name, error.message)
            context.abort(error.code, error.message)
        finally:
            request_id.reset(token)

    return guarded


class PredictionServicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers Predict and GetModelMetadata; the other RPCs of the service are UNIMPLEMENTED."""

    def __init__(self, registry: Registry, batcher: Batcher) -> None:
        self._registry = registry
        self._batcher = batcher

    @answered
    def Predict(  # noqa: N802  # the RPC's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run a model; calls that wait together run together."""
        started = time.perf_counter()
        call = read_call(self._model(request), request, self._batcher.max_rows)
        result = self._batcher.submit(Task(call.execute, call.inputs, call.group, context.is_active))
        try:
            response = write_response(call, result.result())
        except CancelledError as error:
            raise statuses.caller_gone() from error
        _log_prediction(call, time.perf_counter() - started)
        return response

    @answered
    def GetModelMetadata(  # noqa: N802  # the RPC's name
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Tell a model's signatures."""
        _check_has_spec(request)
        _check_metadata_fields(request)
        model = self._model(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for key, signature in model.signatures.items():
            signatures.signature_def[key].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = model.name
        response.model_spec.version.value = model.version
        response.metadata[SIGNATURES_FIELD].Pack(signatures)
        return response

    def _model(self, request: Any) -> LoadedModel:
        _check_has_spec(request)
        spec = request.model_spec
        if not spec.name:
            raise statuses.missing_model_name()
        if spec.version_label:
            raise statuses.unknown_version_label(spec.version_label)
        return self._registry.find(spec.name, _version(spec))


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """Answers GetModelStatus; HandleReloadConfigRequest is UNIMPLEMENTED."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @answered
    def GetModelStatus(  # noqa: N802  # the RPC's name
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Tell the state of a model's versions."""
        _check_has_spec(request)
        spec = request.model_spec
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state in self._registry.states(spec.name, _version(spec)).items():
            entry = response.model_version_status.add(version=version, state=state.state)
            entry.status.error_code = INTERNAL_ERROR if state.error_message else 0
            entry.status.error_message = state.error_message
        return response


def _request_id(context: grpc.ServicerContext) -> str | None:
    """Return the id that came with a call, if one did that can stand in a log line."""
    for key, value in context.invocation_metadata():
        if key == REQUEST_ID_KEY and isinstance(value, str) and value.isprintable():
            return value[:128]
    return None


def _log_prediction(call: Call, seconds: float) -> None:
    rows = max((len(array) for array in call.inputs.values() if array.ndim), default=1)
    facts = {"model": call.model.name, "version": call.model.version, "rows": rows, "seconds": round(seconds, 4)}
    log.info("Predict %s:%d, %d rows, %.3f s", *facts.values(), extra={"facts": facts})


def _check_has_spec(request: Any) -> None:
    if not request.HasField("model_spec"):
        raise statuses.missing_model_spec()


def _check_metadata_fields(request: get_model_metadata_pb2.GetModelMetadataRequest) -> None:
    if not request.metadata_field:
        raise statuses.missing_metadata_field()
    for name in request.metadata_field:
        if name != SIGNATURES_FIELD:
            raise statuses.unknown_metadata_field(name)


def _version(spec: Any) -> int | None:
    return spec.version.value if spec.HasField("version") else None
