"""Where a person's own detector lies, and the card that makes it a model of the catalogue."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model_server.catalogue import ModelCard, names, own_folder, own_names, read_card
from model_server.errors import TrainingError

NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
CARD = """# Made by `python -m model_server train`.
name = {name}
version = {version}
title = {title}
roles = ["detector", "embedder", "tagger"]
embedding_width = {embedding_width}
labels = "labels.txt"
tag_classes = "tag_classes.tsv"
builder = "gallery_default"
licence = {licence}

[input]
name = "image"
dtype = "uint8"
width = {width}
height = {height}

[outputs]
detections = "float32 [n, 20, 6]"
embedding = "float32 [n, {embedding_width}]"
probabilities = "float32 [n, {tags}]"
label_scores = "float32 [n, {labels}]"

[weights]
source = {source}
sha256 = {sha256}
trained = "weights.npz"
"""


@dataclass(frozen=True)
class Files:
    """The files of one own detector."""

    folder: Path

    @property
    def card(self) -> Path:
        """The catalogue's card: with it, the model is complete."""
        return self.folder / f"{self.folder.name}.toml"

    @property
    def weights(self) -> Path:
        """What was trained."""
        return self.folder / "weights.npz"

    @property
    def report(self) -> Path:
        """The page with pictures."""
        return self.folder / "report.html"

    @property
    def log(self) -> Path:
        """The course of the training."""
        return self.folder / "training_log.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where an interrupted training goes on."""
        return self.folder / "checkpoint.npz"


def files_of(name: str) -> Files:
    """Return where the own detector *name* lies. Raises TrainingError for a name that can't be given."""
    if not NAME.fullmatch(name):
        raise TrainingError(f"a model can't be called {name!r}: a letter, then letters, digits, - and _, all small")
    if name in names() and name not in own_names():
        raise TrainingError(f"the catalogue has a model {name!r} already; give another --name")
    return Files(own_folder() / name)


def write_card(files: Files, default: ModelCard, labels: Sequence[str]) -> None:
    """Put the model that was made of *default* into the catalogue; trained again, it gets the next version."""
    version = read_card(files.card).version + 1 if files.card.exists() else 1
    (files.folder / "labels.txt").write_text("\n".join(labels) + "\n", "utf-8")
    tags = "".join(f"{tag.wnid}\t{tag.name}\n" for tag in default.tag_classes)
    (files.folder / "tag_classes.tsv").write_text(tags, "utf-8")
    name = files.folder.name
    words = {
        "name": name,
        "title": f"{name}: {default.name} {default.version}, fine-tuned on own photos",
        "licence": f"{default.licence}; fine-tuned on own photos",
        "source": default.weights_source,
        "sha256": default.weights_sha256,
    }
    text = CARD.format(
        **{key: json.dumps(value) for key, value in words.items()},  # what JSON quotes is a string in TOML too
        version=version,
        embedding_width=default.embedding_width,
        tags=len(default.tag_classes),
        labels=len(labels),
        width=default.input_width_px,
        height=default.input_height_px,
    )
    fresh = files.card.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(files.card)
