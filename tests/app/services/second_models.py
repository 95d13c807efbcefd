"""Further models for tests, and model servers whose answers the test lets out one call at a time."""

import threading
from dataclasses import replace

from app.domain import Bytes8
from app.errors import ModelServerUnavailable
from app.inference.base import ModelOutput
from app.inference.fake import FakeModelClient
from app.inference.grpc_client import GrpcModelClient
from model_server.catalogue import ModelCard, load_card

DEFAULT = replace(load_card("gallery_default"), version=1)
SMALL = replace(
    DEFAULT,
    name="small_embedder",
    title="An embedder for tests",
    roles=frozenset({"embedder"}),
    input_width_px=32,
    input_height_px=24,
    outputs={"embedding": "float32 [n, 16]"},
    embedding_width=16,
    labels=(),
    tag_classes=(),
)
OWN_LABELS = replace(
    DEFAULT,
    name="own_detector",
    title="A detector of a person's own",
    roles=frozenset({"detector"}),
    input_width_px=64,
    input_height_px=64,
    outputs={"detections": "float32 [n, 20, 6]", "label_scores": "float32 [n, 3]"},
    embedding_width=0,
    labels=("kettle", "dog", "lamp"),
    tag_classes=(),
)
OTHER = replace(DEFAULT, name="other_default", title="Another whole model", input_width_px=48, input_height_px=48)
NEWER = replace(DEFAULT, version=2, outputs=dict(DEFAULT.outputs))
CARDS = [DEFAULT, OTHER, OWN_LABELS, SMALL]


def cards() -> list[ModelCard]:
    return CARDS


class Gate:
    """Holds calls to models of some names, or to versions of them such as "name:1", until the test lets them go."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self._permits = threading.Semaphore(0)
        self._ended = threading.Event()

    def let_go(self, calls: int) -> None:
        """Let so many calls through."""
        self._permits.release(calls)

    def open(self) -> None:
        """Let all calls through from now on."""
        self.held = set()
        self._permits.release(1000)

    def close(self) -> None:
        """End what is held; later calls may be held anew."""
        ended, self._ended = self._ended, threading.Event()
        ended.set()

    def wait(self, model: ModelCard) -> None:
        """Wait until a call may go through; raise ModelServerUnavailable if the gate is closed meanwhile."""
        if not self.held & {model.name, f"{model.name}:{model.version}"}:
            return
        ended = self._ended
        while not self._permits.acquire(timeout=0.02):
            if ended.is_set():
                raise ModelServerUnavailable("The gallery let go of the model server.")


class GatedClient(FakeModelClient):
    """A fake server behind a gate; counts the pictures of each model."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.seen: dict[str, int] = {}

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Answer as the fake does, once that is allowed."""
        self.gate.wait(model)
        output = super().predict(model, images, deadline_s)
        if images.any():
            key = f"{model.name} {model.version}"
            self.seen[key] = self.seen.get(key, 0) + len(images)
        return replace(output, version=model.version)

    def close(self) -> None:
        """End what is held."""
        self.gate.close()


class GatedServer(GrpcModelClient):
    """A real server behind a gate."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.gate = Gate()

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Ask the server, once that is allowed."""
        self.gate.wait(model)
        return super().predict(model, images, deadline_s)

    def close(self) -> None:
        """End what is held, and close the channel."""
        self.gate.close()
        super().close()
