"""The addresses of searches: whatever can be searched for can be kept as a bookmark."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from app.domain import (
    Example,
    ExamplesSearch,
    LayoutSearch,
    PhotoId,
    PictureExample,
    PlacedBox,
    Search,
    SimilarityMethod,
    StoredExample,
    WordsSearch,
)
from app.services.example_search import MOST_EXAMPLES
from app.services.search_json import Json, example_to_json, search_to_json

MORE_LIKE, LESS_LIKE = 1.0, -0.5
"""What a photo counts of which one wants more, or less."""
DIGITS = 3
PERCENT = 100


def search_url(search: Search) -> str:
    """Return the address of a search's page."""
    match search:
        case WordsSearch():
            return f"/search?{urlencode({'q': search.text, 'mode': search.mode.value})}"
        case ExamplesSearch():
            return similar_url(search.examples, search.method, search.weights)
        case LayoutSearch():
            return f"/search/layout?{urlencode({'boxes': boxes_text(search.boxes)})}"


def similar_url(
    examples: Sequence[Example],
    method: SimilarityMethod = SimilarityMethod.EMBEDDING,
    weights: Mapping[SimilarityMethod, float] | None = None,
) -> str:
    """Return the address of a search by stored photos and words."""
    percents = {str(signal): round(PERCENT * weight) for signal, weight in (weights or {}).items()}
    rest = urlencode({"method": method.value, **percents})
    if all(one == StoredExample(one.photo_id) for one in examples if isinstance(one, StoredExample)) and all(
        isinstance(one, StoredExample) for one in examples
    ):
        ids = ",".join(one.photo_id for one in examples if isinstance(one, StoredExample))
        return f"/search/similar?ids={ids}&{rest}"
    return f"/search/similar?{urlencode({'examples': examples_text(examples)})}&{rest}"


def with_example(search: ExamplesSearch, photo_id: PhotoId, weight: float) -> str | None:
    """Return the address of a search with one more photo, None if it would have too many or nothing to be like."""
    others = [one for one in search.examples if not (isinstance(one, StoredExample) and one.photo_id == photo_id)]
    examples = [*others, StoredExample(photo_id, weight)]
    if len(examples) > MOST_EXAMPLES or all(one.weight < 0 for one in examples):
        return None
    return similar_url(examples, search.method, search.weights)


def without_example(search: ExamplesSearch, number: int) -> str | None:
    """Return the address of a search without one of its examples, None if nothing to be like is left."""
    examples = [one for place, one in enumerate(search.examples) if place != number]
    if all(one.weight < 0 for one in examples):
        return None
    return similar_url(examples, search.method, search.weights)


def examples_text(examples: Sequence[Example]) -> str:
    """Return stored photos and words as JSON, as short as it can be."""
    return _compact([_short(example_to_json(one)) for one in examples if not isinstance(one, PictureExample)])


def boxes_text(boxes: Sequence[PlacedBox]) -> str:
    """Return things placed by hand as JSON."""
    return _compact([{"label": one.label, "box": _rounded(one.box.as_list())} for one in boxes])


def search_text(search: Search) -> str:
    """Return a search as JSON, as it is saved."""
    return _compact(search_to_json(search))


def _short(shape: Json) -> Json:
    """Leave out the weight that counts when none is given, and digits that nobody sees."""
    kept = {name: value for name, value in shape.items() if (name, value) != ("weight", 1.0)}
    if isinstance(kept.get("box"), list):
        kept["box"] = _rounded(kept["box"])  # type: ignore[arg-type]
    return kept


def _rounded(corners: Sequence[float]) -> list[float]:
    return [round(corner, DIGITS) for corner in corners]


def _compact(shape: object) -> str:
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
