"""A model server in the same process that answers plausibly, or fails as it is told: for tests only."""

import threading
from collections.abc import Callable
from enum import StrEnum

import numpy as np

from app.domain import Bytes8, Float32
from app.errors import ModelOutOfMemory, ModelOutputInvalid, ModelRejectedInput, ModelServerUnavailable
from app.inference.base import ModelOutput, ModelState, ModelStatus
from app.inference.tensors import check_images, output_shape
from model_server.catalogue import ModelCard


class Fault(StrEnum):
    """How a fake server misbehaves, until it is told otherwise."""

    SLOW = "slow"
    """It answers, but only after `delay_s`."""
    DEAD = "dead"
    FULL = "full"
    """Its queue is full."""
    REJECTS = "rejects"
    WRONG_SHAPE = "wrong shape"
    NOT_A_NUMBER = "not a number"
    GARBAGE = "garbage"
    """It answers with bytes that are no message."""
    NO_MEMORY = "no memory"


_ERRORS = {
    Fault.DEAD: ModelServerUnavailable,
    Fault.FULL: ModelServerUnavailable,
    Fault.REJECTS: ModelRejectedInput,
    Fault.WRONG_SHAPE: ModelOutputInvalid,
    Fault.NOT_A_NUMBER: ModelOutputInvalid,
    Fault.GARBAGE: ModelOutputInvalid,
    Fault.NO_MEMORY: ModelOutOfMemory,
}


class FakeModelClient:
    """A `ModelClient` without a server.

    Set `fault` to make each call fail, `rejects` to refuse batches that hold such a picture, `spoils` to have
    `spoiled_by` happen to them, `most_rows` to lack the memory for larger batches, `lacks` not to have models of
    these names, or versions of them such as "name:1"; `batches` counts the pictures of each call to predict that
    isn't one black picture.
    """

    def __init__(self, fault: Fault | None = None, delay_s: float = 5.0, version: int = 1) -> None:
        self.fault = fault
        self.delay_s = delay_s
        self.rejects: Callable[[Bytes8], bool] = lambda image: False
        self.spoils: Callable[[Bytes8], bool] = lambda image: False
        self.spoiled_by = Fault.GARBAGE
        self.most_rows: int | None = None
        self.lacks: set[str] = set()
        self.batches: list[int] = []
        self._version = version
        self._closed = threading.Event()

    def predict(self, model: ModelCard, images: Bytes8, deadline_s: float | None = None) -> ModelOutput:
        """Answer as `plausible_outputs` does, unless there is a fault."""
        check_images(images, model)
        if self._lacks(model):
            raise ModelServerUnavailable(f"The fake model server has no model {model.name}.")
        if len(images) > 1 or images.any():
            self.batches.append(len(images))
        spoiled = any(self.spoils(image) for image in images)
        self._fail_if_told(model, self.spoiled_by if spoiled else self.fault)
        if self.most_rows is not None and len(images) > self.most_rows:
            raise ModelOutOfMemory(f"The fake model server of {model.name} lacks memory for {len(images)} pictures.")
        if any(self.rejects(image) for image in images):
            raise ModelRejectedInput(f"Model {model.name} refused the input: as the test wants it")
        return ModelOutput(version=self._version, **plausible_outputs(model, images))

    def status(self, model: ModelCard) -> ModelStatus:
        """Tell that the model is loaded, unless the server is dead or lacks it."""
        if self.fault is Fault.DEAD:
            raise ModelServerUnavailable("The fake model server is dead.")
        if self._lacks(model):
            return ModelStatus(ModelState.UNKNOWN, None, f"The fake model server has no model {model.name}.")
        return ModelStatus(ModelState.LOADED, self._version, f"Model {model.name} is loaded.")

    def close(self) -> None:
        """End every slow call."""
        self._closed.set()

    def _lacks(self, model: ModelCard) -> bool:
        return bool(self.lacks & {model.name, f"{model.name}:{model.version}"})

    def _fail_if_told(self, model: ModelCard, fault: Fault | None) -> None:
        if fault is Fault.SLOW:
            self._closed.wait(self.delay_s)
        elif fault is not None:
            raise _ERRORS[fault](f"The fake model server of {model.name} misbehaves: {fault}.")


def plausible_outputs(model: ModelCard, images: Bytes8) -> dict[str, Float32]:
    """Return the outputs that `model`'s card names, made from the pixels: equal pictures get equal outputs.

    The first pixel's red value picks the class of the only object, of the strongest tag and of the strongest label.
    """
    picks = images[:, 0, 0, 0].astype(np.int64)
    outputs = {name: np.zeros((len(images), *output_shape(model, name)), np.float32) for name in model.outputs}
    rows = np.arange(len(images))
    if "detections" in outputs:
        classes = 1 + picks % len(model.labels)
        outputs["detections"][:, 0, :2] = np.stack([classes, np.full(len(images), 0.9)], axis=1)
        outputs["detections"][:, 0, 4:] = model.input_width_px, model.input_height_px
    if "embedding" in outputs:
        outputs["embedding"] = _resized(images, outputs["embedding"].shape[1])
    for name in ("probabilities", "label_scores"):
        if name in outputs:
            outputs[name][rows, picks % outputs[name].shape[1]] = 0.8
    return outputs


def _resized(images: Bytes8, width: int) -> Float32:
    """Return `width` evenly spaced values of each picture, scaled to 0..1, none of them 0: float32 (n, width)."""
    flat = images.reshape(len(images), -1)
    places = np.linspace(0, flat.shape[1] - 1, width).astype(np.int64)
    return ((flat[:, places].astype(np.float32) + 1) / 256).astype(np.float32)
