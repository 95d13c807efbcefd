"""The real client: TensorFlow Serving's API over gRPC, to Serving itself or to the local model server."""

import threading

import grpc
from google.protobuf.message import DecodeError

from app import request_ids
from app.domain import Bytes8
from app.errors import ModelOutputInvalid, ModelServerUnavailable, OtherModelVersion
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

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Run `model` on images, uint8 (n, height, width, 3); see `ModelClient.predict`."""
        check_images(images, model)
        request = pb.PredictRequest(model_spec=pb.ModelSpec(name=model.name), output_filter=list(model.outputs))
        request.model_spec.version.value = model.version
        write_images(images, request.inputs[model.input_name])
        response = pb.PredictResponse()
        limit_s = self._deadline_s if deadline_s is None else min(deadline_s, self._deadline_s)
        _parse(self._call(PREDICT, request.SerializeToString(), model, limit_s), response, model)
        _check_version(response, model)
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
        return _status(response, model)

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
            return call(request, timeout=deadline_s, metadata=_metadata())
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


def _metadata() -> tuple[tuple[str, str], ...]:
    """Return what goes along with each call: the id of the request that it is made for, if there is one."""
    request_id = request_ids.current()
    return () if request_id is None else ((request_ids.METADATA_KEY, request_id),)


def _check_version(response: pb.PredictResponse, model: ModelCard) -> None:
    """Raise OtherModelVersion if a server answered with another version than it was asked for."""
    version = response.model_spec.version.value
    if version != model.version:
        raise OtherModelVersion(other_version(model, version), model=model.name, version=version)


def other_version(model: ModelCard, version: int) -> str:
    """Say in one plain sentence what is wrong with a server that has another version."""
    return (
        f"The model server has version {version} of model {model.name}, but the gallery's photos are looked at by "
        f"version {model.version}, and features of different versions can't be compared. Serve version "
        f"{model.version}."
    )


def _status(response: pb.GetModelStatusResponse, model: ModelCard) -> ModelStatus:
    """Tell how the card's version is, or else the newest."""
    versions = sorted(response.model_version_status, key=lambda entry: entry.version)
    if not versions:
        return ModelStatus(ModelState.UNKNOWN, None, f"The model server names no version of {model.name}.")
    loaded = [entry for entry in versions if entry.state == pb.ModelVersionStatus.AVAILABLE]
    ours = [entry for entry in versions if entry.version == model.version]
    if loaded and not ours:
        return ModelStatus(ModelState.OTHER_VERSION, loaded[-1].version, other_version(model, loaded[-1].version))
    entry = (ours or versions)[-1]
    state = _STATES.get(entry.state, ModelState.UNKNOWN)
    reason = f": {entry.status.error_message}" if entry.status.error_message else "."
    return ModelStatus(state, entry.version, f"Model {model.name} version {entry.version} is {state}{reason}")
