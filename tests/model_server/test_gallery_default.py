"""The built default model keeps the wire contract, run as TensorFlow Serving runs it: in a TF1-style session."""

import io
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from model_server.catalogue import load_card
from model_server.errors import CheckpointError, WeightsError
from model_server.gallery_default import assemble, read_weights
from tests.photos import astronaut_jpeg, cat_jpeg, coffee_jpeg, drawn_photo

CARD = load_card("gallery_default")
DIFFERENT = 8
"""Photos; larger batches hold each several times."""
OUTPUTS = {"detections": (20, 6), "embedding": (1280,), "probabilities": (1000,), "label_scores": (80,)}


class ServedModel:
    """A SavedModel in a TF1-style session."""

    def __init__(self, folder: Path) -> None:
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph)
        with self._graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))
        self.signature = meta_graph.signature_def["serving_default"]

    def __call__(self, pixels: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        fetches = {name: info.name for name, info in self.signature.outputs.items()}
        answers: dict[str, NDArray[np.float32]] = self._session.run(
            fetches, {self.signature.inputs["image"].name: pixels}
        )
        return answers

    def close(self) -> None:
        self._session.close()


@pytest.fixture(scope="module")
def model_folder(built_models: Path) -> Path:
    return built_models / CARD.name / str(CARD.version)


@pytest.fixture(scope="module")
def served(model_folder: Path) -> Iterator[ServedModel]:
    model = ServedModel(model_folder)
    yield model
    model.close()


def pixels_of(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGB").resize((300, 300), Image.Resampling.BILINEAR))


def photos(count: int) -> NDArray[np.uint8]:
    real = [pixels_of(file) for file in (cat_jpeg(), astronaut_jpeg(), coffee_jpeg())]
    drawn = [pixels_of(drawn_photo(seed)) for seed in range(max(0, count - len(real)))]
    return np.stack([*real, *drawn][:count])


def names_of(detections: NDArray[np.float32]) -> list[str]:
    return [CARD.labels[int(row[0]) - 1] for row in detections if row[0]]


def test_signature_is_the_contract(served: ServedModel) -> None:
    (name, info), *others = served.signature.inputs.items()
    assert (name, others, info.dtype) == ("image", [], tf.uint8.as_datatype_enum)
    assert [size.size for size in info.tensor_shape.dim] == [-1, 300, 300, 3]
    shapes = {
        output: [size.size for size in described.tensor_shape.dim]
        for output, described in served.signature.outputs.items()
    }
    assert shapes == {output: [-1, *shape] for output, shape in OUTPUTS.items()}
    assert set(shapes) == set(CARD.outputs)


@pytest.mark.parametrize("batch", [1, 8, 32])
def test_every_batch_size_agrees_with_the_python_model(served: ServedModel, batch: int) -> None:
    chosen = np.resize(np.arange(DIFFERENT), batch)
    answers = served(photos(DIFFERENT)[chosen])
    for name, shape in OUTPUTS.items():
        assert answers[name].shape == (batch, *shape)
        np.testing.assert_allclose(answers[name], of_python()[name][chosen], rtol=1e-3, atol=2e-3, err_msg=name)


@cache
def of_python() -> dict[str, NDArray[np.float32]]:
    """Return what the Python model answers for some photos; it is slow, unlike the graph that is served."""
    model = assemble(CARD, read_weights(CARD.trained))
    answers: Mapping[str, Any] = model(photos(DIFFERENT), training=False)
    return {name: answers[name].numpy() for name in OUTPUTS}


def test_detections_are_in_pixels_sorted_and_end_in_zeros(served: ServedModel) -> None:
    for rows in served(photos(8))["detections"]:
        count = int((rows[:, 0] > 0).sum())
        assert not rows[count:].any()
        real = rows[:count]
        assert (np.diff(real[:, 1]) <= 0).all()
        assert ((real[:, 1] > 0) & (real[:, 1] <= 1)).all()
        assert (real[:, 0] == np.round(real[:, 0])).all()
        assert real[:, 0].max(initial=1) <= 80
        assert ((real[:, 2:] >= 0) & (real[:, 2:] <= 300)).all()
        assert (real[:, 2:4] < real[:, 4:]).all()


def test_probabilities_and_label_scores_are_probabilities(served: ServedModel) -> None:
    answers = served(photos(3))
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-4)
    assert ((answers["label_scores"] >= 0) & (answers["label_scores"] <= 1)).all()


def test_it_finds_the_cat_and_the_person(served: ServedModel) -> None:
    answers = served(photos(2))
    cat, astronaut = answers["detections"]
    assert names_of(cat)[0] == "cat"
    left, top, right, bottom = cat[0, 2:]
    assert (right - left) * (bottom - top) > 0.3 * 300 * 300
    assert names_of(astronaut)[0] == "person"
    assert answers["label_scores"][0].argmax() == CARD.labels.index("cat")
    assert answers["label_scores"][1].argmax() == CARD.labels.index("person")
    assert "cat" in CARD.tag_classes[int(answers["probabilities"][0].argmax())].name


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((300, 300, 3), np.uint8),
        np.zeros((1, 1, 300, 300, 3), np.uint8),
        np.zeros((1, 299, 300, 3), np.uint8),
    ],
    ids=["rank 3", "rank 5", "another size"],
)
def test_a_wrong_shape_is_an_error_and_the_next_request_works(served: ServedModel, pixels: NDArray[np.uint8]) -> None:
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        served(pixels)
    assert served(photos(1))["embedding"].shape == (1, 1280)


def test_warm_up_requests_run(served: ServedModel, model_folder: Path) -> None:
    record = model_folder / "assets.extra" / "tf_serving_warmup_requests"
    requests = [
        prediction_log_pb2.PredictionLog.FromString(raw.numpy()).predict_log.request
        for raw in tf.data.TFRecordDataset(str(record))
    ]
    assert {request.model_spec.name for request in requests} == {"gallery_default"}
    for request in requests:
        pixels = tf.make_ndarray(request.inputs["image"])
        assert served(pixels)["detections"].shape == (len(pixels), 20, 6)


def test_it_loads_quickly(model_folder: Path) -> None:
    start = time.perf_counter()
    ServedModel(model_folder).close()
    assert time.perf_counter() - start < 15  # under 2 s on an idle machine


def test_another_checkpoint_than_the_catalogues_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.pth").write_bytes(b"something else")
    monkeypatch.setattr("model_server.gallery_default.package_checkpoint", lambda: tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="SHA-256"):
        assemble(CARD, read_weights(CARD.trained))


def test_missing_weights_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="model_server train"):
        read_weights(tmp_path / "none.npz")
