"""VGG16 and ResNet50 are those of `keras.applications`, and take their files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from model_server.architectures import resnet50, vgg16
from model_server.catalogue import ModelCard, load_card
from model_server.conversion import EndpointsOf
from model_server.errors import CheckpointError, WeightsError
from tests.model_server.architectures.converting import TAGS, Converted, pictures, small_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
"""Keras warns of itself when it writes weights."""

SIZE_PX = 32
NARROW_VGG16 = small_card("vgg16", SIZE_PX, 12, {"blocks": [[2, 4], [1, 6]], "dense": [16, 12]})
NARROW_RESNET50 = small_card("resnet50", SIZE_PX, 32, {"stem": 6, "stages": [[2, 4], [2, 8]]})
NETWORKS = [
    pytest.param(vgg16.endpoints, NARROW_VGG16, id="vgg16"),
    pytest.param(resnet50.endpoints, NARROW_RESNET50, id="resnet50"),
]


def model_of(endpoints_of: EndpointsOf, card: ModelCard) -> keras.Model:
    """Return the untrained Keras model behind a builder's endpoint."""
    (endpoint,) = endpoints_of(card, None)
    assert endpoint.model is not None
    return endpoint.model


def disturb(model: keras.Model) -> None:
    """Give biases and batch norms values that tell them apart; kernels have some already."""
    rng = np.random.default_rng(5)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))


def write_legacy(model: keras.Model, path: Path) -> None:
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


def write_new(model: keras.Model, path: Path) -> None:
    named = path.with_name("any.weights.h5")
    model.save_weights(named)
    named.rename(path)


def full_card(name: str) -> ModelCard:
    """Return the catalogue's card with all its channels, for small pictures and few classes."""
    card = load_card(name)
    return small_card(name, SIZE_PX, card.embedding_width, card.architecture)


@pytest.mark.parametrize(
    ("endpoints_of", "name", "genuine", "prepare", "embedding_layer"),
    [
        (vgg16.endpoints, "vgg16", keras.applications.VGG16, keras.applications.vgg16.preprocess_input, "fc2"),
        (
            resnet50.endpoints,
            "resnet50",
            keras.applications.ResNet50,
            keras.applications.resnet.preprocess_input,
            "avg_pool",
        ),
    ],
    ids=["vgg16", "resnet50"],
)
def test_it_computes_what_the_genuine_one_does(
    endpoints_of: EndpointsOf,
    name: str,
    genuine: Callable[..., Any],
    prepare: Callable[..., Any],
    embedding_layer: str,
) -> None:
    right = genuine(weights=None, input_shape=(SIZE_PX, SIZE_PX, 3), classes=TAGS)
    disturb(right)
    ours = model_of(endpoints_of, full_card(name))
    weighted = [[layer.name for layer in model.layers if layer.weights] for model in (ours, right)]
    assert weighted[0] == weighted[1]
    ours.set_weights(right.get_weights())
    images = pictures(2, SIZE_PX)
    answers = ours(images)
    both = keras.Model(right.input, [right.get_layer(embedding_layer).output, right.output])
    embedding, probabilities = both(tf.constant(prepare(images.astype(np.float32))))
    np.testing.assert_allclose(answers["embedding"], embedding, rtol=1e-3, atol=1e-4 * np.abs(embedding).max())
    np.testing.assert_allclose(answers["probabilities"], probabilities, atol=1e-4)


@pytest.mark.parametrize(("endpoints_of", "card"), NETWORKS)
def test_the_genuine_layout_is_converted(tmp_path: Path, endpoints_of: EndpointsOf, card: ModelCard) -> None:
    model = model_of(endpoints_of, card)
    disturb(model)
    write_legacy(model, tmp_path / "weights")
    converted = Converted(endpoints_of, card, tmp_path / "weights", tmp_path / card.name / "1")
    for rows in (1, 32):
        images = pictures(rows, SIZE_PX)
        expected, answers = model(images), converted(images)
        assert answers["embedding"].shape == (rows, card.embedding_width)
        assert answers["probabilities"].shape == (rows, TAGS)
        for name, array in answers.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("endpoints_of", "card"), NETWORKS)
def test_keras_3s_layout_is_read_too(tmp_path: Path, endpoints_of: EndpointsOf, card: ModelCard) -> None:
    model = model_of(endpoints_of, card)
    disturb(model)
    write_new(model, tmp_path / "weights")
    (endpoint,) = endpoints_of(card, tmp_path / "weights")
    images = tf.constant(pictures(2, SIZE_PX))
    np.testing.assert_allclose(endpoint.compute(images)["embedding"], model(images)["embedding"], rtol=1e-5)


@pytest.mark.parametrize("write", [write_legacy, write_new])
def test_the_file_of_another_network_is_refused(tmp_path: Path, write: Callable[[keras.Model, Path], None]) -> None:
    write(model_of(resnet50.endpoints, NARROW_RESNET50), tmp_path / "weights.h5")
    with pytest.raises(WeightsError, match=r"weights\.h5 doesn't fit vgg16"):
        vgg16.endpoints(NARROW_VGG16, tmp_path / "weights.h5")


def test_files_without_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("<html>not found</html>")
    with pytest.raises(CheckpointError, match="no HDF5 file"):
        vgg16.endpoints(NARROW_VGG16, tmp_path / "text.h5")
    h5py.File(tmp_path / "empty.h5", "w").close()
    with pytest.raises(CheckpointError, match="without a Keras model's weights"):
        vgg16.endpoints(NARROW_VGG16, tmp_path / "empty.h5")
