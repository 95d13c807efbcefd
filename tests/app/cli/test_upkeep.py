import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import moving
from app.errors import BadParameter, GalleryError
from app.settings import Settings
from app.store.hdf5 import Hdf5Store
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder
from tests.app.cli.processes import serve
from tests.app.store.photos import damage
from tests.default_model import FEATURES as MODEL
from tests.photos import drawn_photo
from tests.waiting import wait_until


def test_a_whole_gallery_verifies(gallery: CommandLine, photos: MakeFolder) -> None:
    gallery.run("import", photos("one.jpg", "two.jpg"))
    found = gallery.json("verify")
    assert found["whole"]
    assert found["photos"] == gallery.json("status")["parts"]["gallery_file"]["photos"]
    assert found["checked_bytes"] > 2000
    assert gallery.run("verify").stdout.endswith("all is as it was stored.\n")


@pytest.fixture
def damaged(on_file: CommandLine, photos: MakeFolder) -> CommandLine:
    """Return the commands on a file with a damaged photo, `one.jpg`, and damaged features, those of `two.jpg`."""
    folder = photos("one.jpg", "two.jpg", "three.jpg")
    items = {item["filename"]: item for item in on_file.json("import", folder)["items"]}
    assert {item["state"] for item in items.values()} == {"ready"}
    store = Hdf5Store.open(on_file.settings.data)
    features = store.features(items["two.jpg"]["id"], MODEL)
    store.close()
    assert features is not None
    damage(on_file.settings.data, (folder / "one.jpg").read_bytes(), [500])
    damage(on_file.settings.data, features.embedding.tobytes(), [5])
    return on_file


def test_what_is_damaged_is_named(damaged: CommandLine) -> None:
    found = damaged.json("verify", code=1)
    assert not found["whole"]
    assert found["queued"] == 1
    damages = {(one["name"], one["part"], one["model"], one["recomputable"]) for one in found["damages"]}
    assert damages == {("one.jpg", "photo", None, False), ("two.jpg", "features", MODEL, True)}


def test_what_is_damaged_is_said_in_lines(damaged: CommandLine) -> None:
    lines = damaged.run("verify", code=1).stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("one.jpg (")
    assert "photo itself is damaged" in lines[0]
    assert lines[1].startswith("two.jpg (")
    assert "computed anew" in lines[1]
    assert "2 damages" in lines[2]


def test_what_is_left_of_a_damaged_photo_is_exported_under_another_name(damaged: CommandLine, tmp_path: Path) -> None:
    original = (tmp_path_of(damaged) / "one.jpg").read_bytes()
    result = damaged.run("export", tmp_path / "out", code=1)
    assert "one.jpg.damaged" in result.stderr
    left = (tmp_path / "out" / "one.jpg.damaged").read_bytes()
    assert len(left) == len(original)
    assert [at for at in range(len(left)) if left[at] != original[at]] == [500]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jpg")) == ["three.jpg", "two.jpg"]


def test_a_running_gallery_computes_damaged_features_anew(damaged: CommandLine, tmp_path: Path) -> None:
    with serve(damaged.settings, tmp_path) as running:
        running.url()
        found = damaged.json("verify", code=1)
        assert ("one.jpg", "photo") in {(one["name"], one["part"]) for one in found["damages"]}
        states = {item["state"] for item in damaged.json("import", tmp_path_of(damaged))["items"]}
        assert states == {"ready"}
        again = damaged.json("verify", code=1)
        assert {(one["name"], one["part"]) for one in again["damages"]} == {("one.jpg", "photo")}


def tmp_path_of(gallery: CommandLine) -> Path:
    """Return the folder from which the gallery's photos came."""
    (folder,) = gallery.settings.data.parent.parent.glob("photos*")
    return folder


def test_compacting_gives_back_what_deleted_photos_took(gallery: CommandLine, photos: MakeFolder) -> None:
    gallery.run("import", photos("one.jpg"))
    assert gallery.json("compact")["freed_bytes"] >= 0
    assert gallery.run("compact").stdout.endswith(" given back to the file system.\n")
    assert gallery.json("verify")["whole"]


def test_a_backup_is_a_gallery_with_the_same_photos(gallery: CommandLine, photos: MakeFolder, tmp_path: Path) -> None:
    (item,) = gallery.json("import", photos("one.jpg"))["items"]
    target = tmp_path / "elsewhere" / "copy of it"
    answer = gallery.json("backup", target)
    assert answer == {"file": str(target), "size_bytes": target.stat().st_size}
    copy = CommandLine(replace(gallery.settings, data=target))
    assert copy.json("verify")["photos"] == gallery.json("status")["parts"]["gallery_file"]["photos"]
    copy.run("export", tmp_path / "out")
    lines = (tmp_path / "out" / "photos.jsonl").read_text("utf-8").splitlines()
    assert item["id"] in {json.loads(line)["id"] for line in lines}
    assert list(target.parent.iterdir()) == [target]
    assert not list(gallery.settings.data.parent.glob("backup-*"))


