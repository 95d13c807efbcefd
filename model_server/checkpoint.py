"""Read a PyTorch state dict (.pth) with numpy, without PyTorch and without running anything in it.

Both layouts are read: the legacy one (a row of pickles, then the raw storages) and the zip archive.
A pickle can name any Python function and have it called, so a closed list of names is let through and
everything else is refused.
"""

import hashlib
import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from model_server.errors import CheckpointError
from model_server.safetensors_file import is_safetensors, read_safetensors

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
STORAGE_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}

Storages = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class _StorageRef:
    """A storage that the pickle points to: ``count`` items of ``dtype`` under ``key``."""

    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True)
class _TensorRef:
    """A view on a storage, in items: where it starts, its shape and its strides."""

    storage: _StorageRef
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read every tensor of a checkpoint of PyTorch's or of safetensors' layout; raise CheckpointError."""
    try:
        return read_safetensors(path) if is_safetensors(path) else read_state_dict(path)
    except OSError as error:
        raise CheckpointError(f"{path.name} can't be read: {error}") from error


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read every tensor of a checkpoint, by name.

    Raises CheckpointError if the file is damaged, of an unknown layout, or names anything beyond tensors.
    """
    try:
        tensors, storages = _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
        return {str(name): _build(tensor, storages) for name, tensor in tensors.items()}
    except CheckpointError:
        raise
    except (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path.name} is no readable checkpoint: {error!r}") from error
    except (pickle.UnpicklingError, struct.error, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path.name} is no readable checkpoint: {error}") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_zip(path: Path) -> tuple[Mapping[str, Any], Storages]:
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        pickled = next(name for name in [*members, ""] if name.endswith("/data.pkl") or not name)
        if not pickled:
            raise CheckpointError(f"{path.name} is a zip file without data.pkl")
        root = pickled.removesuffix("data.pkl")
        if f"{root}byteorder" in members and archive.read(f"{root}byteorder") != b"little":
            raise CheckpointError(f"{path.name} is big-endian; save it on a little-endian machine")
        unpickler = _TensorUnpickler(io.BytesIO(archive.read(pickled)))
        tensors = _mapping(unpickler.load(), path)
        storages = {
            ref.key: np.frombuffer(archive.read(f"{root}data/{ref.key}"), ref.dtype, ref.count)
            for ref in unpickler.storages.values()
        }
    return tensors, storages


def _read_legacy(path: Path) -> tuple[Mapping[str, Any], Storages]:
    """Read magic, protocol, machine facts, tensors and the order of the storages, then the storages."""
    with path.open("rb") as file:
        if _TensorUnpickler(file).load() != LEGACY_MAGIC:
            raise CheckpointError(f"{path.name} is no PyTorch checkpoint")
        if _TensorUnpickler(file).load() != LEGACY_PROTOCOL:
            raise CheckpointError(f"{path.name} has an unknown protocol version")
        if not _TensorUnpickler(file).load()["little_endian"]:
            raise CheckpointError(f"{path.name} is big-endian; save it on a little-endian machine")
        unpickler = _TensorUnpickler(file)
        tensors = _mapping(unpickler.load(), path)
        order = _TensorUnpickler(file).load()
        storages = {key: _read_storage(file, unpickler.storages[key]) for key in order}
    return tensors, storages


def _read_storage(file: BinaryIO, ref: _StorageRef) -> NDArray[Any]:
    """Read one legacy storage: its length as int64, then its items."""
    (count,) = struct.unpack("<q", file.read(8))
    if count != ref.count:
        raise CheckpointError(f"storage {ref.key} holds {count} items where {ref.count} are declared")
    return np.frombuffer(file.read(count * ref.dtype.itemsize), ref.dtype, count)


def _mapping(loaded: object, path: Path) -> Mapping[str, Any]:
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{path.name} holds a {type(loaded).__name__} where a state dict is expected")
    return loaded


def _build(tensor: object, storages: Storages) -> NDArray[Any]:
    """Copy one tensor out of its storage, after checking that it lies inside it."""
    if not isinstance(tensor, _TensorRef):
        raise CheckpointError(f"the state dict holds a {type(tensor).__name__} where a tensor is expected")
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0:
        raise CheckpointError("a tensor has a negative offset, size or stride")
    flat = storages[tensor.storage.key][tensor.offset :]
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, flat.dtype)
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if last >= len(flat):
        raise CheckpointError("a tensor reaches past its storage")
    strides_bytes = [stride * flat.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides_bytes).copy()


def _rebuild_tensor(
    storage: _StorageRef, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _TensorRef:
    return _TensorRef(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _rebuild_parameter(tensor: _TensorRef, *_: object) -> _TensorRef:
    return tensor


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that knows tensors and ordered dicts, and refuses every other name."""

    ALLOWED: Mapping[tuple[str, str], Callable[..., Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    }

    def __init__(self, file: BinaryIO | io.BytesIO) -> None:
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, _StorageRef] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle may name. Raises CheckpointError for everything else."""
        if module == "torch" and name in STORAGE_DTYPES:
            return np.dtype(STORAGE_DTYPES[name])
        if (module, name) not in self.ALLOWED:
            raise CheckpointError(f"refused: the checkpoint asks for {module}.{name}")
        return self.ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> _StorageRef:
        """Note a storage: ("storage", dtype, key, location, item count[, view])."""
        kind, dtype, key, _, count, *view = pid
        if kind != "storage" or any(part is not None for part in view):
            raise CheckpointError(f"refused: unknown persistent id {pid!r}")
        ref = _StorageRef(str(key), np.dtype(dtype), int(count))
        self.storages[ref.key] = ref
        return ref
