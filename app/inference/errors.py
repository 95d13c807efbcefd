"""From a gRPC status to the gallery's errors, the only place that knows both."""

import re

import grpc

from app.errors import (
    InferenceError,
    ModelOutOfMemory,
    ModelOutputInvalid,
    ModelRejectedInput,
    ModelServerUnavailable,
)

_Code = grpc.StatusCode

NOT_SERVED = frozenset({_Code.NOT_FOUND, _Code.FAILED_PRECONDITION, _Code.UNIMPLEMENTED})
"""The server lives but hasn't the model, not yet or never: waiting, or changing the server, helps."""
REJECTED = frozenset({_Code.INVALID_ARGUMENT, _Code.OUT_OF_RANGE})
FAILED = frozenset({_Code.INTERNAL, _Code.UNKNOWN, _Code.DATA_LOSS})
"""The model failed on this very call."""

NO_MEMORY = re.compile(r"\bOOM\b|out of memory|failed to allocate|bad_alloc", re.IGNORECASE)
"""How a lack of memory is told where the status doesn't."""

TOO_LARGE = "message larger than max"
"""How gRPC's text tells a message over the size limit from a lack of memory; both are RESOURCE_EXHAUSTED."""


def translate(error: grpc.RpcError, address: str, model_name: str, deadline_s: float) -> InferenceError:
    """Return what a failed call means for the gallery; the caller raises it from `error`."""
    code, details = _code(error), _details(error)
    facts = {"address": address, "model": model_name, "grpc_status": code.name}
    if code in REJECTED or (code is _Code.RESOURCE_EXHAUSTED and TOO_LARGE in details):
        return ModelRejectedInput(f"Model {model_name} refused the input: {details}", **facts)
    if code is _Code.RESOURCE_EXHAUSTED or (code in FAILED and NO_MEMORY.search(details)):
        return ModelOutOfMemory(
            f"The model server at {address} lacks memory for model {model_name}: {code.name}: {details}", **facts
        )
    if code in FAILED:
        return ModelOutputInvalid(f"Model {model_name} on {address} failed: {code.name}: {details}", **facts)
    if code in NOT_SERVED:
        return ModelServerUnavailable(
            f"The model server at {address} doesn't serve model {model_name} now: {details}", **facts
        )
    if code is _Code.DEADLINE_EXCEEDED:
        return ModelServerUnavailable(
            f"The model server at {address} gave no answer within {deadline_s:g} s (model {model_name}).", **facts
        )
    return ModelServerUnavailable(f"The model server at {address} can't be used now: {code.name}: {details}", **facts)


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    return error.code() if isinstance(error, grpc.Call) else _Code.UNKNOWN


def _details(error: grpc.RpcError) -> str:
    return (error.details() or "no details") if isinstance(error, grpc.Call) else str(error)
