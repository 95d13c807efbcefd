import pytest

from app.cli.gateway import Json
from app.cli.output import printable
from app.cli.serving import plainly
from app.cli.wording import reasons_line, size_text


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        (
            {"kind": "label", "word": "kitty", "label": "cat", "weight": 0.912, "source": "picture"},
            "kitty = cat (picture) 0.91",
        ),
        ({"kind": "embedding", "cosine": 0.5}, "looks alike 0.50"),
        ({"kind": "objects", "label": "dog", "pairs": 4, "mean": 0.25}, "dog in both, 4 x 0.25"),
        ({"kind": "box", "label": "dog", "overlap": 0.75}, "dog in the same place 0.75"),
        ({"kind": "signal", "method": "ssd", "share": 0.3}, "ssd 30%"),
        ({"kind": "example", "example": "a.jpg", "weight": -1, "score": 0.2}, "unlike a.jpg 0.20"),
        ({"kind": "count", "label": "dog", "count": 2, "wanted": ">=2", "boxes": []}, "2 x dog"),
        ({"kind": "relation", "label": "dog", "relation": "left-of", "other": "car"}, "dog left-of car"),
        ({"kind": "size", "label": "dog", "size": "big", "share": 0.4}, "big dog, 40%"),
        ({"kind": "fact", "text": "taken on 17 May 2023"}, "taken on 17 May 2023"),
        ({"kind": "of a newer gallery"}, "of a newer gallery"),
    ],
)
def test_every_kind_of_reason_is_said(reason: Json, line: str) -> None:
    assert reasons_line([reason]) == line
    assert reasons_line([reason] * 5) == "; ".join([line] * 3 + ["2 more"])


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2.5e9, "2.5 GB"), (3e15, "3000.0 TB")],
)
def test_sizes_are_short(size_bytes: float, text: str) -> None:
    assert size_text(size_bytes) == text


def test_nothing_that_is_printed_steers_a_terminal() -> None:
    assert printable("ü a\x1b[31m\n\udcff") == "ü a\\x1b[31m\\n\\udcff"


def test_a_part_that_starts_is_named_and_one_that_is_down_tells_why() -> None:
    assert plainly("model_server", {"state": "starting", "message": "refused"}) == "The model server is starting."
    assert plainly("ingest", {"state": "down", "message": "The disk is full."}) == "The disk is full."
