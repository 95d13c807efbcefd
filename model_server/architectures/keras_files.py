"""Fills a Keras model from a weights file of Keras, of either layout, and prepares pixels as Caffe did."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras
from keras import layers

from model_server.errors import CheckpointError, WeightsError

BLUE_GREEN_RED_MEANS = (103.939, 116.779, 123.68)
"""ImageNet's, as Caffe and `keras.applications` subtract them."""


def caffe_pixels(pixels: Any) -> Any:
    """Turn RGB of 0..255, a Keras tensor (n, height, width, 3), into BGR around zero."""
    red, green, blue = (pixels[..., channel : channel + 1] for channel in range(3))
    swapped = layers.Concatenate(name="bgr")([blue, green, red])
    return layers.Rescaling(1.0, [-mean for mean in BLUE_GREEN_RED_MEANS], name="centred")(swapped)


def load_keras_weights(model: keras.Model, path: Path) -> None:
    """Fill *model* from a file whose layers come in the same order.

    Both layouts are read: Keras 1 and 2's `.h5`, which the files of `keras.applications` have, and Keras 3's
    `.weights.h5`. Raises CheckpointError for an unreadable file, WeightsError if its weights don't fit.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Keras tells the layouts apart by the name alone, and files get renamed.
        named = Path(folder) / ("model.h5" if _is_legacy(path) else "model.weights.h5")
        os.symlink(path.resolve(), named)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # Keras only warns of weights that it doesn't find
                model.load_weights(str(named))
        except (ValueError, KeyError, UserWarning) as error:
            raise WeightsError(f"{path.name} doesn't fit {model.name}: {error}") from error


def _is_legacy(path: Path) -> bool:
    try:
        with h5py.File(path) as file:
            if "model_weights" in file or "layer_names" in file.attrs:
                return True
            if "layers" in file or "_layer_checkpoint_dependencies" in file:
                return False
    except OSError as error:
        raise CheckpointError(f"{path.name} is no HDF5 file of weights: {error}") from error
    raise CheckpointError(f"{path.name} is an HDF5 file without a Keras model's weights")
