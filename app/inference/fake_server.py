"""A real gRPC server that answers plausibly, or misbehaves on the wire as it is told: for tests only."""

import threading
from collections.abc import Callable
from concurrent import futures
from types import TracebackType
from typing import Self

import grpc
import numpy as np

from app.domain import Bytes8, Float32
from app.inference.fake import Fault, plausible_outputs
from app.inference.protocol import GET_MODEL_STATUS, PREDICT
from app.inference.protocol import serving_pb2 as pb
from model_server.catalogue import ModelCard


class FakeModelServer:
    """Serves one model; use it in a `with` block, and set `fault` or `status` to make it misbehave."""

    def __init__(self, model: ModelCard, fault: Fault | None = None, delay_s: float = 5.0, port: int = 0) -> None:
        self.fault = fault
        self.status: tuple[grpc.StatusCode, str] | None = None
        """A gRPC status with which every call fails."""
        self.delay_s = delay_s
        self.lists_values = False
        """Send numbers in `float_val`, as TensorFlow Serving does, instead of as bytes."""
        self.change: Callable[[dict[str, Float32]], None] = lambda outputs: None
        """Spoils the outputs in place before they are sent."""
        self.version = model.version
        """What it serves; calls for another version are refused as TensorFlow Serving does."""
        self.obeys_version = True
        self.most_rows: int | None = None
        """Larger batches fail for lack of memory."""
        self.rejects: Callable[[Bytes8], bool] = lambda image: False
        """Tells which pictures, uint8 (height, width, 3), make the model refuse a call."""
        self.request_ids: list[str] = []
        """Those of the calls to Predict."""
        self._model = model
        self._stopped = threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[_Handlers(self)])
        self.address = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"

    def __enter__(self) -> Self:
        """Open the port."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the port."""
        self.stop()

    @property
    def stopped(self) -> bool:
        """Whether it is dead."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Die: later calls find nobody."""
        self._stopped.set()
        self._server.stop(grace=None).wait()

    def answer_predict(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a PredictRequest."""
        self.request_ids += [str(value) for key, value in context.invocation_metadata() if key == "x-request-id"]
        self._misbehave(context)
        if self.fault is Fault.GARBAGE:
            return b"\xff" * 100
        message = pb.PredictRequest.FromString(request)
        self._check_version(message.model_spec, context)
        sent = message.inputs[self._model.input_name]
        images = np.frombuffer(sent.tensor_content, np.uint8).reshape([dim.size for dim in sent.tensor_shape.dim])
        self._refuse(images, context)
        outputs = plausible_outputs(self._model, images)
        self._spoil(outputs)
        response = pb.PredictResponse(model_spec=pb.ModelSpec(name=self._model.name))
        response.model_spec.version.value = self.version
        for name, values in outputs.items():
            response.outputs[name].CopyFrom(self._tensor(values))
        return response.SerializeToString()

    def answer_status(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a GetModelStatusRequest."""
        self._misbehave(context)
        available = pb.ModelVersionStatus(version=self.version, state=pb.ModelVersionStatus.AVAILABLE)
        return pb.GetModelStatusResponse(model_version_status=[available]).SerializeToString()

    def _misbehave(self, context: grpc.ServicerContext) -> None:
        if self.fault is Fault.SLOW:
            self._stopped.wait(self.delay_s)
        if self.fault is Fault.REJECTS:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "refused as the test wants it")
        if self.fault in (Fault.DEAD, Fault.FULL):
            context.abort(grpc.StatusCode.UNAVAILABLE, "the queue is full")
        if self.fault is Fault.NO_MEMORY:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "OOM when allocating tensor")
        if self.status is not None:
            context.abort(*self.status)

    def _check_version(self, spec: pb.ModelSpec, context: grpc.ServicerContext) -> None:
        wanted = spec.version.value
        if self.obeys_version and spec.HasField("version") and wanted != self.version:
            text = f"Servable not found for request: Specific({self._model.name}, {wanted})"
            context.abort(grpc.StatusCode.NOT_FOUND, text)

    def _refuse(self, images: Bytes8, context: grpc.ServicerContext) -> None:
        if self.most_rows is not None and len(images) > self.most_rows:
            text = f"OOM when allocating tensor with shape[{len(images)},300,300,32]"
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        if any(self.rejects(image) for image in images):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "refused as the test wants it")

    def _spoil(self, outputs: dict[str, Float32]) -> None:
        first = next(iter(outputs))
        if self.fault is Fault.WRONG_SHAPE:
            outputs[first] = outputs[first][..., :-1]
        if self.fault is Fault.NOT_A_NUMBER:
            outputs[first][0, ..., -1] = np.nan
        self.change(outputs)

    def _tensor(self, values: Float32) -> pb.Tensor:
        shape = pb.TensorShape(dim=[pb.TensorShape.Dim(size=size) for size in values.shape])
        dtype = pb.DT_FLOAT if values.dtype == np.float32 else pb.DT_INVALID
        if self.lists_values:
            return pb.Tensor(dtype=dtype, tensor_shape=shape, float_val=values.ravel())
        return pb.Tensor(dtype=dtype, tensor_shape=shape, tensor_content=values.tobytes())


class _Handlers(grpc.GenericRpcHandler):
    """Routes the two RPCs by their full names, bytes in and bytes out."""

    def __init__(self, server: FakeModelServer) -> None:
        self._methods = {PREDICT: server.answer_predict, GET_MODEL_STATUS: server.answer_status}

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = self._methods.get(details.method)
        return grpc.unary_unary_rpc_method_handler(method) if method else None
