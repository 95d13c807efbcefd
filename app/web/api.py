"""The JSON API, version 1: parse, call one service, give back its result."""

from collections.abc import Callable
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
from app.web.error_pages import answer
from app.web.json_shapes import (
    Json,
    details_json,
    error_json,
    page_json,
    photo_json,
    results_json,
    task_json,
    upload_json,
)
from app.web.parameters import ParameterParser
from app.web.uploads import read_file, store_files

IMMUTABLE = "private, max-age=31536000, immutable"


class ApiBlueprint(Blueprint):
    """A blueprint whose calls answer bad parameters with 400."""

    ARGUMENTS_PARSER = ParameterParser()


ERRORS = {
    HTTPStatus.BAD_REQUEST: "A parameter, the words or all files can't be used.",
    HTTPStatus.NOT_FOUND: "No photo has this id.",
    HTTPStatus.CONFLICT: "The photo isn't ready yet.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "A file has too many bytes or pixels.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The file is no picture that we read.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "None of the words is known; `detail.suggestions` has near ones.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model server is away.",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk is full.",
}
"""What each status means that a call may answer with instead."""

View = Callable[..., Any]


def errors(*statuses: HTTPStatus) -> Callable[[View], View]:
    """Say in the specification which errors a call may answer with."""

    def document(view: View) -> View:
        for status in statuses:
            view = blueprint.alt_response(status, schema=schemas.ErrorAnswer, description=ERRORS[status])(view)
        return view

    return document


blueprint = ApiBlueprint("api", __name__, url_prefix="/api/v1", description="The gallery's photos and searches.")


@blueprint.route("/images", methods=["POST"])
@blueprint.arguments(schemas.UploadFiles, location="files")
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UploadAnswer)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INSUFFICIENT_STORAGE)
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
@errors(HTTPStatus.BAD_REQUEST)
def list_images(query: dict[str, Any]) -> Json:
    """List photos, newest first."""
    return page_json(current_gallery().library.page(**query))


@blueprint.route("/images/<photo_id>", methods=["GET"])
@blueprint.response(HTTPStatus.OK, schemas.ImageDetails)
@errors(HTTPStatus.NOT_FOUND)
def get_image(photo_id: str) -> Json:
    """Return all that is known of a photo."""
    return details_json(current_gallery().library.details(parse_photo_id(photo_id)))


@blueprint.route("/images/<photo_id>", methods=["DELETE"])
@blueprint.response(HTTPStatus.NO_CONTENT)
@errors(HTTPStatus.NOT_FOUND)
def delete_image(photo_id: str) -> None:
    """Delete a photo for good."""
    current_gallery().library.delete(parse_photo_id(photo_id))


@blueprint.route("/images/<photo_id>/retry", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ImageRow)
@errors(HTTPStatus.NOT_FOUND)
def retry_image(photo_id: str) -> Json:
    """Look at a photo again that has failed."""
    return photo_json(current_gallery().library.retry(parse_photo_id(photo_id)))


@blueprint.route("/images/<photo_id>/file", methods=["GET"])
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/*")
@errors(HTTPStatus.NOT_FOUND)
def get_file(photo_id: str) -> Response:
    """Return the bytes as they were uploaded."""
    photo, data = current_gallery().library.original(parse_photo_id(photo_id))
    return _bytes_response(data, photo.facts.media_type, photo.id, photo.name)


@blueprint.route("/images/<photo_id>/thumbnail", methods=["GET"])
@blueprint.arguments(schemas.ThumbnailQuery, location="query")
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/webp")
@errors(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
def get_thumbnail(query: dict[str, int], photo_id: str) -> Response:
    """Return a small WebP picture of a photo."""
    data = current_gallery().library.thumbnail(parse_photo_id(photo_id), query["size"])
    return _bytes_response(data, "image/webp", f"{photo_id}-{query['size']}", None)


@blueprint.route("/images/<photo_id>/similar", methods=["GET"])
@blueprint.arguments(schemas.SimilarQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
def get_similar(query: dict[str, Any], photo_id: str) -> Json:
    """Find photos like a stored one."""
    return results_json(current_gallery().searches.like_photo(parse_photo_id(photo_id), **query))


@blueprint.route("/search", methods=["GET"])
@blueprint.arguments(schemas.KeywordQuery, location="query")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
def search_by_words(query: dict[str, Any]) -> Json:
    """Find photos by words."""
    results = current_gallery().searches.by_words(query["q"], limit=query["limit"], mode=query["mode"])
    return results_json(results)


@blueprint.route("/search/similar", methods=["POST"])
@blueprint.arguments(schemas.SimilarFile, location="files")
@blueprint.arguments(schemas.SimilarForm, location="form")
@blueprint.response(HTTPStatus.OK, schemas.HitList)
@errors(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
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


@blueprint.route("/upkeep", methods=["GET"])
@blueprint.response(HTTPStatus.OK, schemas.UpkeepList)
def list_upkeep() -> Json:
    """Say how far the gallery file's upkeep is, and what came of it last."""
    items = [task_json(task) for task in current_gallery().upkeep_tasks.all()]
    return {"items": items, "next_cursor": None, "total": len(items)}


@blueprint.route("/upkeep/verify", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UpkeepTask)
def start_verify() -> Json:
    """Begin to check everything stored against its checksum.

    Damaged features are computed anew. `GET /upkeep` tells how far it is and, in the end, what is damaged.
    """
    return task_json(current_gallery().upkeep_tasks.verify())


@blueprint.route("/upkeep/compact", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UpkeepTask)
def start_compact() -> Json:
    """Begin to give unused room back to the file system; `GET /upkeep` tells how far it is."""
    return task_json(current_gallery().upkeep_tasks.compact())


@blueprint.route("/upkeep/backup", methods=["POST"])
@blueprint.arguments(schemas.BackupRequest)
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UpkeepTask)
@errors(HTTPStatus.BAD_REQUEST)
def start_backup(request: dict[str, str]) -> Json:
    """Begin a consistent copy of the gallery file, in its folder; `GET /upkeep` tells how far it is.

    It appears under its name when it is whole. A file that is there already is never written over.
    """
    return task_json(current_gallery().upkeep_tasks.backup(request["file"]))


def parse_box(text: str) -> Box:
    """Read `xmin,ymin,xmax,ymax` in 0..1, with or without brackets; raise BadParameter."""
    try:
        xmin, ymin, xmax, ymax = (float(number) for number in text.strip().strip("[]").split(","))
    except ValueError as error:
        raise BadParameter(f"box must be four numbers xmin,ymin,xmax,ymax in 0..1, not {text[:80]!r}.") from error
    if not (0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1):
        raise BadParameter(
            f"box must have 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1; {text[:80]!r} has not.", box=text[:80]
        )
    return Box(xmin, ymin, xmax, ymax)


def answer_no_file_accepted(results: list[UploadResult]) -> Response:
    """Answer an upload of which nothing could be stored: with its only file's error, or with all of them in one."""
    refusals = [result.error for result in results if result.error is not None]
    error: GalleryError = refusals[0]
    if len(refusals) > 1:
        items = [upload_json(result) for result in results]
        error = BadInput("None of the files could be stored; `detail.items` says why.", items=items)
    too_large = isinstance(error, UploadTooLarge)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST
    return answer(status, error_json(error))


def _bytes_response(data: bytes, media_type: str, etag: str, name: str | None) -> Response:
    """Answer bytes that never change: with Range, ETag and a lasting place in the browser's cache."""
    response = send_file(BytesIO(data), mimetype=media_type, download_name=name, etag=etag, conditional=True)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
