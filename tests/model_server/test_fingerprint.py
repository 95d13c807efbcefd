"""A build is up to date until something changes that it reads, and not a line elsewhere."""

import dataclasses
from pathlib import Path

import pytest

from model_server.catalogue import ModelCard, load_card
from model_server.fingerprint import inputs_fingerprint, sources_of


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package whose builder imports one module of a folder, which imports another."""
    folder = tmp_path / "models"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "builder.py").write_text("from models.parts import head\n")
    (folder / "parts" / "__init__.py").write_text("")
    (folder / "parts" / "head.py").write_text("import os\nfrom models.parts.sizes import WIDTH\n")
    (folder / "parts" / "sizes.py").write_text("WIDTH = 1\n")
    (folder / "elsewhere.py").write_text("")
    return folder


@pytest.fixture
def card() -> ModelCard:
    return dataclasses.replace(load_card("gallery_default"), builder="builder")


@pytest.mark.parametrize("changed", ["builder.py", "parts/head.py", "parts/sizes.py", "parts/__init__.py"])
def test_it_follows_all_that_the_builder_reads(package: Path, card: ModelCard, changed: str) -> None:
    before = inputs_fingerprint(card, package)
    assert inputs_fingerprint(card, package) == before
    (package / changed).write_text("WIDTH = 2\nfrom models.parts import head\n")
    assert inputs_fingerprint(card, package) != before


def test_it_leaves_the_rest_alone(package: Path, card: ModelCard) -> None:
    before = inputs_fingerprint(card, package)
    (package / "elsewhere.py").write_text("1")
    assert inputs_fingerprint(card, package) == before


def test_the_weights_that_training_made_are_among_the_cards_files() -> None:
    default = load_card("gallery_default")
    assert default.trained is not None
    assert default.trained in default.files


def test_the_card_is_one_of_its_inputs(package: Path, card: ModelCard, tmp_path: Path) -> None:
    own = tmp_path / "card.toml"
    own.write_text("1")
    card = dataclasses.replace(card, files=(own,))
    before = inputs_fingerprint(card, package)
    own.write_text("2")
    assert inputs_fingerprint(card, package) != before


def test_the_default_models_sources_are_found_without_those_of_other_models() -> None:
    names = {path.name for path in sources_of("gallery_default")}
    assert {"gallery_default.py", "efficientnet_lite.py", "checkpoint.py", "heads.py", "exporting.py"} <= names
    assert not {"train.py", "vgg16.py", "__main__.py"} & names
