"""The JSON API, version 1: parse, call one service, give back its result."""

import json
from http import HTTPStatus
from io import BytesIO
from typing import Any

from flask import Response, send_file
from flask_smorest import Blueprint
from werkzeug.datastructures import FileStorage

from app.domain import Box, UploadResult
from app.errors import BadInput, BadParameter, GalleryError, UploadTooLarge
from app.services.photo_ids import parse_photo_id
from app.web import schemas
from app.web.current import current_gallery
from app.web.error_pages import answer_gallery_error
from app.web.json_shapes import Json, details_json, page_json, photo_json, results_json, upload_json
from app.web.parameters import ParameterParser
from app.web.uploads import read_file, store_files

IMMUTABLE = "private, max-age=31536000, immutable"


class ApiBlueprint(Blueprint):
    """A blueprint whose calls answer bad parameters with 400."""

    ARGUMENTS_PARSER = ParameterParser()


blueprint = ApiBlueprint("api", __name__, url_prefix="/api/v1", description="The gallery's photos and searches.")


@blueprint.route("/images", methods=["POST"])
@blueprint.arguments(schemas.UploadFiles, location="files")
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UploadAnswer)
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="No file was acceptable.")
@blueprint.alt_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, schema=schemas.ErrorAnswer, description="Too long.")
@blueprint.alt_response(HTTPStatus.INSUFFICIENT_STORAGE, schema=schemas.ErrorAnswer, description="The disk is full.")
def upload_images(files: dict[str, list[FileStorage]]) -> Json | Response:
    """Upload photos.

    Each file stands alone: a bad one never sinks the others. When this answers, what was accepted is durable;
    objects and features follow in the background.
    """
    results = store_files(current_gallery().library, files["file"])
    if all(result.photo is None for result in results):
        return answer_no_file_accepted(results)
    return {"items": [upload_json(result) for result in results]}


@blueprint.route("/images", methods=["GET"])
@blueprint.arguments(schemas.ImageListQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.ImagePage)
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="A parameter is wrong.")
def list_images(query: dict[str, Any]) -> Json:
    """List photos, newest first."""
    return page_json(current_gallery().library.page(**query))


@blueprint.route("/images/<photo_id>", methods=["GET"])
@blueprint.response(HTTPStatus.OK, schemas.ImageDetails)
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
def get_image(photo_id: str) -> Json:
    """Return all that is known of a photo."""
    return details_json(current_gallery().library.details(parse_photo_id(photo_id)))


@blueprint.route("/images/<photo_id>", methods=["DELETE"])
@blueprint.response(HTTPStatus.NO_CONTENT)
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
def delete_image(photo_id: str) -> None:
    """Delete a photo for good."""
    current_gallery().library.delete(parse_photo_id(photo_id))


@blueprint.route("/images/<photo_id>/retry", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ImageRow)
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
def retry_image(photo_id: str) -> Json:
    """Look at a photo again that has failed."""
    return photo_json(current_gallery().library.retry(parse_photo_id(photo_id)))


