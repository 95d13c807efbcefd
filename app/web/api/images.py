"""The API's calls on photos: upload, list, read, delete."""

from http import HTTPStatus
from io import BytesIO
from typing import Any

from flask import Response, send_file
from werkzeug.datastructures import FileStorage

from app.domain import PhotoId, UploadResult
from app.errors import BadInput, GalleryError, UploadTooLarge
from app.services.photo_ids import parse_photo_id
from app.web import schemas
from app.web.api.blueprint import blueprint, errors
from app.web.current import current_gallery
from app.web.error_pages import answer
from app.web.json_shapes import Json, details_json, error_json, page_json, photo_json, upload_json
from app.web.uploads import store_files

IMMUTABLE = "private, max-age=31536000, immutable"


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


@blueprint.route("/images/from-url", methods=["POST"])
@blueprint.arguments(schemas.FromUrl)
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UploadAnswer)
@errors(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.INSUFFICIENT_STORAGE,
)
def upload_from_url(request: dict[str, str]) -> Json | Response:
    """Fetch a photo from the web and store it, as an upload.

    Only public http and https addresses are asked, which is judged anew after every redirect.
    """
    gallery = current_gallery()
    results = gallery.library.upload([gallery.web_photos.fetch(request["url"])])
    if results[0].photo is None:
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
@blueprint.arguments(schemas.FileQuery, location="query")
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/*")
@errors(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
def get_file(query: dict[str, bool], photo_id: str) -> Response:
    """Return the bytes as they were uploaded.

    Where the disk has damaged them, the answer is the error `photo_damaged`, unless they are asked for all the same.
    """
    photo, data = current_gallery().library.original(parse_photo_id(photo_id), damaged=query["damaged"])
    if not query["damaged"]:
        return _bytes_response(data, photo.facts.media_type, photo.id, photo.name)
    response = _bytes_response(data, photo.facts.media_type, f"{photo.id}-damaged", photo.name)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/images/<photo_id>/thumbnail", methods=["GET"])
@blueprint.arguments(schemas.ThumbnailQuery, location="query")
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/webp")
@errors(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
def get_thumbnail(query: dict[str, int], photo_id: str) -> Response:
    """Return a small WebP picture of a photo."""
    data = current_gallery().library.thumbnail(parse_photo_id(photo_id), query["size"])
    return _bytes_response(data, "image/webp", f"{photo_id}-{query['size']}", None)


@blueprint.route("/images/zip", methods=["POST"])
@blueprint.arguments(schemas.ZipForm, location="form")
@blueprint.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="application/zip")
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
def get_zip(form: dict[str, str]) -> Response:
    """Return photos, as they were uploaded, in a ZIP file."""
    packed = current_gallery().zips.of([PhotoId(photo_id.strip()) for photo_id in form["ids"].split(",")])
    response = Response(packed.parts, mimetype="application/zip")
    response.content_length = packed.size_bytes
    response.headers.set("Content-Disposition", "attachment", filename="photos.zip")
    return response


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
