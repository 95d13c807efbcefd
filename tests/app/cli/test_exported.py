import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.exported import ExportFolder
from app.domain import PhotoState
from app.errors import BadInput
from app.services.photo_ids import photo_id_of

PHOTOS = {"a.jpg": b"a", "Screenshot 10.00\u202fAM.png": b"b", "\u65e5\u672c.jpg": b"c"}
NAMES = list(PHOTOS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an export of three photos without features; nothing here asks whether they are pictures."""
    lines = []
    for name, data in PHOTOS.items():
        (tmp_path / name).write_bytes(data)
        entry = {"file": name, "id": photo_id_of(data), "name": f"other {name}", "state": "failed", "error": "no"}
        lines.append(json.dumps(entry | {"added_at": "2020-01-02T03:04:05.000006+00:00"}))
    (tmp_path / "photos.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_what_is_known_of_a_photo_is_recalled(folder: Path) -> None:
    export = ExportFolder(folder)
    assert (export.names, export.problems) == (NAMES, [])
    known, notes = export.recall(NAMES[1], b"b")
    assert known is not None
    assert (known.name, known.state, known.error) == (f"other {NAMES[1]}", PhotoState.FAILED, "no")
    assert known.added_at.isoformat() == "2020-01-02T03:04:05.000006+00:00"
    assert notes == []


def test_what_belongs_to_other_bytes_or_names_is_not(folder: Path) -> None:
    known, notes = ExportFolder(folder).recall("a.jpg", b"changed")
    assert known is None
    assert "changed since the export" in notes[0]
    known, notes = ExportFolder(folder).recall("d.jpg", b"d")
    assert known is None
    assert "isn't in photos.jsonl" in notes[0]


def test_a_photo_with_another_file_name_is_recognised_by_its_bytes(folder: Path) -> None:
    (folder / "a.jpg").rename(folder / "holiday.jpg")
    known, notes = ExportFolder(folder).recall("holiday.jpg", b"a")
    assert known is not None
    assert known.name == "other a.jpg"
    assert "a.jpg" in notes[0]


def test_what_is_gone_is_said(folder: Path) -> None:
    (folder / "a.jpg").unlink()
    export = ExportFolder(folder)
    assert export.names == NAMES[1:]
    assert "a.jpg isn't there any more" in export.problems[0]


def with_first(**changes: object) -> Callable[[list[str]], list[str]]:
    return lambda lines: [json.dumps(json.loads(lines[0]) | changes), *lines[1:]]


DAMAGE: dict[str, tuple[Callable[[list[str]], list[str]], list[str]]] = {
    "cut short": (lambda lines: [*lines[:-1], lines[-1][:20]], NAMES[:2]),
    "empty": (lambda lines: [], []),
    "no JSON": (lambda lines: ["{", *lines[1:]], NAMES[1:]),
    "other JSON": (lambda lines: ["[]", "7", *lines[2:]], NAMES[2:]),
    "too deep": (lambda lines: ["[" * 100_000, *lines[1:]], NAMES[1:]),
    "a path": (with_first(file="../../etc/passwd"), NAMES[1:]),
    "the folder above": (with_first(file=".."), NAMES[1:]),
    "the end of a text": (with_first(file="a.jpg\0"), NAMES[1:]),
    "half a character": (with_first(file="\ud800.jpg"), NAMES[1:]),
    "a long name": (with_first(file="x" * 5000), NAMES[1:]),
    "no moment": (with_first(added_at="yesterday"), NAMES[1:]),
    "a moment long ago": (with_first(added_at="0001-01-01T00:00:00+23:59"), NAMES[1:]),
    "an odd state": (with_first(state=["ready"]), NAMES[1:]),
    "another state": (with_first(state="asleep"), NAMES[1:]),
    "another id": (with_first(id="../x"), NAMES[1:]),
    "an odd error": (with_first(error=7), NAMES[1:]),
    "no name": (with_first(name=None), NAMES[1:]),
    "another form": (lambda lines: [line.replace("file", "path") for line in lines], []),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_line_is_said_and_the_others_hold(folder: Path, name: str) -> None:
    change, names = DAMAGE[name]
    path = folder / "photos.jsonl"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(change(lines)), "utf-8")
    export = ExportFolder(folder)
    assert export.names == names
    assert len(export.problems) == (0 if name == "empty" else len(NAMES) - len(names))


def test_lines_that_do_no_harm(folder: Path) -> None:
    path = folder / "photos.jsonl"
    first, *others = path.read_text("utf-8").splitlines()
    odd = json.dumps(json.loads(first) | {"features": "none", "more": {}})
    path.write_text("\ufeff\n\n" + "\n\n".join([odd, *others]), "utf-8")
    export = ExportFolder(folder)
    assert export.names == NAMES
    assert len(export.problems) == 1
    assert export.recall("a.jpg", b"a")[0] is not None


def test_a_photo_named_twice_is_said(folder: Path) -> None:
    path = folder / "photos.jsonl"
    path.write_text(path.read_text("utf-8") * 2, "utf-8")
    export = ExportFolder(folder)
    assert export.names == NAMES
    assert len(export.problems) == 3
    assert "line 4" in export.problems[0]


def test_bytes_that_are_no_text_are_said(folder: Path) -> None:
    path = folder / "photos.jsonl"
    path.write_bytes(b"\xff\xfe\x00\n" + path.read_bytes())
    assert ExportFolder(folder).names == NAMES


def test_a_list_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos.jsonl").mkdir()
    with pytest.raises(BadInput, match="can't be read"):
        ExportFolder(tmp_path)