@blueprint.route("/images/<photo_id>/file", methods=["GET"])
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/*")
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
def get_file(photo_id: str) -> Response:
    """Return the bytes as they were uploaded."""
    photo, data = current_gallery().library.original(parse_photo_id(photo_id))
    return _bytes_response(data, photo.facts.media_type, photo.id, photo.name)


@blueprint.route("/images/<photo_id>/thumbnail", methods=["GET"])
@blueprint.arguments(schemas.ThumbnailQuery, location="query")
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/webp")
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="A parameter is wrong.")
def get_thumbnail(query: dict[str, int], photo_id: str) -> Response:
    """Return a small WebP picture of a photo."""
    data = current_gallery().library.thumbnail(parse_photo_id(photo_id), query["size"])
    return _bytes_response(data, "image/webp", f"{photo_id}-{query['size']}", None)


@blueprint.route("/images/<photo_id>/similar", methods=["GET"])
@blueprint.arguments(schemas.SimilarQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="A parameter is wrong.")
@blueprint.alt_response(HTTPStatus.NOT_FOUND, schema=schemas.ErrorAnswer, description="No photo has this id.")
@blueprint.alt_response(HTTPStatus.CONFLICT, schema=schemas.ErrorAnswer, description="The photo isn't ready.")
def get_similar(query: dict[str, Any], photo_id: str) -> Json:
    """Find photos like a stored one."""
    return results_json(current_gallery().searches.like_photo(parse_photo_id(photo_id), **query))


@blueprint.route("/search", methods=["GET"])
@blueprint.arguments(schemas.KeywordQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="The query is malformed.")
@blueprint.alt_response(HTTPStatus.UNPROCESSABLE_ENTITY, schema=schemas.ErrorAnswer, description="Unknown words.")
def search_by_words(query: dict[str, Any]) -> Json:
    """Find photos by words."""
    results = current_gallery().searches.by_words(query["q"], limit=query["limit"], mode=query["mode"])
    return results_json(results)


@blueprint.route("/search/similar", methods=["POST"])
@blueprint.arguments(schemas.SimilarFile, location="files")
@blueprint.arguments(schemas.SimilarForm, location="form")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@blueprint.alt_response(HTTPStatus.BAD_REQUEST, schema=schemas.ErrorAnswer, description="A parameter is wrong.")
@blueprint.alt_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, schema=schemas.ErrorAnswer, description="Too large.")
@blueprint.alt_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, schema=schemas.ErrorAnswer, description="No picture.")
@blueprint.alt_response(HTTPStatus.UNPROCESSABLE_ENTITY, schema=schemas.ErrorAnswer, description="Unknown words.")
@blueprint.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, schema=schemas.ErrorAnswer, description="No model server.")
def search_by_picture(files: dict[str, FileStorage], form: dict[str, Any]) -> Json:
    """Find photos like one from outside, or like a part of it; the photo is not stored."""
    gallery = current_gallery()
    upload = read_file(gallery.library, files["file"])
    box = parse_box(form["box"]) if form.get("box") else None
    results = gallery.searches.like_picture(
        upload.data, method=form["method"], limit=form["limit"], box=box, words=form.get("q") or None
    )
    return results_json(results)


@blueprint.route("/models", methods=["GET"])
@blueprint.response(HTTPStatus.OK, schemas.ModelList)
def list_models() -> Json:
    """List the models of the catalogue, and how far each has come with the photos."""
    models = current_gallery().status.models()
    items = [
        {
            "name": model.card.name,
            "version": model.card.version,
            "title": model.card.title,
            "roles": sorted(model.card.roles),
            "licence": model.card.licence,
            "active": model.active,
            "state": model.state,
            "covered": model.covered,
        }
        for model in models
    ]
    return {"items": items, "next_cursor": None, "total": len(items)}


def parse_box(text: str) -> Box:
    """Read `xmin,ymin,xmax,ymax` in 0..1, with or without brackets; raise BadParameter."""
    try:
        numbers = json.loads(f"[{text.strip().removeprefix('[').removesuffix(']')}]")
        xmin, ymin, xmax, ymax = (float(number) for number in numbers)
    except (ValueError, TypeError) as error:
        raise BadParameter(f"box must be four numbers xmin,ymin,xmax,ymax in 0..1, not {text[:80]!r}.") from error
    if not (0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1):
        raise BadParameter(
            f"box must have 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1; {text[:80]!r} has not.", box=text[:80]
        )
    return Box(xmin, ymin, xmax, ymax)


def answer_no_file_accepted(results: list[UploadResult]) -> Response:
    """Answer an upload of which nothing could be stored: with its only file's error, or with all of them in one."""
    errors = [result.error for result in results if result.error is not None]
    if len(errors) > 1:
        items = [upload_json(result) for result in results]
        error: GalleryError = BadInput("None of the files could be stored; `detail.items` says why.", items=items)
    else:
        error = errors[0]
    too_large = isinstance(error, UploadTooLarge)
    return answer_gallery_error(error, HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST)


def _bytes_response(data: bytes, media_type: str, etag: str, name: str | None) -> Response:
    """Answer bytes that never change: with Range, ETag and a lasting place in the browser's cache."""
    response = send_file(BytesIO(data), mimetype=media_type, download_name=name, etag=etag, conditional=True)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
