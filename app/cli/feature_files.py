"""Features as NumPy files: a folder a model, in it a file for each array, in each a row for each photo."""

import math
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.domain import Features, PhotoId
from app.errors import BadParameter
from app.services.known_photos import FIELDS, features_of

SUFFIX = ".npy"
UNREADABLE = (OSError, ValueError, SyntaxError, OverflowError, TokenError)
"""What a damaged header may raise."""


class RowsWriter:
    """One array file that grows row by row; its header is right once it is closed."""

    def __init__(self, path: Path, row: NDArray[Any]) -> None:
        self._shape = row.shape
        self._dtype = row.dtype.newbyteorder("<")
        self._count = 0
        self._file = path.open("xb")
        self._write_header()

    def append(self, row: NDArray[Any]) -> int:
        """Add a row and return its number, from 0; raise BadParameter for one of another shape, OSError."""
        if row.shape != self._shape:
            raise BadParameter(f"{self._file.name} has rows of {self._shape}, so none of {row.shape} fits.")
        self._file.write(row.astype(self._dtype).tobytes())
        self._count += 1
        return self._count - 1

    def close(self) -> None:
        """Write how many rows there are; raise OSError."""
        with self._file:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        """Write a header, which NumPy pads so that it keeps its length while the first axis grows."""
        shape = (self._count, *self._shape)
        header = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._file, header)


class FeatureWriter:
    """Writes the features of photos; each model's folder is made when its first features come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models: dict[str, dict[str, RowsWriter]] = {}
        self._open_files = ExitStack()

    def add(self, photo_id: PhotoId, features: Mapping[str, Features]) -> dict[str, dict[str, object]]:
        """Write what each model says of a photo; return for each the `row` and the `crc32`. Raises OSError."""
        return {model: self._add(photo_id, model, found) for model, found in features.items()}

    def close(self) -> None:
        """Make all files whole; raise OSError."""
        self._open_files.close()

    def _add(self, photo_id: PhotoId, model: str, features: Features) -> dict[str, object]:
        if model not in self._models:
            self._models[model] = self._open(model, features)
        for name, writer in self._models[model].items():
            row = writer.append(getattr(features, name))
        return {"row": row, "crc32": checksum(photo_id, features)}

    def _open(self, model: str, features: Features) -> dict[str, RowsWriter]:
        folder = self._folder / model
        folder.mkdir(parents=True)
        writers = {}
        for name in FIELDS:
            writers[name] = RowsWriter(folder / f"{name}{SUFFIX}", getattr(features, name))
            self._open_files.callback(writers[name].close)
        return writers


@dataclass(frozen=True)
class RowsFile:
    """An array file to read single rows of."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    """The first axis is that of the rows."""
    dtype: np.dtype[Any]

    @classmethod
    def open(cls, path: Path) -> "RowsFile":
        """Read the header; raise BadParameter for a file that isn't there, is damaged or of another kind."""
        try:
            with path.open("rb") as file:
                major, _ = npy.read_magic(file)
                read_header = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
                shape, fortran_order, dtype = read_header(file)
                offset = file.tell()
                whole = offset + math.prod(shape) * dtype.itemsize <= path.stat().st_size
        except UNREADABLE as error:
            raise BadParameter(f"{path.name} can't be read as a NumPy file: {error}.") from error
        if fortran_order or dtype.hasobject or not shape or not whole:
            raise BadParameter(f"{path.name} isn't whole, or is no array of numbers in C order.")
        return cls(path, offset, shape, dtype)

    def row(self, number: int) -> NDArray[Any]:
        """Return a row; raise BadParameter if there is none of this number or the file changed meanwhile."""
        if not 0 <= number < self.shape[0]:
            raise BadParameter(f"{self.path.name} has no row {number}.")
        size_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset + number * size_bytes)
                return np.frombuffer(file.read(size_bytes), self.dtype).reshape(self.shape[1:])
        except (OSError, ValueError) as error:
            raise BadParameter(f"{self.path.name} can't be read: {error}.") from error


class FeatureReader:
    """Reads features photo by photo, from files that may have been changed by hand."""

    def __init__(self, folder: Path) -> None:
        """Look at the files; `problems` says in plain sentences what of them can't be used."""
        self.problems: list[str] = []
        self._models: dict[str, dict[str, RowsFile]] = {}
        for model in sorted(path for path in folder.glob("*") if path.is_dir()):
            try:
                self._models[model.name] = {name: RowsFile.open(model / f"{name}{SUFFIX}") for name in FIELDS}
            except BadParameter as error:
                self.problems.append(f"{model}: {error.message} Photos are looked at anew for want of it.")

    def read(self, photo_id: PhotoId, places: Mapping[str, object]) -> tuple[dict[str, Features], list[str]]:
        """Return a photo's features by model, and a sentence for each model's that were changed or damaged.

        `places` is what `FeatureWriter.add` returned. Models with a problem are left out without a word.
        """
        found: dict[str, Features] = {}
        notes = []
        for model, place in places.items():
            if model not in self._models:
                continue
            try:
                found[model] = self._read(photo_id, self._models[model], place)
            except BadParameter as error:
                notes.append(f"Its features by {model} can't be used: {error.message}")
        return found, notes

    def _read(self, photo_id: PhotoId, files: Mapping[str, RowsFile], place: object) -> Features:
        row, crc32 = (place.get("row"), place.get("crc32")) if isinstance(place, dict) else (None, None)
        if not isinstance(row, int):
            raise BadParameter("it isn't said in which row they stand.")
        features = features_of({name: file.row(row) for name, file in files.items()})
        if checksum(photo_id, features) != crc32:
            raise BadParameter("they aren't those that were exported with this photo.")
        return features


def checksum(photo_id: PhotoId, features: Features) -> str:
    """Return the CRC-32 of the photo's id and its features as they stand in the files: 8 hex digits."""
    crc32 = zlib.crc32(photo_id.encode())
    for name in FIELDS:
        array = getattr(features, name)
        crc32 = zlib.crc32(array.astype(array.dtype.newbyteorder("<")).tobytes(), crc32)
    return f"{crc32:08x}"
