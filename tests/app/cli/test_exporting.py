import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.exporting import UniqueNames
from app.services.photo_ids import photo_id_of
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder
from tests.photos import drawn_photo


def test_an_export_holds_the_originals_and_all_that_is_known(
    gallery: CommandLine, photos: MakeFolder, tmp_path: Path
) -> None:
    folder = photos("same.jpg", "other/same.jpg", "third/SAME.JPG")
    imported = gallery.json("import", folder, "--recursive")["items"]
    answer = gallery.json("export", tmp_path / "out")
    assert answer["failed"] == []
    entries = {entry["id"]: entry for entry in json.loads((tmp_path / "out" / "photos.json").read_text())["photos"]}
    assert answer["exported"] == len(entries) == len(list((tmp_path / "out").iterdir())) - 1
    for item in imported:
        entry = entries[item["id"]]
        assert (tmp_path / "out" / entry["file"]).read_bytes() == Path(item["source"]).read_bytes()
        assert entry["name"] == Path(item["source"]).name
        assert {"objects", "tags", "exif", "added_at"} <= entry.keys()


def test_importing_an_export_gives_the_same_photos(on_file: CommandLine, photos: MakeFolder, tmp_path: Path) -> None:
    imported = on_file.json("import", photos("one.jpg", "two.jpg", "odd name.png"), "--no-wait")
    on_file.run("export", tmp_path / "out")
    second = CommandLine(replace(on_file.settings, data=tmp_path / "second.h5"))
    again = second.json("import", tmp_path / "out", "--no-wait")
    assert {item["id"] for item in again["items"]} == {item["id"] for item in imported["items"]}
    assert again["failed"] == again["duplicates"] == 0


def test_nothing_is_overwritten(on_file: CommandLine, photos: MakeFolder) -> None:
    folder = photos("one.jpg")
    on_file.run("import", folder, "--no-wait")
    assert "not empty" in on_file.run("export", folder, code=1).stderr
    assert not (folder / "photos.json").exists()


def test_an_empty_gallery_exports_an_empty_list(on_file: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"")
    on_file.run("import", tmp_path / "bad.jpg", code=1)
    on_file.run("export", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "photos.json").read_text()) == {"photos": []}


def test_a_photo_without_a_suffix_can_be_imported_again(on_file: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bare").write_bytes(drawn_photo(7, kind="PNG"))
    on_file.run("import", tmp_path / "bare", "--no-wait")
    on_file.run("export", tmp_path / "out")
    assert photo_id_of((tmp_path / "out" / "bare.png").read_bytes()) == photo_id_of((tmp_path / "bare").read_bytes())


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("photos.json", "photos.json.jpg"),
        ("../up.jpg", "_up.jpg"),
        ("/etc/passwd", "_etc_passwd.jpg"),
        (".hidden.jpg", "hidden.jpg"),
        (".jpg", "photo.jpg"),
        ("ü" * 130 + ".png", "ü" * 100 + ".png"),
    ],
)
def test_a_name_cannot_do_harm(name: str, file_name: str) -> None:
    assert UniqueNames().take(name, "image/jpeg") == file_name


def test_names_differ_without_regard_to_case_and_composition() -> None:
    names = UniqueNames()
    taken = [
        names.take(name, "image/jpeg")
        for name in ("a.jpg", "A.jpg", "a (2).jpg", "a.jpg", "\u00e9.jpg", "e\u0301.jpg")
    ]
    assert taken == ["a.jpg", "A (2).jpg", "a (2) (2).jpg", "a (3).jpg", "\u00e9.jpg", "e\u0301 (2).jpg"]
