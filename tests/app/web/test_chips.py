"""A query's clauses as chips: what belongs together stays together, and each can be taken away."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.text.query import parse_query
from app.web.chips import chips_of


def chips(text: str) -> list[tuple[str, str]]:
    query = parse_query(text, is_collocation=lambda words: words in ("hot dog", "traffic light"))
    return [(chip.text, chip.kind) for chip in chips_of(text, query)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("photos of the dog", [("dog", "word")]),
        ("the", [("the", "word")]),
        ("hot dog  cat", [("hot dog", "word"), ("cat", "word")]),
        ("traffic light>=2 -person", [("traffic light>=2", "count"), ("-person", "excluded")]),
        ('"red car", dog > 1', [('"red car"', "phrase"), ("dog > 1", "count")]),
        ("person left-of:dog above:car", [("person left-of:dog above:car", "relation")]),
        ("person -left-of:dog cat", [("person -left-of:dog", "relation"), ("cat", "word")]),
        ("person=0", [("person=0", "count")]),
        (
            "big:cat is:portrait on:2023-05 -color:red",
            [("big:cat", "size"), ("is:portrait", "shape"), ("on:2023-05", "date"), ("-color:red", "colour")],
        ),
    ],
)
def test_clauses_are_chips(text: str, expected: list[tuple[str, str]]) -> None:
    assert chips(text) == expected


def test_a_chip_leads_to_the_search_without_it() -> None:
    text = "dog -person is:portrait"
    found = chips_of(text, parse_query(text))
    assert [(chip.start, chip.end) for chip in found] == [(0, 3), (4, 11), (12, 23)]
    left = [parse_qs(urlsplit(chip.without_url).query)["q"] for chip in found]
    assert left == [["-person is:portrait"], ["dog is:portrait"], ["dog -person"]]
    assert [chip.without_url for chip in chips_of("dog", parse_query("dog"))] == ["/"]
