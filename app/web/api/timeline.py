"""The API's calls for showing all photos by their days: where each stands, and a stretch of them."""

from http import HTTPStatus
from typing import Any

import numpy as np
from flask import Response, jsonify, request

from app.services.timeline import Outline
from app.store.base import Rows
from app.web import schemas
from app.web.api.blueprint import blueprint, errors
from app.web.current import current_gallery
from app.web.json_shapes import Json, timeline_photo_json

RATIO_SCALE = 1000


@blueprint.route("/timeline", methods=["GET"])
@blueprint.arguments(schemas.TimelineQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.TimelineOutline)
@errors(HTTPStatus.BAD_REQUEST)
def get_timeline(query: dict[str, Any]) -> Response:
    """Return months and shapes of all photos, the latest day first.

    That is what a page needs to know where each photo stands. A photo's day is that of its camera, or else the day
    when it was added.
    """
    outline = current_gallery().timeline.outline(_among(query))
    response = jsonify(outline_json(outline))
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(outline.version)
    response.make_conditional(request)
    return response


@blueprint.route("/timeline/photos", methods=["GET"])
@blueprint.arguments(schemas.TimelineStretchQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.TimelineStretch)
@errors(HTTPStatus.BAD_REQUEST)
def get_timeline_photos(query: dict[str, Any]) -> Json:
    """Return a stretch of the timeline's photos.

    When `version` differs from the timeline's, photos have come or gone, and places have moved.
    """
    stretch = current_gallery().timeline.stretch(query["offset"], query["limit"], _among(query))
    items = [timeline_photo_json(dated) for dated in stretch.photos]
    return {"version": stretch.version, "total": stretch.total, "items": items}


def outline_json(outline: Outline) -> Json:
    """Return months and shapes; the shapes as whole numbers, which are shorter."""
    return {
        "version": outline.version,
        "total": len(outline.rows),
        "months": [{"month": str(month.first), "count": month.count} for month in outline.months],
        "ratios": np.rint(RATIO_SCALE * outline.ratios).astype(np.int64).tolist(),
    }


def _among(query: dict[str, Any]) -> Rows | None:
    """Return the rows that are asked for, None for all."""
    if query.get("label") is None and query.get("state") is None:
        return None
    return current_gallery().library.rows(query.get("label"), query.get("state"))
