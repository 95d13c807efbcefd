import json
from pathlib import Path

from benchmarks.quality.photos import LabelledPhoto, detection_photos, fashion_photos, object_photos
from model_server.catalogue import load_card

LABELS = load_card("gallery_default").labels
CAT, TRUCK = frozenset({"cat"}), frozenset({"truck"})


def test_a_class_that_was_not_looked_for_is_unknown_not_absent(tmp_path: Path) -> None:
    photo = read_one(tmp_path, vocab="voc20", boxes=[box("cat")])
    assert photo.shows_any(CAT) is True
    assert photo.shows_any(frozenset({"dog"})) is False
    assert photo.shows_any(TRUCK) is None
    assert photo.shows_any(CAT | TRUCK) is None


def test_difficult_objects_count_neither_way(tmp_path: Path) -> None:
    photo = read_one(tmp_path, boxes=[box("cat", difficult=1), box("dog"), box("dog", difficult=1)])
    assert photo.shows_any(CAT) is None
    assert photo.shows_any(frozenset({"dog"})) is True
    assert photo.shows_any(TRUCK) is False


def test_photos_labelled_in_part_say_nothing(tmp_path: Path) -> None:
    photo = read_one(tmp_path, complete=False, boxes=[box("cat")])
    assert photo.shows_any(CAT) is None
    assert photo.shows_any(TRUCK) is None


def test_photos_of_one_class_each(tmp_path: Path) -> None:
    write_lines(tmp_path / "objects.jsonl", [{"file": "a.jpg", "wnid": "n02123045", "label": "tabby"}])
    named = object_photos(tmp_path)
    assert named.names == {"n02123045": "tabby"}
    assert named.photos == (LabelledPhoto(tmp_path / "objects" / "a.jpg", frozenset({"n02123045"})),)
    assert named.photos[0].shows_any(frozenset({"n02123159"})) is False


def test_products(tmp_path: Path) -> None:
    write_lines(tmp_path / "fashion.jsonl", [{"file": "1.jpg", "articleType": "Heels", "gender": "Women"}])
    assert fashion_photos(tmp_path) == [LabelledPhoto(tmp_path / "fashion" / "1.jpg", frozenset({"Heels"}))]


def read_one(
    folder: Path, boxes: list[dict[str, object]], vocab: str = "coco80", complete: bool = True
) -> LabelledPhoto:
    entry = {"file": "a.jpg", "width": 9, "height": 9, "vocab": vocab, "complete": complete, "boxes": boxes}
    write_lines(folder / "eval.jsonl", [entry])
    (photo,) = detection_photos(folder, "eval", LABELS)
    return photo


def box(name: str, difficult: int = 0) -> dict[str, object]:
    return {"name": name, "xmin": 0, "ymin": 0, "xmax": 5, "ymax": 5, "difficult": difficult}


def write_lines(path: Path, entries: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
