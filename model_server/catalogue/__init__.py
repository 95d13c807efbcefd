"""The models that the gallery knows: one TOML file each, readable with the standard library alone.

Beside the project's own there are those that `python -m model_server train` made: `own_folder` has a folder each.
The web process imports this package too, so nothing here may import TensorFlow or numpy.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from model_server.errors import CatalogueError, UnknownModelError

FOLDER = Path(__file__).parent
OWN_FOLDER = FOLDER.parent.parent / "data" / "catalogue"
ROLES = frozenset({"detector", "embedder", "tagger"})
OUTPUT_OF_ROLE = {"detector": "detections", "embedder": "embedding", "tagger": "probabilities"}


@dataclass(frozen=True)
class TagClass:
    """One class of a tagger: WordNet id ("n02123045") and name ("tabby")."""

    wnid: str
    name: str


@dataclass(frozen=True)
class WeightsFile:
    """Where a model's weights can be had, and what is known of them."""

    url: str
    megabytes: int
    """Roughly; for people."""
    sha256: str
    """In hex; empty if its publisher's digest isn't known."""
    md5: str
    """In hex, where the publisher names that one; it finds accidents, not attacks."""

    @property
    def name(self) -> str:
        """The file's name in the address."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class TextTower:
    """A second signature of a model, which puts words where their pictures are: CLIP's half for text."""

    signature: str
    input_name: str
    """int32 (n, length): ids of tokens, as `model_server.clip_tokens` makes them."""
    length: int
    vocabulary: Path
    """The merges of its tokenizer, one a line, gzipped."""


@dataclass(frozen=True)
class ModelCard:
    """What a served model takes, gives and comes from.

    ``labels[k - 1]`` names class_id ``k`` of the detections and column ``k - 1`` of label_scores;
    class_id 0 is background. ``tag_classes[j]`` belongs to column ``j`` of the probabilities.
    """

    name: str
    version: int
    title: str
    roles: frozenset[str]
    input_name: str
    input_width_px: int
    input_height_px: int
    outputs: Mapping[str, str]
    embedding_width: int
    labels: tuple[str, ...]
    tag_classes: tuple[TagClass, ...]
    licence: str
    weights_source: str
    weights_sha256: str
    builder: str = ""
    """The module of `model_server` that builds it."""
    architecture: Mapping[str, Any] = field(default_factory=dict)
    """Its builder's dimensions."""
    preprocessing: str = ""
    """What the graph does with pixels of 0..255 first; for people."""
    trained: Path | None = None
    """The file with what a training of this project made; None where everything was fetched."""
    download: WeightsFile | None = None
    """None where a package carries the weights."""
    text: TextTower | None = None
    files: tuple[Path, ...] = ()
    """The card's own file and those that it names."""


def own_folder() -> Path:
    """Return the folder of the models that were trained here: `GALLERY_CATALOGUE`, or one beside the gallery."""
    return Path(os.environ.get("GALLERY_CATALOGUE") or OWN_FOLDER)


def own_names() -> list[str]:
    """Return the names of the models that were trained here, sorted."""
    return sorted(name for name, path in _paths().items() if path.parent != FOLDER)


def names() -> list[str]:
    """Return the names of all models of the catalogue, sorted."""
    return sorted(_paths())


def _paths(trained_here: Path | None = None) -> dict[str, Path]:
    """Return the card of each model; one that was trained here can't take the name of another."""
    folder = trained_here or own_folder()
    own = {path.stem: path for path in folder.glob("*/*.toml") if path.stem == path.parent.name}
    return own | {path.stem: path for path in FOLDER.glob("*.toml")}


def cards(trained_here: Path | None = None) -> list[ModelCard]:
    """Return the card of each model of the catalogue, sorted by name; `trained_here` is `own_folder` unless given."""
    return [_read_once(path) for _, path in sorted(_paths(trained_here).items())]


