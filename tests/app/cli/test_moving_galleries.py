"""A gallery that is exported and imported is the same gallery, and nothing has to be computed anew for that."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from app import open_gallery
from app.cli.access import Access
from app.domain import Features, PhotoId
from app.settings import Settings
from app.store.hdf5 import Hdf5Store
from tests import default_model
from tests.app.cli.command_line import CommandLine
from tests.app.cli.test_exporting import listed
from tests.photos import astronaut_jpeg, cat_jpeg, drawn_photo

MODEL = default_model.FEATURES
NAMES = [
    "cat.jpg",
    "one/CAT.JPG",
    "two/cat.jpg",
    'zwei \u00fc \u65e5\u672c "2".jpeg',
    "-rf.png",
    "Screenshot 10.00.00\u202fAM.png",
    "caf\u00e9.jpg",
    "three/cafe\u0301.jpg",
    "features",
    "photos.jsonl",
    ".hidden.jpg",
    "x" * 250 + ".jpg",
    "con:aux?*.jpg",
]


def second_features(seed: int) -> Features:
    """Return what another model might say."""
    random = np.random.default_rng(seed)
    return Features(
        detections=np.zeros((20, 6), np.float32),
        word_vector=random.normal(size=50).astype(np.float32),
        embedding=random.normal(size=96).astype(np.float32),
        tag_ids=random.integers(0, 1000, 10).astype(np.int32),
        tag_probabilities=random.random(10).astype(np.float32),
        label_scores=random.random(80).astype(np.float32),
    )


@pytest.fixture(scope="module")
def source(model_server_address: str, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Return a gallery with odd names, a failed photo, one that waits, a deleted one, and features by two models."""
    folder = tmp_path_factory.mktemp("source")
    commands = CommandLine(Settings(data=folder / "gallery.h5", model_server=model_server_address))
    for number, name in enumerate(NAMES):
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes({0: cat_jpeg(), 3: astronaut_jpeg()}.get(number) or drawn_photo(7000 + number))
    files = [folder / "photos" / name for name in NAMES]
    items = commands.json("import", *files)["items"]
    store = Hdf5Store.open(folder / "gallery.h5")
    ids = [PhotoId(item["id"]) for item in items]
    store.delete(ids[4])
    store.finish("second", {photo_id: second_features(seed) for seed, photo_id in enumerate(ids[:6])})
    store.fail(ids[5], "The model refused it: zu gro\u00df.")
    store.retry(ids[6], MODEL)
    store.saved_searches.add("like this", json.dumps({"examples": [{"id": ids[0], "weight": 2.0}], "method": "ssd"}))
    store.saved_searches.add("tall", json.dumps({"q": "is:portrait", "mode": "late"}))
    store.close()
    return commands


