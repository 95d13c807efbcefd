"""Every refusal of the server: gRPC status and text as TensorFlow Serving 2.20 gives them."""

from collections.abc import Iterable

import grpc

from model_server.errors import ModelServerError

MAX_MESSAGE_CHARS = 1024

_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class StatusError(ModelServerError):
    """A call that is answered with a gRPC status instead of a result."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def missing_model_spec() -> StatusError:
    """Refuse a request without a model spec."""
    return StatusError(_INVALID, "Missing ModelSpec")


def missing_model_name() -> StatusError:
    """Refuse a model spec without a name."""
    return StatusError(_INVALID, "ModelSpec has no name specified.")


def unknown_version_label(label: str) -> StatusError:
    """Refuse a version label; none can be assigned here."""
    return StatusError(_INVALID, f"Unrecognized servable version label: {label}")


def servable_not_found(name: str, version: int | None) -> StatusError:
    """Refuse a model or version that isn't loaded."""
    wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return StatusError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}")


def no_versions(name: str) -> StatusError:
    """Refuse the status of a model that was never seen."""
    return StatusError(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {name}")


def no_such_version(name: str, version: int) -> StatusError:
    """Refuse the status of a version that was never seen."""
    return StatusError(grpc.StatusCode.NOT_FOUND, f"Could not find version {version} of model {name}")


def unknown_signature(key: str) -> StatusError:
    """Refuse a signature that the model hasn't."""
    return StatusError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')


def wrong_input_count(sent: set[str], wanted: set[str]) -> StatusError:
    """Refuse too few or too many inputs, naming both sides' extras."""
    counts = f"{len(sent)}!={len(wanted)} len({{{_listed(sent)}}}) != len({{{_listed(wanted)}}})"
    extras = f"Sent extra: {{{_listed(sent - wanted)}}}. Missing but required: {{{_listed(wanted - sent)}}}."
    return StatusError(_INVALID, f"input size does not match signature: {counts}. {extras}")


def unknown_input(alias: str, tensor_name: str, sent: set[str]) -> StatusError:
    """Refuse a request in which the signature's input has another name."""
    return StatusError(
        _INVALID,
        f"Signature input alias: {alias}(feed name: {tensor_name}) not found in request and no default value "
        f"provided. Inputs expected to be in the request {{{_listed(sent)}}}, or default input alias set: ",
    )


def unknown_output(name: str, known: Iterable[str]) -> StatusError:
    """Refuse an output filter that names no output."""
    return StatusError(
        _INVALID,
        f"output tensor alias not found in signature: {name} Outputs expected to be in the set {{{_listed(known)}}}.",
    )


def unreadable_tensor(alias: str) -> StatusError:
    """Refuse an input whose bytes don't make the tensor that it announces."""
    return StatusError(_INVALID, f"tensor parsing error: {alias}")


def wrong_dtype(index: int, wanted: str, sent: str) -> StatusError:
    """Refuse an input of another type; `index` is its place among the signature's inputs."""
    return StatusError(_INVALID, f"Expects arg[{index}] to be {wanted} but {sent} is provided")


def wrong_shape(alias: str, sent: Iterable[int], wanted: Iterable[int] | None) -> StatusError:
    """Refuse an input of another rank or size; -1 in `wanted` stands for any size."""
    dims = "<unknown>" if wanted is None else f"[{','.join('?' if size < 0 else str(size) for size in wanted)}]"
    shape = f"[{','.join(map(str, sent))}]"
    return StatusError(_INVALID, f"Shape of tensor {alias} {shape} is not compatible with expected shape {dims}.")


def no_rows(alias: str) -> StatusError:
    """Refuse an empty batch."""
    return StatusError(_INVALID, f"Input {alias} has 0 rows; send at least 1.")


def too_many_rows(rows: int, limit: int) -> StatusError:
    """Refuse a request that alone is more than a batch."""
    return StatusError(_INVALID, f"Task size {rows} is larger than maximum input batch size {limit}")


def queue_full(limit: int) -> StatusError:
    """Refuse work while the queue is full; the same call may succeed later."""
    return StatusError(
        grpc.StatusCode.UNAVAILABLE,
        f"The batch scheduling queue to which this task was submitted is full; max_enqueued_batches is {limit}",
    )


def caller_gone() -> StatusError:
    """End a call that nobody waits for any more."""
    return StatusError(grpc.StatusCode.CANCELLED, "The caller has gone.")


def missing_metadata_field() -> StatusError:
    """Refuse a metadata request that asks for nothing."""
    return StatusError(_INVALID, "GetModelMetadataRequest must specify at least one metadata_field")


def unknown_metadata_field(name: str) -> StatusError:
    """Refuse a kind of metadata that doesn't exist."""
    return StatusError(_INVALID, f"Metadata field {name} is not supported")


def from_tensorflow(code: int, message: str) -> StatusError:
    """Pass on what TensorFlow said while it ran the model, cut like Serving cuts it."""
    if len(message) > MAX_MESSAGE_CHARS:
        message = message[:MAX_MESSAGE_CHARS] + "...TRUNCATED"
    return StatusError(_CODES.get(code, grpc.StatusCode.UNKNOWN), message)


def _listed(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
