import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.domain import SimilarityMethod
from app.settings import Settings
from tests.app.cli.command_line import CommandLine
from tests.photos import cat_jpeg, coffee_jpeg, encoded

Ids = dict[str, str]


@pytest.fixture(scope="session", params=["on_server", "on_file"])
def gallery(
    request: pytest.FixtureRequest, served_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> CommandLine:
    """Return the commands on a gallery that holds the photos of `cat_and_coffee`: a running one, then a file."""
    if request.param == "on_server":
        return CommandLine(served_settings)
    return CommandLine(replace(served_settings, data=tmp_path_factory.mktemp("filled") / "gallery.h5"))


@pytest.fixture(scope="session")
def cat_and_coffee(gallery: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Ids:
    """Import two photos; return the id of each by its name."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "cat.jpg").write_bytes(cat_jpeg())
    (folder / "coffee.jpg").write_bytes(coffee_jpeg())
    return {item["filename"]: item["id"] for item in gallery.json("import", folder)["items"]}


def test_words_find_photos(gallery: CommandLine, cat_and_coffee: Ids) -> None:
    answer = gallery.json("search", "kitty", "--limit", 500)
    assert answer["items"][0]["id"] == cat_and_coffee["cat.jpg"]
    assert answer["items"][0]["why"][0]["word"] == "kitty"


def test_hits_are_lines_for_people(gallery: CommandLine, cat_and_coffee: Ids) -> None:
    lines = gallery.run("search", "cat", "--limit", 1, "--mode", "classic").stdout.splitlines()
    assert len(lines) == 1
    assert re.match(r"[ ~] *-?\d\.\d{4}  [0-9a-f]{32}  \S+", lines[0])


def test_unknown_words_are_an_error_in_both_forms(gallery: CommandLine, cat_and_coffee: Ids) -> None:
    result = gallery.run("search", "qwrtzpsdf", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert gallery.json("search", "qwrtzpsdf", code=1)["error"]["code"] == "unknown_words"


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--limit", "-1"], ["--limit", "x"], ["--mode", "none"]])
def test_a_wrong_option_is_a_wrong_command_line(on_file: CommandLine, arguments: list[str]) -> None:
    assert "Usage:" in on_file.run("search", "cat", *arguments, code=2).stderr


@pytest.mark.parametrize("method", list(SimilarityMethod))
def test_a_stored_photo_finds_others(gallery: CommandLine, cat_and_coffee: Ids, method: SimilarityMethod) -> None:
    answer = gallery.json("similar", cat_and_coffee["cat.jpg"], "--method", method, "--limit", 500)
    found = [item["id"] for item in answer["items"]]
    assert cat_and_coffee["cat.jpg"] not in found


def test_a_file_finds_itself_among_the_stored(gallery: CommandLine, cat_and_coffee: Ids, tmp_path: Path) -> None:
    smaller = Image.open(BytesIO(cat_jpeg())).resize((225, 150))
    (tmp_path / "smaller.jpg").write_bytes(encoded(smaller))
    photos_before = gallery.json("status")["parts"]["gallery_file"]["photos"]
    answer = gallery.json("similar", tmp_path / "smaller.jpg")
    assert answer["items"][0]["id"] == cat_and_coffee["cat.jpg"]
    assert gallery.json("status")["parts"]["gallery_file"]["photos"] == photos_before


def test_a_sheet_shows_the_query_and_what_was_found(
    gallery: CommandLine, cat_and_coffee: Ids, tmp_path: Path
) -> None:
    (tmp_path / "cat.jpg").write_bytes(cat_jpeg())
    for photo in (cat_and_coffee["cat.jpg"], tmp_path / "cat.jpg"):
        sheet = tmp_path / f"sheet of {Path(photo).name}.png"
        gallery.run("similar", photo, "--sheet", sheet, "--limit", 1)
        with Image.open(sheet) as picture:
            assert picture.format == "PNG"
            assert picture.width > picture.height


def test_a_sheet_that_cannot_be_written_is_said_at_once(on_file: CommandLine, tmp_path: Path) -> None:
    assert "out.png" in on_file.run("similar", "x", "--sheet", tmp_path / "out.jpg", code=1).stderr
    assert "no folder" in on_file.run("similar", "x", "--sheet", tmp_path / "no" / "out.png", code=1).stderr


def test_what_is_neither_a_file_nor_an_id_is_an_error(gallery: CommandLine, cat_and_coffee: Ids) -> None:
    assert "neither a file nor the id" in gallery.run("similar", "no-such.jpg", code=1).stderr
    assert gallery.json("similar", "0" * 32, code=1)["error"]["code"] == "photo_not_found"


def test_a_file_that_is_no_picture_is_an_error(gallery: CommandLine, cat_and_coffee: Ids, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("notes")
    assert gallery.json("similar", tmp_path / "notes.jpg", code=1)["error"]["code"] == "unsupported_image"
