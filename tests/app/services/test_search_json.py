"""Searches survive the way to JSON and back, and what can't be one is refused by name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import (
    Box,
    ExamplesSearch,
    KeywordMode,
    LayoutSearch,
    PhotoId,
    PictureExample,
    PlacedBox,
    Search,
    SimilarityMethod,
    StoredExample,
    WordsExample,
    WordsSearch,
)
from app.errors import BadParameter
from app.services.search_json import examples_from_json, search_from_json, search_to_json

ID = PhotoId("0123456789abcdef" * 2)

_texts = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
_weights = st.floats(0.01, 100) | st.floats(-100, -0.01)
_boxes = st.tuples(st.floats(0, 0.49), st.floats(0, 0.49), st.floats(0.5, 1), st.floats(0.5, 1)).map(
    lambda corners: Box(*corners)
)
_examples = st.builds(WordsExample, _texts, _weights) | st.builds(
    StoredExample, st.just(ID), _weights, st.none() | _boxes
)
_searches: st.SearchStrategy[Search] = (
    st.builds(WordsSearch, _texts, st.sampled_from(KeywordMode))
    | st.builds(
        ExamplesSearch,
        st.lists(_examples).map(tuple),
        st.sampled_from(SimilarityMethod),
        st.none() | st.dictionaries(st.sampled_from(SimilarityMethod), st.floats(0, 100)),
    )
    | st.builds(LayoutSearch, st.lists(st.builds(PlacedBox, _texts, _boxes)).map(tuple))
)


@given(_searches)
def test_a_search_comes_back_as_it_was(search: Search) -> None:
    assert search_from_json(json.loads(json.dumps(search_to_json(search)))) == search


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ([], "JSON object"),
        ({}, "exactly one of"),
        ({"q": "dog", "boxes": []}, "exactly one of"),
        ({"q": " "}, "q must be a text"),
        ({"q": "dog", "mode": "soon"}, "late, classic"),
        ({"q": "dog", "limit": 3}, "'limit'"),
        ({"examples": {}}, "JSON list"),
        ({"examples": [{"id": ID, "q": "dog"}]}, "exactly one of"),
        ({"examples": [{"id": ID, "weight": 0}]}, "weight"),
        ({"examples": [{"id": ID, "weight": True}]}, "weight"),
        ({"examples": [{"id": ID, "weight": 1e9}]}, "weight"),
        ({"examples": [{"q": "dog", "box": [0, 0, 1, 1]}]}, "'box'"),
        ({"examples": [{"file": 0}]}, "there are 0"),
        ({"boxes": [{"label": "dog"}]}, "four numbers"),
        ({"boxes": [{"label": "dog", "box": [0, 0, 0, 1]}]}, "xmin < xmax"),
        ({"boxes": [{"label": "dog", "box": [0, 0, float("nan"), 1]}]}, "four numbers"),
        ({"boxes": [{"label": 3, "box": [0, 0, 1, 1]}]}, "label must be a text"),
    ],
)
def test_what_is_no_search_is_refused_by_name(shape: object, named: str) -> None:
    with pytest.raises(BadParameter, match=named):
        search_from_json(shape)


def test_pictures_that_came_along_are_named_by_number_and_cannot_be_kept() -> None:
    pictures = [PictureExample("a.jpg", b"a"), PictureExample("b.jpg", b"b")]
    (example,) = examples_from_json([{"file": 1, "weight": -2}], pictures)
    assert example == PictureExample("b.jpg", b"b", -2.0)
    with pytest.raises(BadParameter, match="Upload the picture"):
        search_to_json(ExamplesSearch((example,)))
