import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.export_format import OWN_NAMES
from app.cli.exporting import UniqueNames
from app.errors import PhotoNotFound, StoreError
from app.services.photo_ids import photo_id_of
from tests import default_model
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder
from tests.photos import drawn_photo


def listed(folder: Path) -> list[dict[str, Any]]:
    """Return what stands in an export's list."""
    return [json.loads(line) for line in (folder / "photos.jsonl").read_text("utf-8").splitlines()]


def test_an_export_holds_the_originals_and_all_that_is_known(
    gallery: CommandLine, photos: MakeFolder, tmp_path: Path
) -> None:
    folder = photos("same.jpg", "other/same.jpg", "third/SAME.JPG")
    imported = gallery.json("import", folder, "--recursive")["items"]
    answer = gallery.json("export", tmp_path / "out")
    assert answer["failed"] == answer["incomplete"] == []
    entries = {entry["id"]: entry for entry in listed(tmp_path / "out")}
    assert answer["exported"] == len(entries) == len(list((tmp_path / "out").iterdir())) - len(OWN_NAMES)
    for item in imported:
        entry = entries[item["id"]]
        assert (tmp_path / "out" / entry["file"]).read_bytes() == Path(item["source"]).read_bytes()
        assert entry["name"] == Path(item["source"]).name
        assert {"objects", "tags", "exif", "added_at"} <= entry.keys()
        assert entry["features"].keys() == {default_model.FEATURES}


def test_the_oldest_photo_comes_first(on_file: CommandLine, photos: MakeFolder, tmp_path: Path) -> None:
    on_file.run("import", photos("b.jpg", "c.jpg", "d.jpg"), "--no-wait")
    on_file.run("import", photos("a.jpg"), "--no-wait")
    on_file.run("export", tmp_path / "out")
    assert [entry["name"] for entry in listed(tmp_path / "out")] == ["b.jpg", "c.jpg", "d.jpg", "a.jpg"]


def test_the_explanation_in_an_export_is_true(
    on_file: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_file.run("import", photos("one.jpg", "two.jpg"))
    on_file.run("export", tmp_path / "out")
    text = (tmp_path / "out" / "README.txt").read_text("utf-8")
    program = "\n".join(line[4:] for line in text.partition("In Python:\n")[2].splitlines())
    monkeypatch.chdir(tmp_path / "out")
    names: dict[str, Any] = {}
    exec(program, names)  # the very lines that people are told to write
    assert names["likeness"]["one.jpg"] == pytest.approx(1, abs=1e-5)
    assert names["likeness"]["two.jpg"] < 1
    (model,) = (tmp_path / "out" / "features").iterdir()
    for path in model.iterdir():
        array = np.load(path)
        assert f"    {path.stem} " in text
        assert (
            f"{array.dtype} (rows{''.join(f', {length}' for length in array.shape[1:])})".replace("1280", "width")
            in text
        )
    assert [key for key in listed(tmp_path / "out")[0] if key not in text.partition("features/MODEL")[0]] == [
        "models"
    ]


def test_nothing_is_overwritten(on_file: CommandLine, photos: MakeFolder) -> None:
    folder = photos("one.jpg")
    on_file.run("import", folder, "--no-wait")
    assert "not empty" in on_file.run("export", folder, code=1).stderr
    assert [path.name for path in folder.iterdir()] == ["one.jpg"]


def test_an_empty_gallery_exports_an_empty_list(on_file: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"")
    on_file.run("import", tmp_path / "bad.jpg", code=1)
    on_file.run("export", tmp_path / "out")
    assert listed(tmp_path / "out") == []
    assert on_file.run("import", tmp_path / "out").stdout == "0 imported, 0 were there already, 0 failed.\n"


def test_a_photo_without_a_suffix_can_be_imported_again(on_file: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bare").write_bytes(drawn_photo(7, kind="PNG"))
    on_file.run("import", tmp_path / "bare", "--no-wait")
    on_file.run("export", tmp_path / "out")
    assert photo_id_of((tmp_path / "out" / "bare.png").read_bytes()) == photo_id_of((tmp_path / "bare").read_bytes())


def test_an_export_onto_a_full_disk_says_so_and_is_no_export(
    on_file: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        if path.name == "two.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(data)

    on_file.run("import", photos("one.jpg", "two.jpg"), "--no-wait")
    monkeypatch.setattr("app.cli.exporting.write_new", full)
    result = on_file.run("export", tmp_path / "out", code=1)
    assert "No space left" in result.stderr
    assert "not complete" in result.stderr
    assert not (tmp_path / "out" / "photos.jsonl").exists()
    monkeypatch.undo()
    assert "broken off" in on_file.run("export", tmp_path / "out", code=1).stderr
    on_file.run("export", tmp_path / "new")


def test_a_photo_whose_features_can_not_be_read_is_exported_without(
    on_file: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise StoreError("The features are damaged.")

    on_file.run("import", photos("one.jpg"))
    monkeypatch.setattr("app.services.transfer.Transfer.features", damaged)
    monkeypatch.setattr("app.services.library.Library.details", damaged)
    result = on_file.run("export", tmp_path / "out", code=1)
    assert result.stdout == f"1 photos exported to {tmp_path / 'out'}, 0 failed.\n"
    assert "The features are damaged. It is exported without its features." in result.stderr
    (entry,) = listed(tmp_path / "out")
    assert (entry["name"], entry["state"], entry["features"]) == ("one.jpg", "ready", {})
    assert (tmp_path / "out" / "one.jpg").exists()


def test_a_photo_that_is_deleted_meanwhile_is_left_out(
    on_file: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted(*_: object, **__: object) -> None:
        raise PhotoNotFound("It was deleted.")

    on_file.run("import", photos("one.jpg"), "--no-wait")
    monkeypatch.setattr("app.services.library.Library.original", deleted)
    answer = on_file.json("export", tmp_path / "out")
    assert (answer["exported"], answer["failed"], answer["incomplete"]) == (0, [], [])


def test_a_name_that_the_file_system_refuses_gives_way_to_the_id(
    on_file: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_colons(path: Path, data: bytes) -> None:
        if ":" in path.name:
            raise OSError(errno.EINVAL, "Invalid argument")
        path.write_bytes(data)

    (item,) = on_file.json("import", photos("10:30.png"), "--no-wait")["items"]
    monkeypatch.setattr("app.cli.exporting.write_new", without_colons)
    on_file.run("export", tmp_path / "out")
    (entry,) = listed(tmp_path / "out")
    assert (entry["file"], entry["name"]) == (f"{item['id']}.png", "10:30.png")


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("photos.jsonl", "photos.jsonl.jpg"),
        ("features", "features.jpg"),
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
