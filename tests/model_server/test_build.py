"""A build happens when something changed, is whole or absent, and costs nothing otherwise."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from model_server import build as build_module
from model_server.build import build, is_built, older_versions, read_stamp
from model_server.catalogue import ModelCard, load_card
from model_server.errors import UnknownModelError, WeightsError
from model_server.weights_source import WeightsSource


class FakeExporter:
    """Writes a file where a SavedModel would be; counts, waits or breaks as told."""

    def __init__(self, *, breaks: bool = False, delay_s: float = 0.0) -> None:
        self.calls, self._breaks, self._delay_s = 0, breaks, delay_s

    def export(self, card: ModelCard, folder: Path) -> None:
        self.calls += 1
        (folder / "saved_model.pb").write_text(f"{card.name} {self.calls}")
        time.sleep(self._delay_s)
        if self._breaks:
            raise RuntimeError("the disk is full")


def test_a_second_build_does_nothing(tmp_path: Path) -> None:
    exporter = FakeExporter()
    folder, is_new = build("gallery_default", tmp_path, exporter)
    assert (folder, is_new) == (tmp_path / "gallery_default" / str(load_card("gallery_default").version), True)
    assert build("gallery_default", tmp_path, exporter) == (folder, False)
    assert exporter.calls == 1
    assert is_built(load_card("gallery_default"), tmp_path)
    assert not is_built(load_card("vgg16"), tmp_path)


def test_a_build_from_other_inputs_is_replaced(tmp_path: Path) -> None:
    folder, _ = build("gallery_default", tmp_path, FakeExporter())
    (folder / "build.json").write_text('{"inputs_sha256": "of another time"}')
    (folder / "leftover").touch()
    assert build("gallery_default", tmp_path, FakeExporter())[1]
    assert sorted(path.name for path in folder.iterdir()) == ["build.json", "saved_model.pb"]


@pytest.mark.parametrize("damage", ["build.json", "saved_model.pb"])
def test_a_damaged_build_is_made_anew(tmp_path: Path, damage: str) -> None:
    folder, _ = build("gallery_default", tmp_path, FakeExporter())
    (folder / damage).unlink()
    assert build("gallery_default", tmp_path, FakeExporter())[1]


def test_a_failed_build_leaves_the_old_model_and_no_version_of_its_own(tmp_path: Path) -> None:
    folder, _ = build("gallery_default", tmp_path, FakeExporter())
    (folder / "build.json").write_text('{"inputs_sha256": "of another time"}')
    with pytest.raises(RuntimeError, match="the disk is full"):
        build("gallery_default", tmp_path, FakeExporter(breaks=True))
    assert (folder / "saved_model.pb").read_text() == "gallery_default 1"
    versions = [path.name for path in folder.parent.iterdir() if path.name.isdigit()]
    assert versions == [folder.name]
    assert build("gallery_default", tmp_path, FakeExporter())[1]


def put_older(folder: Path, *versions: int) -> None:
    for version in versions:
        (folder / "vgg16" / str(version)).mkdir(parents=True)
        (folder / "vgg16" / str(version) / "saved_model.pb").touch()


def versions_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "vgg16").iterdir() if not path.name.startswith(".build")}


def test_a_newer_version_leaves_the_one_before_and_no_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fourth = replace(load_card("vgg16"), version=4)
    monkeypatch.setattr(build_module, "load_card", lambda name: fourth)
    put_older(tmp_path, 1, 2, 3, 9)
    build("vgg16", tmp_path, FakeExporter())
    assert versions_in(tmp_path) == {"3", "4", "9"}
    assert older_versions(fourth, tmp_path) == [tmp_path / "vgg16" / "3"]
    assert not build("vgg16", tmp_path, FakeExporter(), keep=1)[1]
    assert versions_in(tmp_path) == {"4", "9"}, "what a newer program built is left alone"


def test_of_two_builds_at_a_time_one_waits_and_finds_it_done(tmp_path: Path) -> None:
    exporter = FakeExporter(delay_s=0.3)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(build("gallery_default", tmp_path, exporter)[1]))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert exporter.calls == 1


def test_a_folder_without_a_build_has_no_stamp(tmp_path: Path) -> None:
    assert read_stamp(tmp_path / "nothing") is None
    (tmp_path / "build.json").write_text("[]")
    assert read_stamp(tmp_path) is None


def test_weights_for_a_model_that_brings_its_own_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="gallery_default takes no weights file"):
        build("gallery_default", tmp_path, weights=WeightsSource(given=tmp_path / "some.h5"))


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="gallery_default"):
        build("nonesuch", tmp_path)


def test_finding_a_build_up_to_date_needs_no_tensorflow(tmp_path: Path) -> None:
    build("gallery_default", tmp_path, FakeExporter())
    code = (
        "import sys; from model_server.__main__ import main;"
        f"assert main(['build', '--out', {str(tmp_path)!r}]) == 0;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().endswith("is up to date")
