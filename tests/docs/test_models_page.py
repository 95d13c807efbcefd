"""The page about models says what the catalogue and the measurement say."""

import json

import pytest

from model_server.__main__ import main
from model_server.catalogue import ModelCard, cards
from model_server.fingerprint import PACKAGE

PAGE = (PACKAGE.parent / "docs" / "models.md").read_text("utf-8")


def cells(start: str) -> list[str]:
    """Return the cells of the first row that begins with *start*."""
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_each_model_has_its_row(card: ModelCard) -> None:
    _, finds, vector, download, licence = cells(f"`{card.name}`")
    assert ("boxes" in finds) == ("detector" in card.roles)
    assert ("tags" in finds) == ("tagger" in card.roles)
    assert ("likeness" in finds) == ("embedder" in card.roles)
    assert vector == (f"{card.embedding_width:,}" if card.embedding_width else "none")
    assert download == f"{card.download.megabytes} MB" if card.download else download.startswith("none")
    assert licence.split(";")[0] in card.licence


def test_precision_is_what_was_measured() -> None:
    measured = json.loads((PACKAGE / "weights" / "measurement.json").read_text("utf-8"))
    for start, key in (("boxes of `gallery_default`", "map50"), ("its labels for whole photos", "label_map")):
        assert cells(start)[1:] == [f"{measured[part][key]:.3f}" for part in ("coco80", "voc20")]


def test_its_commands_and_their_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    start = ".venv/bin/python -m model_server "
    written = [line.strip().removeprefix(start).split() for line in PAGE.splitlines() if start in line]
    assert {"list", "build", "measure"} <= {command for command, *_ in written}
    for command, *words in written:
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0
        told = capsys.readouterr().out
        assert all(word in told for word in words if word.startswith("--"))
