"""A conversion that changed what the model answers is found before anybody is served."""

import dataclasses
from pathlib import Path

import pytest
import tensorflow as tf

from model_server.catalogue import load_card
from model_server.conversion import check_export
from model_server.errors import ConversionError
from model_server.exporting import Endpoint, write_saved_model

CARD = dataclasses.replace(load_card("resnet50"), input_width_px=2, input_height_px=2)


def brightness(factor: float, output: str = "embedding") -> Endpoint:
    spec = tf.TensorSpec([None, 2, 2, 3], tf.uint8, name="image")
    return Endpoint(spec, lambda image: {output: factor * tf.reduce_mean(tf.cast(image, tf.float32), [1, 2])})


@pytest.mark.parametrize(
    ("exported", "complaint"),
    [(brightness(1.01), "embedding of the exported model is off by"), (brightness(1, "other"), "instead of")],
    ids=["other numbers", "other outputs"],
)
def test_a_difference_is_an_error(tmp_path: Path, exported: Endpoint, complaint: str) -> None:
    write_saved_model(CARD, [exported], tmp_path)
    check_export([exported], tmp_path)
    with pytest.raises(ConversionError, match=complaint):
        check_export([brightness(1)], tmp_path)
