"""The small models that tests serve: their cards, and how to build them once a session."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from model_server.catalogue import ModelCard, TagClass

SIZE_PX = 8
LABELS = ("cat", "dog", "cup")
TAG_CLASSES = 5
EMBEDDING_WIDTH = 4
NEWEST = 2

TINY_OUTPUTS = {
    "detections": "float32 [n, 20, 6]",
    "embedding": f"float32 [n, {EMBEDDING_WIDTH}]",
    "probabilities": f"float32 [n, {TAG_CLASSES}]",
    "label_scores": f"float32 [n, {len(LABELS)}]",
}


def card(name: str, outputs: Mapping[str, str] | None = None) -> ModelCard:
    """Return the card of a model of tests; "tiny" is the one that has all roles."""
    return ModelCard(
        name=name,
        version=NEWEST,
        title=f"{name}, for tests",
        roles=frozenset({"detector", "embedder", "tagger"}),
        input_name="image",
        input_width_px=SIZE_PX,
        input_height_px=SIZE_PX,
        outputs=TINY_OUTPUTS if outputs is None else outputs,
        embedding_width=EMBEDDING_WIDTH,
        labels=LABELS,
        tag_classes=tuple(TagClass(f"n{number:08}", f"tag {number}") for number in range(TAG_CLASSES)),
        licence="none",
        weights_source="random",
        weights_sha256="",
    )


def build_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of models, built by the first test process of this run that asks."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # shared by the workers of one run
    folder = root / "tiny-models"
    with (root / "tiny-models.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            # In a process of its own, so that tests of the web's side never see TensorFlow.
            command = [sys.executable, "-m", "tests.model_server.server.build_tiny", str(folder)]
            subprocess.run(command, check=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True)
    return folder
