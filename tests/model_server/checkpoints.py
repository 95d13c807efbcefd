"""Writes small PyTorch checkpoints without PyTorch: same pickles, same layouts."""

import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.checkpoint import LEGACY_MAGIC, LEGACY_PROTOCOL

Tensors = Mapping[str, NDArray[Any]]
STORAGE_OF = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "i8": "LongStorage"}


class Reduced:
    """Stands for an object that a pickle makes by calling *function* with *arguments*."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


class Storage:
    """Stands for a tensor's memory; the pickle refers to it from outside of itself."""

    def __init__(self, kind: Any, key: str, items: NDArray[Any]) -> None:
        self.kind, self.key, self.items = kind, key, items


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Storage):
            return None
        return ("storage", obj.kind, obj.key, "cpu", obj.items.size)


@contextmanager
def torch_names() -> Iterator[ModuleType]:
    """Pretend for a while that the few names of PyTorch that a checkpoint uses can be imported."""
    torch, tools = ModuleType("torch"), ModuleType("torch._utils")
    for name in STORAGE_OF.values():
        setattr(torch, name, type(name, (), {"__module__": "torch", "__qualname__": name}))

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    tools._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    torch._utils = tools  # type: ignore[attr-defined]
    sys.modules |= {"torch": torch, "torch._utils": tools}
    try:
        yield torch
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]


def tensor(torch: ModuleType, key: str, array: NDArray[Any], **wrong: Any) -> Reduced:
    """Describe one tensor as PyTorch does; *wrong* replaces its offset, shape or strides."""
    kind = getattr(torch, STORAGE_OF[array.dtype.str[1:]])
    strides = tuple(step // array.itemsize for step in array.strides)
    facts = {"offset": 0, "shape": array.shape, "strides": strides} | wrong
    storage = Storage(kind, key, array.ravel(order="K"))
    rebuild = torch._utils._rebuild_tensor_v2
    return Reduced(rebuild, storage, facts["offset"], facts["shape"], facts["strides"], False, OrderedDict())


def dump(obj: Any) -> bytes:
    """Pickle as PyTorch does."""
    buffer = BytesIO()
    _Pickler(buffer, protocol=2).dump(obj)
    return buffer.getvalue()


def write_legacy(path: Path, tensors: Tensors) -> None:
    """Write the layout of PyTorch before 1.6."""
    with torch_names() as torch:
        state = OrderedDict((name, tensor(torch, str(i), array)) for i, (name, array) in enumerate(tensors.items()))
        parts = [LEGACY_MAGIC, LEGACY_PROTOCOL, {"little_endian": True}, state, [str(i) for i in range(len(tensors))]]
        head = b"".join(dump(part) for part in parts)
    body = b"".join(struct.pack("<q", array.size) + array.ravel(order="K").tobytes() for array in tensors.values())
    path.write_bytes(head + body)


def write_zip(path: Path, tensors: Tensors, pickled: bytes | None = None) -> None:
    """Write the layout of PyTorch since 1.6; *pickled* takes the place of the right pickle."""
    with torch_names() as torch:
        state = OrderedDict((name, tensor(torch, str(i), array)) for i, (name, array) in enumerate(tensors.items()))
        right = dump(state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", right if pickled is None else pickled)
        archive.writestr("archive/byteorder", b"little")
        for i, array in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{i}", array.ravel(order="K").tobytes())


def example_tensors() -> dict[str, NDArray[Any]]:
    """Return tensors of several dtypes and layouts."""
    rng = np.random.default_rng(1)
    return {
        "conv.weight": rng.normal(size=(4, 3, 2, 2)).astype("<f4"),
        "conv.transposed": rng.normal(size=(5, 3)).astype("<f4").T,
        "bn.num_batches_tracked": np.array(7, "<i8"),
        "half": rng.normal(size=6).astype("<f2"),
        "empty": np.zeros((0, 3), "<f8"),
    }
