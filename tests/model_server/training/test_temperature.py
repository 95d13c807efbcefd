"""The temperature that is found is the one that made the data."""

import json
from pathlib import Path

import numpy as np
import pytest

from model_server.catalogue import TagClass
from model_server.errors import PhotosError
from model_server.training.temperature import fit_temperature, mean_surprise, read_tagged


def test_timid_logits_get_a_temperature_below_one() -> None:
    rng = np.random.default_rng(1)
    true_logits = rng.normal(size=(4000, 10)) * 2
    classes = (true_logits + rng.gumbel(size=true_logits.shape)).argmax(axis=1)
    assert fit_temperature((0.4 * true_logits).astype(np.float32), classes) == pytest.approx(0.4, abs=0.051)


def test_surprise_of_certainty_is_zero_and_of_ignorance_the_logarithm() -> None:
    sure = np.array([[50.0, 0.0]], np.float32)
    assert mean_surprise(sure, np.array([0])) == pytest.approx(0, abs=1e-6)
    assert mean_surprise(np.zeros((1, 4), np.float32), np.array([2])) == pytest.approx(np.log(4))


def test_photos_of_unknown_classes_are_left_out(tmp_path: Path) -> None:
    entries = [{"file": "a.jpg", "wnid": "n2"}, {"file": "b.jpg", "wnid": "n9"}]
    (tmp_path / "objects.jsonl").write_text("\n".join(map(json.dumps, entries)))
    tag_classes = [TagClass("n1", "one"), TagClass("n2", "two")]
    paths, classes = read_tagged(tmp_path / "objects.jsonl", tag_classes)
    assert (paths, classes.tolist()) == ([tmp_path / "objects" / "a.jpg"], [1])


def test_a_broken_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "objects.jsonl").write_text('{"file": "a.jpg"}')
    with pytest.raises(PhotosError, match=r"objects\.jsonl"):
        read_tagged(tmp_path / "objects.jsonl", [])
