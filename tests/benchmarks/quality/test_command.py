"""The whole measurement, on a small folder of photos that may be shown, with the real model server."""

import json
from pathlib import Path

import pytest

from app.inference.fake import FakeModelClient, Fault
from app.inference.grpc_client import GrpcModelClient
from benchmarks.quality.__main__ import Options, measure
from benchmarks.quality.tables import Cell, Result, Table
from tests.benchmarks.quality.test_photos import box, write_lines
from tests.photos import astronaut_jpeg, cat_jpeg, drawn_photo

PLAIN_PHOTOS = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two photos of a cat, one of a person and some of nothing, and with tagged objects."""
    folder = tmp_path_factory.mktemp("labelled")
    labelled = {
        "cat.jpg": (cat_jpeg(), "cat"),
        "same_cat.jpg": (cat_jpeg() + b" ", "cat"),
        "astronaut.jpg": (astronaut_jpeg(), "person"),
    }
    plain = {f"{seed}.jpg": (drawn_photo(seed, 64, 64), None) for seed in range(PLAIN_PHOTOS)}
    (folder / "detection" / "eval").mkdir(parents=True)
    entries: list[dict[str, object]] = []
    for name, (data, label) in (labelled | plain).items():
        (folder / "detection" / "eval" / name).write_bytes(data)
        entries.append({"file": name, "vocab": "coco80", "complete": True, "boxes": [box(label)] if label else []})
    write_lines(folder / "detection" / "eval.jsonl", entries)
    (folder / "objects").mkdir()
    for name in ("cat.jpg", "astronaut.jpg"):
        (folder / "objects" / name).write_bytes(labelled[name][0])
    cat: dict[str, object] = {"file": "cat.jpg", "wnid": "n02124075", "label": "Egyptian cat"}
    astronaut: dict[str, object] = {"file": "astronaut.jpg", "wnid": "n04266014", "label": "space shuttle"}
    write_lines(folder / "objects.jsonl", [cat, astronaut])
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def results(folder: Path, kept: Path, model_server_address: str) -> list[Result]:
    """Measure once, with the real model server."""
    client = GrpcModelClient(model_server_address)
    try:
        return measure(Options(folder, kept, show=True, client=client))
    finally:
        client.close()


def test_words_find_what_photos_show(results: list[Result]) -> None:
    (table,) = results[0].tables
    by_class_name = dict(zip(table.columns, table.rows[0], strict=True))
    assert by_class_name["queries by"] == "class name"
    assert by_class_name["queries"] == 2  # cat and person: nothing else is shown
    assert by_class_name["MAP late"] == 1


def test_photos_of_the_same_thing_are_found_and_the_boxes_of_a_photo_find_it(results: list[Result]) -> None:
    _, _, alike, layout, _, _ = (result.tables[0] for result in results)
    assert by_name(alike)["hybrid"] == 1
    assert "2 of 23" in alike.title  # the cats: no other photo shows what the astronaut's does
    shares = {row[0]: row[2] for row in layout.rows}
    # Two photos are the same picture, of which only one can be first.
    assert 0.5 <= float(shares["all of its objects"]) <= 1


def test_searches_to_look_at_name_what_the_photos_are_labelled(results: list[Result]) -> None:
    spots = by_name(results[1].tables[0])
    assert str(spots["kitty"]).startswith("cat · cat")


def test_results_are_json_and_markdown(results: list[Result]) -> None:
    words = json.loads(json.dumps([result.as_json() for result in results]))[0]
    assert [target["target"] for target in words["targets"]] == ["at least 1.5", "at least 0.50"]
    assert words["tables"][0]["rows"][0][:3] == ["class name", 2, 1.0]
    assert "| class name | 2 | 1.000 |" in results[0].tables[0].as_markdown()


def test_what_was_seen_is_kept_and_what_a_folder_lacks_is_skipped(
    folder: Path, kept: Path, results: list[Result], capsys: pytest.CaptureFixture[str]
) -> None:
    again = measure(Options(folder, kept, client=FakeModelClient(Fault.DEAD)))
    assert [result.tables for result in again] == [results[place].tables for place in (0, 2, 3, 4)]
    assert capsys.readouterr().err == f"Skipped fashion: there is no {folder / 'fashion.jsonl'}.\n"


def test_a_file_that_is_no_photo_is_named(tmp_path: Path) -> None:
    (tmp_path / "fashion").mkdir()
    (tmp_path / "fashion" / "1.jpg").write_bytes(b"no photo")
    write_lines(tmp_path / "fashion.jsonl", [{"file": "1.jpg", "articleType": "Heels"}])
    with pytest.raises(RuntimeError, match=r"1\.jpg can't be used"):
        measure(Options(tmp_path, tmp_path / "kept", client=FakeModelClient()))


def test_products_are_compared_by_every_method_and_by_colour(tmp_path: Path) -> None:
    (tmp_path / "fashion").mkdir()
    entries: list[dict[str, object]] = []
    for number in range(6):
        (tmp_path / "fashion" / f"{number}.jpg").write_bytes(drawn_photo(number, 64, 64))
        entries.append({"file": f"{number}.jpg", "articleType": "Heels" if number < 3 else "Ties"})
    write_lines(tmp_path / "fashion.jsonl", entries)
    (result,) = measure(Options(tmp_path, tmp_path / "kept", client=FakeModelClient()))
    measured = by_name(result.tables[0])
    # Five photos are like each one, two of which are of its type, in ten places.
    assert measured["embedding"] == pytest.approx(0.2)
    assert measured["colour histogram"] == pytest.approx(0.2)
    assert measured["by chance"] == pytest.approx(0.4)


def by_name(table: Table) -> dict[str, Cell]:
    """Return the second cell of each row by the first."""
    return {str(row[0]): row[1] for row in table.rows}
