"""Between numpy and the protocol's tensors, and what an answer must look like to be believed."""

import re
from collections.abc import Mapping

import numpy as np

from app.domain import Bytes8, Float32
from app.errors import ModelOutputInvalid
from app.inference.protocol import serving_pb2 as pb
from model_server.catalogue import ModelCard

SCORE_TOLERANCE = 1e-3
"""How far rounding may carry a score out of 0..1."""

_OUTPUT_TEXT = re.compile(r"float32 \[n((?:, *\d+)+)\]")


def write_images(images: Bytes8, tensor: pb.Tensor) -> None:
    """Write uint8 (n, height, width, 3) into a tensor message, in place: each copy of a batch costs milliseconds."""
    tensor.dtype = pb.DT_UINT8
    for size in images.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = images.tobytes()


def check_images(images: Bytes8, model: ModelCard) -> None:
    """Raise ValueError unless `images` are what `model` takes; that is a mistake of ours, not of a photo."""
    frame = (model.input_height_px, model.input_width_px, 3)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != frame or len(images) == 0:
        raise ValueError(
            f"{model.name} takes uint8 (n, {frame[0]}, {frame[1]}, 3), not {images.dtype} {images.shape}"
        )


def read_outputs(tensors: Mapping[str, pb.Tensor], model: ModelCard, rows: int) -> dict[str, Float32]:
    """Return the outputs that the card names, checked; raise ModelOutputInvalid for anything that can't be right."""
    outputs = {
        name: read_float32(tensors, name, (rows, *output_shape(model, name)), model.name) for name in model.outputs
    }
    for name in ("probabilities", "label_scores"):
        if name in outputs:
            _check_scores(outputs[name], name, model)
    if "detections" in outputs:
        _check_detections(outputs["detections"], model)
    return outputs


def output_shape(model: ModelCard, name: str) -> tuple[int, ...]:
    """Return the shape of one row of an output, as the card says it: "float32 [n, 20, 6]" is (20, 6)."""
    text = model.outputs[name]
    found = _OUTPUT_TEXT.fullmatch(text)
    if not found:
        raise ValueError(f'output {name} of model {model.name} is "{text}"; it must look like "float32 [n, 20, 6]"')
    return tuple(int(size) for size in found[1].split(",")[1:])


def read_float32(tensors: Mapping[str, pb.Tensor], name: str, shape: tuple[int, ...], model_name: str) -> Float32:
    """Return the float32 tensor `name` of exactly `shape`, all of it finite; raise ModelOutputInvalid otherwise."""
    if name not in tensors:
        raise _invalid(model_name, f"lacks the output {name}; it has {', '.join(sorted(tensors)) or 'none'}")
    tensor = tensors[name]
    sent_shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if tensor.dtype != pb.DT_FLOAT or sent_shape != shape:
        raise _invalid(model_name, f"has {name} of type {tensor.dtype} and shape {sent_shape}, not float32 {shape}")
    values = _values(tensor, name, model_name)
    if values.size != np.prod(shape):
        raise _invalid(model_name, f"has {values.size} values in {name}, not the {np.prod(shape)} of shape {shape}")
    if not np.isfinite(values).all():
        raise _invalid(model_name, f"has NaN or infinity in {name}")
    return values.reshape(shape)


def _values(tensor: pb.Tensor, name: str, model_name: str) -> Float32:
    """Return the numbers of a float tensor; TensorFlow Serving lists them, other servers send their bytes."""
    if not tensor.tensor_content:
        return np.array(tensor.float_val, np.float32)
    if len(tensor.tensor_content) % 4:
        raise _invalid(model_name, f"has {len(tensor.tensor_content)} bytes in {name}, which are no whole float32s")
    return np.frombuffer(tensor.tensor_content, "<f4").astype(np.float32)


def _check_scores(scores: Float32, name: str, model: ModelCard) -> None:
    if scores.min() < -SCORE_TOLERANCE or scores.max() > 1 + SCORE_TOLERANCE:
        raise _invalid(model.name, f"has {name} from {scores.min():g} to {scores.max():g}, not 0 to 1")


def _check_detections(detections: Float32, model: ModelCard) -> None:
    _check_scores(detections[..., 1], "confidences of detections", model)
    class_ids = detections[..., 0]
    if (class_ids != np.round(class_ids)).any() or class_ids.min() < 0 or class_ids.max() > len(model.labels):
        raise _invalid(
            model.name,
            f"has class ids from {class_ids.min():g} to {class_ids.max():g} in detections, "
            f"not whole numbers from 0 to {len(model.labels)}",
        )


def _invalid(model_name: str, problem: str) -> ModelOutputInvalid:
    return ModelOutputInvalid(
        f"The answer of model {model_name} {problem}. Check that the model server serves the gallery's model."
    )
