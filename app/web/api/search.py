"""The API's searches."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from werkzeug.datastructures import FileStorage

from app.services.photo_ids import parse_photo_id
from app.services.search_json import boxes_from_json
from app.web import search_schemas
from app.web.api.blueprint import STORED_EXAMPLE_ERRORS, blueprint, errors
from app.web.current import current_gallery
from app.web.example_forms import examples_of, parse_box, parse_weights
from app.web.json_shapes import Json, results_json


@blueprint.route("/images/<photo_id>/similar", methods=["GET"])
@blueprint.arguments(search_schemas.SimilarQuery, location="query")
@blueprint.response(HTTPStatus.OK, search_schemas.HitList)
@errors(*STORED_EXAMPLE_ERRORS)
def get_similar(query: dict[str, Any], photo_id: str) -> Json:
    """Find photos like a stored one, or like a part of it, that fit words as well."""
    results = current_gallery().searches.like_photo(
        parse_photo_id(photo_id),
        query["method"],
        query["limit"],
        box=parse_box(query["box"]) if query.get("box") else None,
        words=query.get("q") or None,
        weights=parse_weights(query.get("weights")),
    )
    return results_json(results)


@blueprint.route("/search", methods=["GET"])
@blueprint.arguments(search_schemas.KeywordQuery, location="query")
@blueprint.response(HTTPStatus.OK, search_schemas.HitList)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
def search_by_words(query: dict[str, Any]) -> Json:
    """Find photos by words."""
    results = current_gallery().searches.by_words(query["q"], limit=query["limit"], mode=query["mode"])
    return results_json(results)


@blueprint.route("/suggest", methods=["GET"])
@blueprint.arguments(search_schemas.SuggestQuery, location="query")
@blueprint.response(HTTPStatus.OK, search_schemas.SuggestionList)
@errors(HTTPStatus.BAD_REQUEST)
def suggest(query: dict[str, Any]) -> Json:
    """Complete a query that is being typed: labels, tags, words, keys and their values."""
    found = current_gallery().suggestions.suggest(query["q"], query.get("cursor"), query["limit"])
    return {"items": [asdict(suggestion) for suggestion in found], "next_cursor": None, "total": len(found)}


@blueprint.route("/search/similar", methods=["POST"])
@blueprint.arguments(search_schemas.SimilarFiles, location="files")
@blueprint.arguments(search_schemas.SimilarForm, location="form")
@blueprint.response(HTTPStatus.OK, search_schemas.HitList)
@errors(*STORED_EXAMPLE_ERRORS, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
def search_by_examples(files: dict[str, list[FileStorage]], form: dict[str, Any]) -> Json:
    """Find photos like those sent and unlike others.

    One `file`, with a `box` if only a part of it counts, is the short form. `examples` takes several photos, stored
    or sent, and words, each with a weight. Nothing is stored.
    """
    gallery = current_gallery()
    examples = examples_of(gallery.library, files["file"], form)
    weights = parse_weights(form.get("weights"))
    return results_json(gallery.searches.by_examples(examples, form["method"], form["limit"], weights))


@blueprint.route("/search/layout", methods=["POST"])
@blueprint.arguments(search_schemas.LayoutBody)
@blueprint.response(HTTPStatus.OK, search_schemas.HitList)
@errors(HTTPStatus.BAD_REQUEST)
def search_by_layout(body: dict[str, Any]) -> Json:
    """Find photos that show things where the boxes stand."""
    return results_json(current_gallery().searches.by_layout(boxes_from_json(body["boxes"]), body["limit"]))
