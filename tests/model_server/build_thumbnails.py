"""Writes a SavedModel whose embedding is a tiny copy of the picture: `build_thumbnails FOLDER SIZE_PX`.

It stands in tests for an embedder of the catalogue, with 3 * 16 * 16 = 768 numbers, as quick as no real one is.
"""

import sys
from pathlib import Path

import keras


def build(folder: Path, size_px: int) -> None:
    image = keras.Input((size_px, size_px, 3), dtype="uint8", name="image")
    small = keras.layers.AveragePooling2D(size_px // 16)(keras.layers.Rescaling(1 / 127.5, offset=-1)(image))
    outputs = {"embedding": keras.layers.Flatten()(small)}
    keras.Model({"image": image}, outputs).export(folder, verbose=False)


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]))