def load_card(name: str) -> ModelCard:
    """Read the card of the model called *name*.

    Raises UnknownModelError if the catalogue has no such model, CatalogueError if its file is wrong.
    """
    paths = _paths()
    if name not in paths:
        raise UnknownModelError(f"no model is called {name!r}; the catalogue has: {', '.join(sorted(paths))}")
    return _read_once(paths[name])


@cache
def _read_once(path: Path) -> ModelCard:
    return read_card(path)


def read_card(path: Path) -> ModelCard:
    """Read one catalogue file; the label files that it names lie beside it. Raises CatalogueError."""
    try:
        with path.open("rb") as file:
            card = _card(tomllib.load(file), path)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CatalogueError(f"{path.name} is no model card: {error!r}") from error
    _check(card, path)
    return card


def _card(table: dict[str, Any], path: Path) -> ModelCard:
    folder, weights, text = path.parent, table["weights"], table.get("text")
    trained = weights.get("trained")
    named = [table.get("labels"), table.get("tag_classes"), text and text["vocabulary"], trained]
    return ModelCard(
        name=str(table["name"]),
        version=int(table["version"]),
        title=str(table["title"]),
        roles=frozenset(table["roles"]),
        input_name=str(table["input"]["name"]),
        input_width_px=int(table["input"]["width"]),
        input_height_px=int(table["input"]["height"]),
        outputs=dict(table["outputs"]),
        embedding_width=int(table.get("embedding_width", 0)),
        labels=_labels(folder, table.get("labels")),
        tag_classes=_tag_classes(folder, table.get("tag_classes")),
        licence=str(table["licence"]),
        weights_source=str(weights["source"]),
        weights_sha256=str(weights["sha256"]),
        builder=str(table.get("builder", "")),
        architecture=dict(table.get("architecture", {})),
        preprocessing=str(table["input"].get("preprocessing", "")),
        trained=folder / trained if trained else None,
        download=_download(weights) if "url" in weights else None,
        text=_text_tower(text, folder) if text else None,
        files=(path, *(folder / name for name in named if name)),
    )


def _download(weights: Mapping[str, Any]) -> WeightsFile:
    return WeightsFile(
        str(weights["url"]), int(weights["megabytes"]), str(weights["sha256"]), str(weights.get("md5", ""))
    )


def _text_tower(text: Mapping[str, Any], folder: Path) -> TextTower:
    return TextTower(str(text["signature"]), str(text["input"]), int(text["length"]), folder / text["vocabulary"])


def _labels(folder: Path, file_name: str | None) -> tuple[str, ...]:
    """Read one name a line; a model without a detector has no such file."""
    return tuple((folder / file_name).read_text("utf-8").splitlines()) if file_name else ()


def _tag_classes(folder: Path, file_name: str | None) -> tuple[TagClass, ...]:
    """Read lines of wnid, tab, name; a model that doesn't tag has no such file."""
    if not file_name:
        return ()
    lines = (folder / file_name).read_text("utf-8").splitlines()
    return tuple(TagClass(*line.split("\t")) for line in lines)


def _check(card: ModelCard, path: Path) -> None:
    """Raise CatalogueError where the card contradicts itself."""
    problems = []
    if card.name != path.stem:
        problems.append(f"name {card.name!r} differs from the file's")
    if not card.roles or card.roles - ROLES:
        problems.append(f"roles {sorted(card.roles)} must be among {sorted(ROLES)}")
    missing = [output for role, output in OUTPUT_OF_ROLE.items() if role in card.roles and output not in card.outputs]
    if missing:
        problems.append(f"outputs lack {missing}")
    if "detector" in card.roles and not card.labels:
        problems.append("a detector needs labels")
    if len(set(card.labels)) != len(card.labels):
        problems.append("labels repeat")
    if "embedder" in card.roles and card.embedding_width < 1:
        problems.append("an embedder needs embedding_width")
    if problems:
        raise CatalogueError(f"{path.name}: {'; '.join(problems)}")
