"""What docs/search.md says is run: each example finds the photos that the page names, or fails where it points."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import Colour, Float32, PhotoFacts
from app.errors import QueryError
from app.search.colours import colour_name
from app.search.conditions import ObjectTable
from app.search.facts import FactTable
from app.services.query_conditions import QueryConditions
from app.settings import ROOT
from app.store.photo_facts import columns_of
from app.text.detectable import DetectorWords
from app.text.keywords import KeywordMatcher
from app.text.query_keys import COLOURS, KEYS
from app.text.scoring import weak_from
from app.text.word_vectors import WordVectors
from model_server.catalogue import load_card
from tests.app.services.test_feature_index import features, photo

PAGE = (ROOT / "docs" / "search.md").read_text("utf-8")
CARD = load_card("gallery_default")
SURE = 0.9
SHOWN = {
    "park": {"person": [(20, 80, 90, 290)], "dog": [(150, 200, 210, 280), (220, 190, 290, 290)]},
    "sofa": {"cat": [(60, 60, 240, 240)], "couch": [(10, 100, 290, 290)]},
    "street": {
        "person": [(10, 150, 50, 280)],
        "car": [(150, 180, 290, 290)],
        "traffic light": [(200, 20, 225, 80)],
    },
    "ranch": {"person": [(100, 40, 170, 180)], "horse": [(60, 90, 240, 290)]},
    "packing": {"cat": [(100, 120, 180, 220)], "suitcase": [(60, 100, 250, 280)]},
    "beach": {},
}  # fmt: skip
"""Where things stand in each photo: boxes in pixels of the model input."""
CHANNELS = {
    "green": "#4c8c3a", "brown": "#7a5a3c", "grey": "#808488", "blue": "#3a78c8", "red": "#b02020",
}  # fmt: skip


def rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of all tables whose first column has this heading."""
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        if lines[0][0] == heading:
            yield from lines[2:]


EXAMPLES = [(cells[0].strip("`"), [name for name in cells[1].split(", ") if name]) for cells in rows("Query")]
REFUSED = re.findall(r"```text\n(.*)\n( *)\^ (.*)\n```", PAGE)


@dataclass(frozen=True)
class Labels:
    """What each photo is said to show, as `app.text.keywords.PhotoLabels` wants it."""

    label_scores: Float32
    object_confidences: Float32
    word_vectors: Float32
    tag_ids: NDArray[np.int32]
    tag_probabilities: Float32
    held: NDArray[np.bool_]


class Gallery:
    """The gallery that the page speaks of."""

    def __init__(self) -> None:
        words = WordVectors.load()
        self.names = [cells[0].removesuffix(".jpg") for cells in rows("Photo")]
        self._matcher = KeywordMatcher(CARD.labels, [tag.name for tag in CARD.tag_classes], words)
        self._objects, self._facts = ObjectTable(), FactTable()
        detector_words = DetectorWords(CARD.labels, words, self._matcher.meaning)
        self._conditions = QueryConditions(CARD.labels, detector_words, self._objects, self._facts)
        self._labels = labels_of(self.names, words)
        for row, cells in enumerate(rows("Photo")):
            self._add(row, *cells)

    def _add(self, row: int, name: str, _: str, pixels: str, taken: str, colour: str) -> None:
        width, height = map(int, pixels.split(" x "))
        facts = PhotoFacts("image/jpeg", width, height, CHANNELS[colour], datetime.fromisoformat(taken))
        self._facts.add(**vars(columns_of([replace(photo(row), facts=facts)])))
        detections = features(1).detections * 0
        things = SHOWN[name.removesuffix(".jpg")]
        flat = [(label, box) for label, boxes in things.items() for box in boxes]
        for place, (label, box) in enumerate(flat):
            detections[place] = (CARD.labels.index(label) + 1, SURE, *box)
        self._objects.add([row], detections[None])

    def search(self, text: str) -> list[str]:
        """Return the names of the photos found, those that fit only weakly left out, in the page's order."""
        query = self._matcher.understand(text)
        scores = self._matcher.late(query, self._labels) * self._conditions.mask(query.conditions)
        order = np.argsort(-scores, kind="stable")
        found = order[: weak_from(scores[order])]
        return [name for row, name in enumerate(self.names) if row in found]


def labels_of(names: list[str], words: WordVectors) -> Labels:
    scores = np.zeros((len(names), len(CARD.labels)), dtype=np.float32)
    for row, name in enumerate(names):
        for label in SHOWN[name]:
            scores[row, CARD.labels.index(label)] = SURE
    return Labels(
        label_scores=scores,
        object_confidences=scores,
        word_vectors=np.stack([words.nlp_feature(SHOWN[name]) for name in names]),
        tag_ids=np.zeros((len(names), 10), dtype=np.int32),
        tag_probabilities=np.zeros((len(names), 10), dtype=np.float32),
        held=np.ones(len(names), dtype=np.bool_),
    )


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return Gallery()


@pytest.mark.parametrize(("query", "found"), EXAMPLES, ids=[query for query, _ in EXAMPLES])
def test_an_example_finds_what_the_page_says(gallery: Gallery, query: str, found: list[str]) -> None:
    assert gallery.search(query) == [name for name in gallery.names if name in found]
    assert set(found) <= set(gallery.names)


@pytest.mark.parametrize(("query", "before", "message"), REFUSED, ids=[query for query, _, _ in REFUSED])
def test_a_mistake_is_shown_where_the_page_points(gallery: Gallery, query: str, before: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        gallery.search(query)
    assert (caught.value.position, caught.value.message) == (len(before), message)


def test_the_page_speaks_of_all_there_is() -> None:
    assert len(EXAMPLES) > 30
    assert len(REFUSED) >= 7
    for key in KEYS:
        assert f"`{key}:" in PAGE, key
    for colour in Colour:
        assert colour in PAGE
    for sign in (">=", ">", "=", "<=", "<"):
        assert f"`{sign}`" in PAGE


def test_the_colours_are_those_of_the_page() -> None:
    for name, channels in CHANNELS.items():
        red, green, blue = bytes.fromhex(channels[1:])
        assert colour_name((red, green, blue)) == COLOURS[name]
