"""Reads a `.safetensors` file: eight bytes with the length of a JSON header, the header, then the tensors' bytes.

The format is described at github.com/huggingface/safetensors. It holds data alone, nothing that could run.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.errors import CheckpointError

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
    "BOOL": "?",
}


def is_safetensors(path: Path) -> bool:
    """Tell whether a file begins as such a file does."""
    with path.open("rb") as file:
        start = file.read(LENGTH_BYTES + 1)
    return start[LENGTH_BYTES:] == b"{" and int.from_bytes(start[:LENGTH_BYTES], "little") <= MAX_HEADER_BYTES


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Map every tensor of the file, by name, read-only. Raises CheckpointError for a damaged or unknown file."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if length > MAX_HEADER_BYTES:
                raise CheckpointError(f"{path.name} has a header of {length} bytes")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        body = np.memmap(path, np.uint8, "r", offset=LENGTH_BYTES + length)
        return {name: _tensor(body, name, facts) for name, facts in header.items()}
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path.name} is no readable safetensors file: {error!r}") from error


def _tensor(body: NDArray[np.uint8], name: str, facts: Mapping[str, Any]) -> NDArray[Any]:
    """Return the part of *body* that the header describes; dtype and shape must account for its bytes."""
    if facts["dtype"] not in DTYPES:
        raise CheckpointError(f"{name} is {facts['dtype']}, which isn't supported; these are: {', '.join(DTYPES)}")
    dtype, shape = np.dtype(DTYPES[facts["dtype"]]), tuple(facts["shape"])
    begin, end = facts["data_offsets"]
    if not 0 <= begin <= end <= len(body) or end - begin != math.prod(shape) * dtype.itemsize:
        raise CheckpointError(f"{name} lies at bytes {begin} to {end}, which don't hold {shape} of {dtype}")
    return body[begin:end].view(dtype).reshape(shape)