@pytest.fixture(scope="module")
def export(source: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the export of that gallery."""
    folder = tmp_path_factory.mktemp("export") / "out"
    source.run("export", folder)
    return folder


@pytest.fixture
def edited(export: Path, tmp_path: Path) -> Path:
    """Return a copy of the export to change."""
    return Path(shutil.copytree(export, tmp_path / "edited"))


@pytest.fixture
def target(tmp_path: Path, source: CommandLine) -> CommandLine:
    """Return an empty gallery whose model server isn't there."""
    settings = replace(source.settings, data=tmp_path / "target" / "gallery.h5", model_server="127.0.0.1:9")
    return CommandLine(settings)


def everything(commands: CommandLine) -> list[dict[str, Any]]:
    """Return all that can be had of a gallery's photos through its services, newest first."""
    with Access(commands.settings, open_gallery).gateway() as gateway:
        return [
            {
                "details": gateway.details(photo["id"]),
                "original": gateway.original(photo["id"]),
                "thumbnails": [gateway.thumbnail(photo["id"], size) for size in (256, 512)],
                "features": {
                    model: {name: array.tobytes() for name, array in vars(features).items()}
                    for model, features in gateway.features(photo["id"]).items()
                },
            }
            for photo in gateway.photos()
        ]


PLACES = {"segment", "offset", "thumbnail_segment", "thumbnail_offset", "row_crc32", "features"}


def stored_rows(path: Path) -> dict[str, list[Any]]:
    """Read with h5py what stands in a gallery file of each living photo, but for the places of its bytes."""
    with h5py.File(path) as file:
        images = file["images"][:]
        living = np.flatnonzero(images["deleted"] == 0)
        found = {name: images[name][living].tolist() for name in images.dtype.names if name not in PLACES}
        found["jobs"] = [tuple(file["jobs"][row][name] for name in ("pending", "model")) for row in living.tolist()]
        for model in file["checksums"]:
            bit = int(file[f"checksums/{model}/crc32"].attrs["bit"])
            rows = [row for row in living.tolist() if int(images["features"][row]) >> bit & 1]
            found[f"{model} of"] = images["id"][rows].tolist()
            found[f"{model} checksums"] = file[f"checksums/{model}/crc32"][:][rows].tolist()
            found[f"{model} embeddings"] = file[f"embeddings/{model}/vectors"][:][rows].tolist()
        return found


def saved(commands: CommandLine) -> list[tuple[str, Any]]:
    """Return the saved searches' names and what they are."""
    with Access(commands.settings, open_gallery).gateway() as gateway:
        return [(one["name"], one["search"]) for one in gateway.searches()]


def test_saved_searches_come_along_once(source: CommandLine, export: Path, target: CommandLine) -> None:
    target.run("import", export, "--no-wait")
    target.run("import", export, "--no-wait")
    assert len(saved(source)) == 2
    assert saved(target) == saved(source)


def test_saved_searches_that_cannot_be_read_or_done_are_said_and_keep_no_photo_back(
    edited: Path, target: CommandLine
) -> None:
    (edited / "saved_searches.json").write_text('[{"name": "odd", "search": {"q": "dog>="}}]')
    assert "'odd' can't be taken over" in target.run("import", edited, "--no-wait").stderr
    (edited / "saved_searches.json").write_text("{")
    assert "no saved search comes with it" in target.run("import", edited, "--no-wait").stderr


def test_an_import_of_an_export_is_the_same_gallery(source: CommandLine, export: Path, target: CommandLine) -> None:
    result = target.run("import", export, "--no-wait")
    assert result.stdout == f"{len(NAMES) - 1} imported, 0 were there already, 0 failed.\n"
    assert result.stderr == ""
    assert everything(target) == everything(source)
    assert stored_rows(target.settings.data) == stored_rows(source.settings.data)
    states = {entry["state"] for entry in listed(export)}
    assert states == {"ready", "failed", "stored"}


def test_an_import_twice_changes_nothing(export: Path, target: CommandLine) -> None:
    target.run("import", export, "--no-wait")
    before = everything(target)
    again = target.json("import", export, "--no-wait")
    assert (again["imported"], again["duplicates"], again["failed"]) == (0, len(NAMES) - 1, 0)
    assert everything(target) == before


def test_a_running_gallery_takes_it_over_and_gives_it_away_unchanged(
    source: CommandLine, export: Path, on_server: CommandLine, tmp_path: Path
) -> None:
    on_server.run("export", tmp_path / "before")
    there = {entry["id"] for entry in listed(tmp_path / "before")}  # by other tests: these keep what they have
    wanted = [entry for entry in listed(export) if entry["state"] != "stored" and entry["id"] not in there]
    assert wanted
    on_server.run("import", export)
    on_server.run("export", tmp_path / "again")
    found = {entry["id"]: entry for entry in listed(tmp_path / "again")}
    for entry in wanted:
        told = found[entry["id"]]
        assert (tmp_path / "again" / told["file"]).read_bytes() == (export / entry["file"]).read_bytes()
        assert checksums(told) == checksums(entry)
        passed_over = ("file", "features")
        assert {k: v for k, v in told.items() if k not in passed_over} == {
            k: v for k, v in entry.items() if k not in passed_over
        }
        on_server_order = [photo_id for photo_id in found if photo_id in {one["id"] for one in wanted}]
    assert on_server_order == [entry["id"] for entry in wanted]


def checksums(entry: dict[str, Any]) -> dict[str, str]:
    return {model: place["crc32"] for model, place in entry["features"].items()}


def test_a_folder_changed_by_hand_comes_in_as_far_as_it_fits(edited: Path, target: CommandLine) -> None:
    entries = {entry["name"]: entry for entry in listed(edited)}
    gone, changed = entries["CAT.JPG"], entries["caf\u00e9.jpg"]
    (edited / gone["file"]).unlink()
    (edited / changed["file"]).write_bytes(drawn_photo(8001))
    (edited / "added.jpg").write_bytes(drawn_photo(8002))
    (edited / "notes.txt").write_text("notes")
    result = target.run("import", edited, "--no-wait")
    assert result.stdout.startswith(f"{len(NAMES) - 1} imported, 0 were there already, 0 failed.")
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    assert f"{edited / gone['file']} isn't there any more" in lines[0]
    assert any(str(edited / changed["file"]) in line and "changed since the export" in line for line in lines)
    assert any("added.jpg" in line and "isn't in photos.jsonl" in line for line in lines)
    assert "1 other files" in lines[-1]
    new = {photo["details"]["name"]: photo for photo in everything(target)}
    assert new["added.jpg"]["features"] == new[changed["file"]]["features"] == {}
    assert gone["name"] not in new
    assert len(new["cat.jpg"]["features"]) == 2


def test_features_by_the_model_in_use_that_are_damaged_are_computed_anew(
    edited: Path, source: CommandLine, target: CommandLine
) -> None:
    path = edited / "features" / MODEL / "label_scores.npy"
    array = np.load(path)
    array[0] += 0.25
    np.save(path, array)
    (place,) = [entry for entry in listed(edited) if entry["features"].get(MODEL, {}).get("row") == 0]
    working = CommandLine(replace(target.settings, model_server=source.settings.model_server))
    result = working.run("import", edited)
    assert "aren't those that were exported with this photo" in result.stderr
    assert "it is looked at anew" in result.stderr
    assert len(result.stderr.splitlines()) == 2
    before = {photo["details"]["id"]: photo for photo in everything(source)}
    after = {photo["details"]["id"]: photo for photo in everything(working)}
    assert after[place["id"]]["details"]["state"] == "ready"
    assert after[place["id"]]["details"]["added_at"] == before[place["id"]]["details"]["added_at"]
    assert MODEL in after[place["id"]]["features"]


def test_an_export_is_found_among_other_folders(edited: Path, tmp_path: Path, target: CommandLine) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    shutil.move(edited, folder / "inner")
    (folder / "other.jpg").write_bytes(drawn_photo(8003))
    answer = target.json("import", folder, "--recursive", "--no-wait")
    assert (answer["imported"], answer["skipped"]) == (len(NAMES), 0)
    assert [item["state"] for item in answer["items"]].count("ready") == len(NAMES) - 3
