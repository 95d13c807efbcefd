"""The catalogue is complete, consistent, and cheap to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from model_server.catalogue import cards, load_card, names, own_names, read_card
from model_server.errors import CatalogueError, UnknownModelError

CARD = """
name = "small"
version = 3
title = "A small one"
roles = ["embedder"]
embedding_width = 16
licence = "MIT"
[input]
name = "image"
width = 32
height = 24
[outputs]
embedding = "float32 [n, 16]"
[weights]
source = "nowhere"
sha256 = "00"
"""


def test_default_model_has_coco_labels_and_imagenet_tags() -> None:
    card = load_card("gallery_default")
    assert (len(card.labels), card.labels[0], card.labels[16], card.labels[-1]) == (
        80,
        "person",
        "dog",
        "toothbrush",
    )
    assert len(card.tag_classes) == 1000
    assert (card.tag_classes[281].wnid, card.tag_classes[281].name) == ("n02123045", "tabby")
    assert card.roles == {"detector", "embedder", "tagger"}
    assert (card.input_name, card.input_width_px, card.input_height_px) == ("image", 300, 300)


def test_tag_classes_are_in_wordnet_order_and_their_names_differ() -> None:
    tag_classes = load_card("gallery_default").tag_classes
    wnids = [tag_class.wnid for tag_class in tag_classes]
    assert wnids == sorted(wnids)
    assert len({tag_class.name.lower() for tag_class in tag_classes}) == 1000


def test_every_card_of_the_catalogue_loads() -> None:
    assert [card.name for card in cards()] == names()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"'galery'.*gallery_default"):
        load_card("galery")


def test_a_model_needs_only_the_files_of_its_roles(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(CARD)
    card = read_card(tmp_path / "small.toml")
    assert (card.version, card.labels, card.tag_classes) == (3, (), ())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "small"', 'name = "other"', "differs from the file's"),
        ('["embedder"]', '["painter"]', "painter"),
        ('["embedder"]', '["detector"]', "a detector needs labels"),
        ("embedding_width = 16", "embedding_width = 0", "needs embedding_width"),
        ('embedding = "float32', 'other = "float32', "outputs lack"),
        ("width = 32", 'width = "wide"', "no model card"),
        ("version = 3", "", "no model card"),
        ("[input]", "[[input", "no model card"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    (tmp_path / "small.toml").write_text(CARD.replace(old, new, 1))
    with pytest.raises(CatalogueError, match=complaint):
        read_card(tmp_path / "small.toml")


def test_reading_the_catalogue_imports_nothing_heavy() -> None:
    code = (
        "import sys; from model_server.catalogue import load_card; load_card('gallery_default');"
        "sys.exit(bool({'numpy', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_own_models_stand_beside_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLERY_CATALOGUE", str(tmp_path))
    for folder in ("small", "gallery_default", "unfinished"):
        (tmp_path / folder).mkdir()
    (tmp_path / "small" / "small.toml").write_text(CARD)
    (tmp_path / "gallery_default" / "gallery_default.toml").write_text(CARD)
    assert own_names() == ["small"]
    assert {"small", "gallery_default"} <= set(names())
    assert load_card("small").embedding_width == 16
    assert len(load_card("gallery_default").labels) == 80
    monkeypatch.delenv("GALLERY_CATALOGUE")
    assert "small" in {card.name for card in cards(tmp_path)}