def test_a_backup_goes_to_a_relative_path_and_is_said(
    gallery: CommandLine, photos: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.run("import", photos("one.jpg"), "--no-wait")
    monkeypatch.chdir(tmp_path)
    assert gallery.run("backup", "copy.h5").stdout.endswith(" backed up to copy.h5.\n")
    assert (tmp_path / "copy.h5").is_file()


def test_a_backup_never_replaces_anything(gallery: CommandLine, photos: MakeFolder, tmp_path: Path) -> None:
    gallery.run("import", photos("one.jpg"), "--no-wait")
    (tmp_path / "mine.h5").write_text("mine")
    (tmp_path / "link.h5").symlink_to("nowhere")
    for taken in (tmp_path / "mine.h5", tmp_path / "link.h5", tmp_path, gallery.settings.data):
        answer = gallery.json("backup", taken, code=1)
        assert answer["error"]["code"] == "bad_parameter"
        assert "exists already" in answer["error"]["message"]
    assert (tmp_path / "mine.h5").read_text() == "mine"


def test_a_backup_that_cannot_be_written_is_an_error_and_leaves_nothing(
    gallery: CommandLine, photos: MakeFolder, tmp_path: Path
) -> None:
    gallery.run("import", photos("one.jpg"), "--no-wait")
    (tmp_path / "file").write_text("no folder")
    result = gallery.run("backup", tmp_path / "file" / "copy.h5", code=1)
    assert len(result.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in result.stderr
    assert not list(gallery.settings.data.parent.glob("backup-*"))


def test_who_breaks_off_a_running_gallery_s_backup_is_told_where_it_will_be(
    on_server: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("app.cli.remote.time.sleep", interrupt)
        result = on_server.run("backup", tmp_path / "copy.h5", code=1)
    copy = Path(result.stderr.partition("look for ")[2].partition(".h5")[0] + ".h5")
    assert copy.parent == on_server.settings.data.parent
    wait_until(copy.exists, what="the backup's end")
    copy.unlink()
    assert not (tmp_path / "copy.h5").exists()


@pytest.mark.parametrize("command", [["verify"], ["compact"], ["backup", "nowhere.h5"]])
def test_upkeep_makes_no_file(on_file: CommandLine, command: list[str]) -> None:
    assert "There is no gallery file" in on_file.run(*command, code=1).stderr
    assert not on_file.settings.data.exists()
    assert not Path("nowhere.h5").exists()


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    """Return a file with room unused in it."""
    source = tmp_path / "source.h5"
    with source.open("wb") as file:
        file.write(drawn_photo(1))
        file.truncate(5_000_000)
        file.seek(3_000_000)
        file.write(drawn_photo(2))
    return source


@pytest.mark.parametrize("number", ["EXDEV", "EPERM", None])
def test_a_move_is_whole_on_any_disk(
    apart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str | None
) -> None:
    content = apart.read_bytes()
    if number is not None:
        refuse_links(monkeypatch, number, within=None if number == "EPERM" else apart)
    moving.make_folder(tmp_path / "new")
    moving.move_new_file(apart, tmp_path / "new" / "target.h5")
    assert (tmp_path / "new" / "target.h5").read_bytes() == content
    assert list(tmp_path.iterdir()) == [tmp_path / "new"]
    assert (tmp_path / "new" / "target.h5").stat().st_blocks * 512 < 3_000_000


@pytest.mark.parametrize("number", ["EXDEV", "EPERM", None])
def test_a_move_overwrites_nothing(
    apart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str | None
) -> None:
    if number is not None:
        refuse_links(monkeypatch, number, within=None if number == "EPERM" else apart)
    (tmp_path / "target.h5").write_text("mine")
    with pytest.raises(BadParameter, match="exists already"):
        moving.move_new_file(apart, tmp_path / "target.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["target.h5"]
    assert (tmp_path / "target.h5").read_text() == "mine"


def test_a_copy_for_which_there_is_no_room_leaves_nothing(
    apart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    refuse_links(monkeypatch, "EXDEV", within=apart)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GalleryError, match="No space left"):
        moving.move_new_file(apart, tmp_path / "target.h5")
    assert list(tmp_path.iterdir()) == []


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: str, within: Path | None) -> None:
    """Let links fail as on another disk, for one file or for all."""
    link = os.link

    def refuse(source: Path, target: Path) -> None:
        if within in (None, source):
            raise OSError(getattr(errno, number), "refused")
        link(source, target)

    monkeypatch.setattr(os, "link", refuse)


def test_a_password_is_asked_for(model_server_address: str, tmp_path: Path, photos: MakeFolder) -> None:
    settings = Settings(data=tmp_path / "gallery.h5", model_server=model_server_address, password="open sesame")
    with serve(settings, tmp_path) as served:
        served.url()
        assert CommandLine(settings).json("verify")["whole"]
        wrong = CommandLine(replace(settings, password="wrong"))
        for command in (["verify"], ["compact"], ["backup", str(tmp_path / "copy.h5")]):
            assert wrong.json(*command, code=1)["error"]["code"] == "access_denied"
