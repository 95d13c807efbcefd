"""Searches as JSON, as callers write them and as saved ones are kept.

    {"q": "dog -person", "mode": "late"}
    {"examples": [{"id": "…", "weight": 1, "box": [0.1, 0.1, 0.5, 0.5]}, {"q": "beach", "weight": -0.5}],
     "method": "hybrid", "weights": {"embedding": 0.4, "layout": 0.5, "ssd": 0.1}}
    {"boxes": [{"label": "dog", "box": [0, 0.5, 0.4, 1]}]}

An example may also be {"file": 0}: the first of the pictures that came with the request; such a search can't be kept.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar, cast

from app.domain import (
    Box,
    Example,
    ExamplesSearch,
    KeywordMode,
    LayoutSearch,
    PictureExample,
    PlacedBox,
    Search,
    SimilarityMethod,
    StoredExample,
    WordsExample,
    WordsSearch,
)
from app.errors import BadParameter
from app.services.photo_ids import parse_photo_id

Json = dict[str, object]
Option = TypeVar("Option", bound=StrEnum)

MOST_WEIGHT = 100.0
_KINDS = ("q", "examples", "boxes")
_EXAMPLE_KINDS = ("id", "file", "q")


def search_from_json(shape: object) -> Search:
    """Read a search; raise BadParameter that names what can't be used, or PhotoNotFound for what is no id."""
    fields = _object(shape, "A search")
    match _only(fields, _KINDS, "A search"):
        case "q":
            _known(fields, ("q", "mode"), "A search by words")
            return WordsSearch(_text(fields["q"], "q"), _option(fields.get("mode"), KeywordMode, KeywordMode.LATE))
        case "examples":
            _known(fields, ("examples", "method", "weights"), "A search by examples")
            method = _option(fields.get("method"), SimilarityMethod, SimilarityMethod.EMBEDDING)
            weights = weights_from_json(fields["weights"]) if fields.get("weights") is not None else None
            return ExamplesSearch(examples_from_json(fields["examples"]), method, weights)
        case _:
            _known(fields, ("boxes",), "A search by layout")
            return LayoutSearch(boxes_from_json(fields["boxes"]))


def search_to_json(search: Search) -> Json:
    """Return a search as `search_from_json` reads it; raise BadParameter for one with a picture from outside."""
    match search:
        case WordsSearch():
            return {"q": search.text, "mode": str(search.mode)}
        case ExamplesSearch():
            shape: Json = {"examples": [example_to_json(one) for one in search.examples]}
            shape["method"] = str(search.method)
            return shape if search.weights is None else shape | {"weights": weights_to_json(search.weights)}
        case LayoutSearch():
            return {"boxes": [{"label": one.label, "box": one.box.as_list()} for one in search.boxes]}


def examples_from_json(shape: object, pictures: Sequence[PictureExample] = ()) -> tuple[Example, ...]:
    """Read examples; `pictures` came with the request. Raise BadParameter, or PhotoNotFound for what is no id."""
    return tuple(_example(entry, pictures) for entry in _list(shape, "examples"))


def boxes_from_json(shape: object) -> tuple[PlacedBox, ...]:
    """Read things placed by hand; raise BadParameter."""
    boxes = []
    for entry in _list(shape, "boxes"):
        fields = _object(entry, "Each of boxes")
        _known(fields, ("label", "box"), "Each of boxes")
        boxes.append(PlacedBox(_text(fields.get("label"), "label"), box_from_json(fields.get("box"))))
    return tuple(boxes)


def weights_from_json(shape: object) -> dict[SimilarityMethod, float]:
    """Read what each signal of a hybrid counts, {"embedding": 0.4, "layout": 0.6}; raise BadParameter."""
    weights = {}
    for name, weight in _object(shape, "weights").items():
        if (
            name not in list(SimilarityMethod)
            or not _is_number(weight)
            or not 0 <= cast(float, weight) <= MOST_WEIGHT
        ):
            raise BadParameter(
                f"weights are numbers of 0 to {MOST_WEIGHT:.0f} for embedding, layout and ssd, not "
                f"{_shown({name: weight})}.",
                parameter="weights",
            )
        weights[SimilarityMethod(name)] = float(cast(float, weight))
    return weights


