"""From the fields and files of a form to the examples of a search."""

import json
from collections.abc import Sequence
from typing import Any

from werkzeug.datastructures import FileStorage

from app.domain import Box, Example, PictureExample, SimilarityMethod, WordsExample
from app.errors import BadParameter
from app.services.library import Library
from app.services.search_json import box_from_json, examples_from_json, weights_from_json
from app.web.uploads import read_file


def examples_of(library: Library, files: Sequence[FileStorage], form: dict[str, Any]) -> list[Example]:
    """Return what the form's `file`, `examples`, `box` and `q` ask for together; raise BadInput."""
    uploads = [read_file(library, file) for file in files]
    pictures = [PictureExample(upload.filename or "the picture", upload.data) for upload in uploads]
    listed = examples_from_json(read_json(form["examples"], "examples"), pictures) if form.get("examples") else ()
    named = [example.data for example in listed if isinstance(example, PictureExample)]
    others = [picture for picture in pictures if not any(picture.data is data for data in named)]
    if form.get("box"):
        if len(others) != 1:
            raise BadParameter(
                f"box belongs to the one file that is sent; here {len(others)} could be meant. Put each box into "
                "examples.",
                parameter="box",
            )
        others = [PictureExample(others[0].name, others[0].data, box=parse_box(form["box"]))]
    words = [WordsExample(form["q"])] if form.get("q") else []
    if not (others or listed or words):
        raise BadParameter("There is nothing to search with: send a file, examples or words in q.", parameter="file")
    return [*others, *listed, *words]


def parse_box(text: str) -> Box:
    """Read `xmin,ymin,xmax,ymax` in 0..1, with or without brackets; raise BadParameter."""
    try:
        corners = [float(number) for number in text.strip().strip("[]").split(",")]
    except ValueError as error:
        raise BadParameter(f"box must be four numbers xmin,ymin,xmax,ymax in 0..1, not {text[:80]!r}.") from error
    return box_from_json(corners)


def parse_weights(text: str | None) -> dict[SimilarityMethod, float] | None:
    """Read what each signal of a hybrid counts, a JSON object; None if nothing is said. Raise BadParameter."""
    return weights_from_json(read_json(text, "weights")) if text else None


def read_json(text: str, parameter: str) -> object:
    """Read a parameter that is JSON; raise BadParameter."""
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadParameter(f"{parameter} must be JSON: {error}.", parameter=parameter) from error
    return parsed
