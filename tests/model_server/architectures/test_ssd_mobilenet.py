"""The zoo's detector, from an archive as the zoo packs it, keeps the gallery's contract."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from model_server.architectures.ssd_mobilenet import OUTPUTS, class_ids, endpoints, read_zoo_archive
from model_server.catalogue import load_card
from model_server.errors import CheckpointError, WeightsError
from tests.model_server.architectures.converting import Converted, pictures, small_card

SIZE_PX = 64
CARD = small_card("ssd_mobilenet_v2_320", SIZE_PX, 0, {"alpha": 0.35})
ZOO_FOLDER = "ssd_mobilenet_v2_320x320_coco17_tpu-8"
# A whole picture, a quarter of it, one that reaches out of it, and one of an id that COCO never used.
BOXES = [[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.0, 0.5], [-0.2, 0.1, 0.4, 1.3], [0.1, 0.1, 0.2, 0.2]]
CATEGORIES, SCORES = [17, 1, 90, 12], [0.9, 0.7, 0.04, 0.8]


class KnownObjects(tf.Module):
    """Finds the same objects in each picture, as sure as its first pixel is red; the weights are a variable."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes = tf.Variable([*BOXES, *[[0.0] * 4] * 96])

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")])
    def detect(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        share = tf.cast(input_tensor[0, 0, 0, 0], tf.float32) / 255.0
        return {
            "detection_boxes": self.boxes[None],
            "detection_classes": tf.constant([[*CATEGORIES, *[1] * 96]], tf.float32),
            "detection_scores": tf.constant([[*SCORES, *[0.0] * 96]]) * share,
        }


def write_zoo_archive(path: Path, model: tf.Module, signatures: Mapping[str, object] | None = None) -> Path:
    """Pack a model as the zoo does: a folder with checkpoint, pipeline and SavedModel."""
    folder = path.parent / "saved_model"
    chosen = {"serving_default": model.detect.get_concrete_function()} if signatures is None else signatures
    tf.saved_model.save(model, str(folder), signatures=chosen)
    with tarfile.open(path, "w:gz") as archive:
        pipeline = tarfile.TarInfo(f"{ZOO_FOLDER}/pipeline.config")
        archive.addfile(pipeline, io.BytesIO())
        archive.add(folder, f"{ZOO_FOLDER}/saved_model")
    return path


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("known")
    archive = write_zoo_archive(folder / "zoo.tar.gz", KnownObjects())
    return Converted(endpoints, CARD, archive, folder / "ssd" / "1")


def test_ids_become_the_gallerys_and_boxes_pixels(known: Converted) -> None:
    rows = known(np.full((1, SIZE_PX, SIZE_PX, 3), 255, np.uint8))["detections"][0]
    cat, person = CARD.labels.index("cat") + 1, CARD.labels.index("person") + 1
    np.testing.assert_allclose(
        rows[:2], [[cat, 0.9, 0, 0, SIZE_PX, SIZE_PX], [person, 0.7, 0, SIZE_PX / 2, SIZE_PX / 2, SIZE_PX]], rtol=1e-6
    )
    assert not rows[2:].any()


def test_each_picture_of_a_batch_gets_its_own_objects(known: Converted) -> None:
    images = np.zeros((32, SIZE_PX, SIZE_PX, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(32) * 8
    confidences = known(images)["detections"][:, 0, 1]
    expected = 0.9 * np.arange(32) * 8 / 255
    np.testing.assert_allclose(confidences, np.where(expected >= 0.05, expected, 0), rtol=1e-5)


class SmallDetector(tf.Module):
    """A network with a batch norm, a loop over pictures as the zoo's models have for resizing, and suppression."""

    def __init__(self) -> None:
        super().__init__()
        keras.utils.set_random_seed(3)
        image = keras.Input((16, 16, 3))
        cells = keras.layers.BatchNormalization()(keras.layers.Conv2D(10, 3, 2)(image))
        self.network = keras.Model(image, keras.layers.Reshape((-1, 10))(cells))

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")])
    def detect(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(
            lambda one: tf.image.resize(one, [16, 16]),
            tf.cast(input_tensor, tf.float32) / 255.0,
            fn_output_signature=tf.TensorSpec([16, 16, 3], tf.float32),
        )
        cells = tf.sigmoid(self.network(pixels, training=False))
        corners = tf.concat([cells[..., :2] / 2, cells[..., 2:4]], axis=-1)
        kept = tf.image.combined_non_max_suppression(corners[:, :, None], cells[..., 4:], 100, 100, 0.6, 1e-8)
        return dict(
            zip(OUTPUTS, [kept.nmsed_boxes, kept.nmsed_classes + 1, kept.nmsed_scores], strict=True),
        )


def test_a_network_with_loops_and_suppression_is_converted(tmp_path: Path) -> None:
    archive = write_zoo_archive(tmp_path / "zoo.tar.gz", SmallDetector())
    converted = Converted(endpoints, CARD, archive, tmp_path / "ssd" / "1")
    images = pictures(4, SIZE_PX)
    together = converted(images)["detections"]
    assert together.shape == (4, 20, 6)
    assert together[:, 0, 1].min() > 0.05
    np.testing.assert_allclose(together[2:3], converted(images[2:3])["detections"], rtol=1e-5)


def test_an_untrained_one_can_be_measured() -> None:
    (endpoint,) = endpoints(CARD, None)
    assert endpoint.compute(tf.constant(pictures(1, SIZE_PX)))["detections"].shape == (1, 20, 6)


def test_labels_agree_with_cocos_numbers() -> None:
    """A few of COCO's published ids, from both ends and around each gap."""
    known = {1: "person", 11: "fire hydrant", 13: "stop sign", 17: "cat", 25: "giraffe", 27: "backpack"}
    known |= {28: "umbrella", 31: "handbag", 44: "bottle", 46: "wine glass", 65: "bed", 67: "dining table"}
    known |= {70: "toilet", 72: "tv", 82: "refrigerator", 84: "book", 90: "toothbrush"}
    labels, ids = load_card("ssd_mobilenet_v2_320").labels, class_ids()
    assert {number: labels[int(ids[number]) - 1] for number in known} == known
    assert sorted(ids[ids > 0]) == list(range(1, 81))
    assert not ids[[0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]].any()


def test_other_archives_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.tar.gz").write_text("<html>not found</html>")
    with pytest.raises(CheckpointError, match=r"page\.tar\.gz is no archive"):
        read_zoo_archive(tmp_path / "page.tar.gz")
    with tarfile.open(tmp_path / "empty.tar.gz", "w:gz"):
        pass
    with pytest.raises(CheckpointError, match=r"holds no saved_model\.pb"):
        read_zoo_archive(tmp_path / "empty.tar.gz")


def test_an_archive_of_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    archive = write_zoo_archive(tmp_path / "other.tar.gz", KnownObjects(), signatures={})
    with pytest.raises(WeightsError, match="gives no detection_boxes"):
        read_zoo_archive(archive)


def test_files_that_would_land_elsewhere_are_left_out(tmp_path: Path) -> None:
    archive = write_zoo_archive(tmp_path / "zoo.tar.gz", KnownObjects())
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(archive) as good, tarfile.open(evil, "w:gz") as bad:
        for member in good:
            bad.addfile(member, good.extractfile(member) if member.isfile() else None)
        outside = tarfile.TarInfo(f"{ZOO_FOLDER}/saved_model/../../../../../{tmp_path.name}-escaped")
        bad.addfile(outside, io.BytesIO())
    read_zoo_archive(evil)
    assert not list(tmp_path.parent.glob("*-escaped"))