def weights_to_json(weights: Mapping[SimilarityMethod, float]) -> Json:
    """Return what each signal counts, as `weights_from_json` reads it."""
    return {str(method): weight for method, weight in weights.items()}


def box_from_json(shape: object) -> Box:
    """Read [xmin, ymin, xmax, ymax] in 0..1; raise BadParameter."""
    if not isinstance(shape, list) or len(shape) != 4 or not all(_is_number(corner) for corner in shape):
        raise BadParameter(f"box must be four numbers xmin, ymin, xmax, ymax in 0..1, not {_shown(shape)}.")
    xmin, ymin, xmax, ymax = (float(cast(float, corner)) for corner in shape)
    if not (0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1):
        raise BadParameter(f"box must have 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1; {_shown(shape)} has not.")
    return Box(xmin, ymin, xmax, ymax)


def _example(shape: object, pictures: Sequence[PictureExample]) -> Example:
    fields = _object(shape, "An example")
    kind = _only(fields, _EXAMPLE_KINDS, "An example")
    weight = _weight(fields.get("weight", 1.0))
    if kind == "q":
        _known(fields, ("q", "weight"), "An example of words")
        return WordsExample(_text(fields["q"], "q"), weight)
    _known(fields, (kind, "weight", "box"), "An example")
    box = box_from_json(fields["box"]) if fields.get("box") is not None else None
    if kind == "id":
        return StoredExample(parse_photo_id(_text(fields["id"], "id")), weight, box)
    number = fields["file"]
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(pictures):
        raise BadParameter(
            f"file numbers the pictures that came with the request from 0; there are {len(pictures)}, and none is "
            f"{_shown(number)}."
        )
    return PictureExample(pictures[number].name, pictures[number].data, weight, box)


def example_to_json(example: Example) -> Json:
    """Return an example as `examples_from_json` reads it; raise BadParameter for a picture from outside."""
    match example:
        case WordsExample():
            return {"q": example.text, "weight": example.weight}
        case StoredExample():
            shape: Json = {"id": example.photo_id, "weight": example.weight}
            return shape if example.box is None else shape | {"box": example.box.as_list()}
        case PictureExample():
            raise BadParameter(
                "A search with a picture from outside can't be kept. Upload the picture and search with its id."
            )


def _weight(value: object) -> float:
    if not _is_number(value) or not 0 < abs(cast(float, value)) <= MOST_WEIGHT:
        raise BadParameter(f"weight must be a number from -{MOST_WEIGHT:.0f} to {MOST_WEIGHT:.0f} that isn't 0.")
    return float(cast(float, value))


def _option(value: object, options: type[Option], default: Option) -> Option:
    if value is None:
        return default
    if value not in list(options):
        raise BadParameter(f"{_shown(value)} is none of {', '.join(options)}.")
    return options(str(value))


def _only(fields: Mapping[str, object], kinds: Sequence[str], what: str) -> str:
    """Return the one of `kinds` that is there."""
    found = [kind for kind in kinds if kind in fields]
    if len(found) != 1:
        raise BadParameter(f"{what} has exactly one of {', '.join(kinds)}; this has {' and '.join(found) or 'none'}.")
    return found[0]


def _known(fields: Mapping[str, object], names: Sequence[str], what: str) -> None:
    unknown = sorted(set(fields) - set(names))
    if unknown:
        raise BadParameter(f"{what} has {', '.join(names)}, but no {_shown(unknown[0])}.")


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadParameter(f"{what} must be a JSON object, not {_shown(value)}.")
    return cast(Mapping[str, object], value)


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise BadParameter(f"{name} must be a JSON list, not {_shown(value)}.")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadParameter(f"{name} must be a text, not {_shown(value)}.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    return repr(value)[:80]
