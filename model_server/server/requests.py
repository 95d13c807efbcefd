"""From a PredictRequest to numpy and back, checked against the model's signature before TensorFlow sees it."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2

from model_server.server import statuses
from model_server.server.models import LoadedModel, Tensors

DEFAULT_SIGNATURE = "serving_default"
ANY_SIZE = -1


@dataclass(frozen=True)
class Call:
    """A checked request: which signature of which model, on what, for which outputs."""

    model: LoadedModel
    signature_key: str
    inputs: Tensors
    outputs: tuple[str, ...]
    group: Hashable | None
    """Calls of one group may run as one batch; None must run alone."""

    def execute(self, inputs: Tensors) -> Tensors:
        """Run this call's signature on other inputs, such as those of a whole group."""
        return self.model.execute(self.signature_key, inputs, self.outputs)


def read_call(model: LoadedModel, request: predict_pb2.PredictRequest, max_rows: int) -> Call:
    """Check `request` against the signature that it names; raise StatusError for what can't run."""
    key = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = model.signature(key)
    inputs = _read_inputs(signature, request, max_rows)
    outputs = _read_output_filter(signature, request)
    group = _group(model, key, signature, inputs, outputs)
    return Call(model, key, inputs, outputs, group)


def write_response(call: Call, outputs: Tensors) -> predict_pb2.PredictResponse:
    """Answer `call` with its outputs."""
    response = predict_pb2.PredictResponse()
    response.model_spec.name = call.model.name
    response.model_spec.version.value = call.model.version
    response.model_spec.signature_name = call.signature_key
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
    return response


def _read_inputs(signature: Any, request: predict_pb2.PredictRequest, max_rows: int) -> Tensors:
    sent, wanted = set(request.inputs), set(signature.inputs)
    if len(sent) != len(wanted):
        raise statuses.wrong_input_count(sent, wanted)
    for alias, info in signature.inputs.items():
        if alias not in sent:
            raise statuses.unknown_input(alias, info.name, sent)
    inputs = {}
    for index, (alias, info) in enumerate(signature.inputs.items()):
        _check_tensor(index, alias, request.inputs[alias], info, max_rows)
        inputs[alias] = _read_tensor(alias, request.inputs[alias])
    return inputs


def _check_tensor(index: int, alias: str, tensor: Any, info: Any, max_rows: int) -> None:
    """Check type and shape as announced, before any memory is spent on the values."""
    if tensor.dtype != info.dtype:
        raise statuses.wrong_dtype(index, _dtype_name(info.dtype), _dtype_name(tensor.dtype))
    sent = [dim.size for dim in tensor.tensor_shape.dim]
    if info.tensor_shape.unknown_rank:
        return
    wanted = [dim.size for dim in info.tensor_shape.dim]
    fits = len(sent) == len(wanted) and all(
        have == want or (want == ANY_SIZE and have >= 0) for have, want in zip(sent, wanted, strict=True)
    )
    if not fits:
        raise statuses.wrong_shape(alias, sent, wanted)
    if wanted and wanted[0] == ANY_SIZE:
        _check_rows(alias, sent[0], max_rows)


def _check_rows(alias: str, rows: int, max_rows: int) -> None:
    if rows == 0:
        raise statuses.no_rows(alias)
    if rows > max_rows:
        raise statuses.too_many_rows(rows, max_rows)


def _read_tensor(alias: str, tensor: Any) -> Any:
    try:
        return tf.make_ndarray(tensor)
    except (ValueError, TypeError) as error:
        raise statuses.unreadable_tensor(alias) from error


def _dtype_name(dtype: int) -> str:
    """Return a DataType's name as TensorFlow's C++ prints it: DT_UINT8 is `uint8`, 0 is `INVALID`."""
    if dtype == types_pb2.DT_INVALID or dtype not in types_pb2.DataType.values():
        return "INVALID"
    name: str = types_pb2.DataType.Name(dtype)
    return name.removeprefix("DT_").lower()


def _read_output_filter(signature: Any, request: predict_pb2.PredictRequest) -> tuple[str, ...]:
    for name in request.output_filter:
        if name not in signature.outputs:
            raise statuses.unknown_output(name, signature.outputs)
    return tuple(request.output_filter) or tuple(signature.outputs)


def _group(
    model: LoadedModel, key: str, signature: Any, inputs: Tensors, outputs: tuple[str, ...]
) -> Hashable | None:
    """Return what calls must share to run as one batch, or None where rows can't be told apart."""
    infos = [*signature.inputs.values(), *(signature.outputs[name] for name in outputs)]
    if not all(_has_rows(info) for info in infos) or len({len(array) for array in inputs.values()}) != 1:
        return None
    return (model.name, model.version, key, outputs, tuple(array.shape[1:] for array in inputs.values()))


def _has_rows(info: Any) -> bool:
    """Tell whether the first axis of a tensor counts rows."""
    dims = info.tensor_shape.dim
    return len(dims) > 0 and dims[0].size == ANY_SIZE
