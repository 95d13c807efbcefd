"""Small cards, weights files in their publishers' formats, and running what a conversion wrote."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.catalogue import ModelCard, load_card
from model_server.conversion import Conversion, EndpointsOf
from model_server.exporting import DEFAULT_SIGNATURE
from model_server.server.models import load_model

TAGS = 7


def small_card(name: str, size_px: int, embedding_width: int, architecture: Mapping[str, Any]) -> ModelCard:
    """Return a card of the catalogue for a narrow network on small pictures."""
    card = load_card(name)
    return dataclasses.replace(
        card,
        input_width_px=size_px,
        input_height_px=size_px,
        embedding_width=embedding_width,
        tag_classes=card.tag_classes[:TAGS],
        architecture=architecture,
    )


class Converted:
    """A weights file made into a SavedModel, loaded and run as the model server does."""

    def __init__(self, endpoints_of: EndpointsOf, card: ModelCard, weights: Path, folder: Path) -> None:
        folder.mkdir(parents=True)
        Conversion(endpoints_of, weights).export(card, folder)
        self._model = load_model(card.name, card.version, folder, threads=1)

    def __call__(self, rows: NDArray[Any], signature: str = DEFAULT_SIGNATURE) -> dict[str, NDArray[Any]]:
        described = self._model.signature(signature)
        (name,) = described.inputs
        return self._model.execute(signature, {name: rows}, tuple(described.outputs))


def pictures(count: int, size_px: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, size_px, size_px, 3), dtype=np.uint8)


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write the format by its description: length of the header, header, bytes."""
    kinds = {"f4": "F32", "f2": "F16", "i8": "I64"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, array in tensors.items():
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": kinds[array.dtype.str[1:]], "shape": array.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(np.ascontiguousarray(array).tobytes() for array in tensors.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
