"""The real client: TensorFlow Serving's API over gRPC, to Serving itself or to the local model server."""

import threading

import grpc
from google.protobuf.message import DecodeError

from app.domain import Bytes8
from app.errors import ModelOutputInvalid, ModelServerUnavailable
from app.inference.base import ModelOutput, ModelState, ModelStatus
from app.inference.errors import translate
from app.inference.protocol import GET_MODEL_STATUS, PREDICT
from app.inference.protocol import serving_pb2 as pb
from app.inference.tensors import check_images, read_outputs, write_images
from model_server.catalogue import ModelCard

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
DEADLINE_S = 30.0
STATUS_DEADLINE_S = 3.0

CHANNEL_OPTIONS = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # A server that has just come back should be found within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # The server is this machine or a neighbour; a proxy from the environment could not reach it.
    ("grpc.enable_http_proxy", 0),
]

_STATES = {
    pb.ModelVersionStatus.START: ModelState.LOADING,
    pb.ModelVersionStatus.LOADING: ModelState.LOADING,
    pb.ModelVersionStatus.AVAILABLE: ModelState.LOADED,
    pb.ModelVersionStatus.UNLOADING: ModelState.FAILED,
    pb.ModelVersionStatus.END: ModelState.FAILED,
}


class GrpcModelClient:
    """A `ModelClient`; opens its channel at the first call, because gRPC's threads don't survive a fork."""

    def __init__(
        self, address: str, deadline_s: float = DEADLINE_S, status_deadline_s: float = STATUS_DEADLINE_S
    ) -> None:
        self.address = address
        self._deadline_s = deadline_s
        self._status_deadline_s = status_deadline_s
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def predict(self, model: ModelCard, images: Bytes8) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`."""
        check_images(images, model)
        request = pb.PredictRequest(model_spec=pb.ModelSpec(name=model.name), output_filter=list(model.outputs))
        write_images(images, request.inputs[model.input_name])
        response = pb.PredictResponse()
        _parse(self._call(PREDICT, request.SerializeToString(), model, self._deadline_s), response, model)
        outputs = read_outputs(response.outputs, model, len(images))
        return ModelOutput(
            version=response.model_spec.version.value,
            detections=outputs.get("detections"),
            embedding=outputs.get("embedding"),
            probabilities=outputs.get("probabilities"),
            label_scores=outputs.get("label_scores"),
        )

    def status(self, model: ModelCard) -> ModelStatus:
        """Ask whether the server has `model`; see `ModelClient.status`."""
        request = pb.GetModelStatusRequest(model_spec=pb.ModelSpec(name=model.name))
        response = pb.GetModelStatusResponse()
        try:
            answer = self._call(GET_MODEL_STATUS, request.SerializeToString(), model, self._status_deadline_s)
        except ModelServerUnavailable as error:
            if error.detail.get("grpc_status") == grpc.StatusCode.NOT_FOUND.name:
                return ModelStatus(ModelState.UNKNOWN, None, error.message)
            raise
        _parse(answer, response, model)
        return _newest(response, model.name)

    def close(self) -> None:
        """Close the channel; a later call opens a new one."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _call(self, method: str, request: bytes, model: ModelCard, deadline_s: float) -> bytes:
        """Make one remote call; raise InferenceError with gRPC's error as its cause."""
        try:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._open_channel().unary_unary(method)
            return call(request, timeout=deadline_s)
        except grpc.RpcError as error:
            raise translate(error, self.address, model.name, deadline_s) from error

    def _open_channel(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = grpc.insecure_channel(self.address, CHANNEL_OPTIONS)
            return self._channel


def _parse(answer: bytes, message: pb.PredictResponse | pb.GetModelStatusResponse, model: ModelCard) -> None:
    """Read `answer` into `message`; raise ModelOutputInvalid if it is no such message."""
    try:
        message.ParseFromString(answer)
    except DecodeError as error:
        raise ModelOutputInvalid(
            f"The answer for model {model.name} ({len(answer)} bytes) is no {message.DESCRIPTOR.name}. "
            "Check that the address is that of a model server."
        ) from error


def _newest(response: pb.GetModelStatusResponse, name: str) -> ModelStatus:
    """Tell the newest loaded version, or else the newest."""
    versions = sorted(response.model_version_status, key=lambda entry: entry.version)
    loaded = [entry for entry in versions if entry.state == pb.ModelVersionStatus.AVAILABLE]
    if not versions:
        return ModelStatus(ModelState.UNKNOWN, None, f"The model server names no version of {name}.")
    entry = (loaded or versions)[-1]
    state = _STATES.get(entry.state, ModelState.UNKNOWN)
    reason = f": {entry.status.error_message}" if entry.status.error_message else "."
    return ModelStatus(state, entry.version, f"Model {name} version {entry.version} is {state}{reason}")
