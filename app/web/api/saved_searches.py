"""The API's calls on saved searches."""

from http import HTTPStatus
from typing import Any

from app.services.search_json import search_from_json
from app.web import search_schemas
from app.web.api.blueprint import STORED_EXAMPLE_ERRORS, blueprint, errors
from app.web.current import current_gallery
from app.web.json_shapes import Json, results_json, saved_json


@blueprint.route("/searches", methods=["GET"])
@blueprint.response(HTTPStatus.OK, search_schemas.SavedSearchList)
def list_searches() -> Json:
    """List the saved searches, oldest first."""
    items = [saved_json(saved) for saved in current_gallery().saved_searches.all()]
    return {"items": items, "next_cursor": None, "total": len(items)}


@blueprint.route("/searches", methods=["POST"])
@blueprint.arguments(search_schemas.SaveSearch)
@blueprint.response(HTTPStatus.CREATED, search_schemas.SavedSearchShape)
@errors(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.INSUFFICIENT_STORAGE,
)
def save_search(body: dict[str, Any]) -> Json:
    """Save a search under a name, to be done again.

    `search` is one of `{"q": "dog -person", "mode": "late"}`, `{"examples": [{"id": "…", "weight": 1}, {"q":
    "beach"}], "method": "hybrid"}` and `{"boxes": [{"label": "dog", "box": [0, 0.5, 0.4, 1]}]}`.
    """
    saved = current_gallery().saved_searches.save(body["name"], search_from_json(body["search"]))
    return saved_json(saved)


@blueprint.route("/searches/<int:search_id>", methods=["GET"])
@blueprint.response(HTTPStatus.OK, search_schemas.SavedSearchShape)
@errors(HTTPStatus.NOT_FOUND)
def get_search(search_id: int) -> Json:
    """Return a saved search."""
    return saved_json(current_gallery().saved_searches.get(search_id))


@blueprint.route("/searches/<int:search_id>", methods=["DELETE"])
@blueprint.response(HTTPStatus.NO_CONTENT)
@errors(HTTPStatus.NOT_FOUND)
def delete_search(search_id: int) -> None:
    """Forget a saved search."""
    current_gallery().saved_searches.delete(search_id)


@blueprint.route("/searches/<int:search_id>/results", methods=["GET"])
@blueprint.arguments(search_schemas.SavedResultsQuery, location="query")
@blueprint.response(HTTPStatus.OK, search_schemas.HitList)
@errors(*STORED_EXAMPLE_ERRORS)
def get_search_results(query: dict[str, int], search_id: int) -> Json:
    """Do a saved search."""
    return results_json(current_gallery().saved_searches.results(search_id, query["limit"]))
