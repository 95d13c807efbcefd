"""The API's calls that move photos, with all that is known of them, from one gallery to another."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response
from marshmallow import ValidationError
from werkzeug.datastructures import FileStorage

from app.domain import PhotoId, UploadResult
from app.errors import BadInput, BadParameter, UploadTooLarge
from app.services.gallery import Gallery
from app.services.known_photos import KnownPhoto, lists_of, moment_of, read_features
from app.services.photo_ids import parse_photo_id
from app.services.transfer import KnownUpload, Restored
from app.web import transfer_schemas
from app.web.api.blueprint import blueprint, errors
from app.web.api.images import answer_no_file_accepted
from app.web.current import current_gallery
from app.web.error_pages import log_refusal, status_of
from app.web.json_shapes import Json, restored_json
from app.web.uploads import read_file, size_of

MAX_KNOWN_BYTES = 32 * 1024 * 1024
Entry = tuple[KnownPhoto | None, tuple[str, ...]]
"""What is known of one file, and notes on what of it can't be used."""


@blueprint.route("/images/<photo_id>/features", methods=["GET"])
@blueprint.response(HTTPStatus.OK, transfer_schemas.PhotoFeatures)
@errors(HTTPStatus.NOT_FOUND)
def get_features(photo_id: str) -> Json:
    """Return what each model says of a photo, in numbers; nothing while none has looked at it."""
    features = current_gallery().transfer.features(parse_photo_id(photo_id))
    return {"id": photo_id, "features": {model: lists_of(found) for model, found in features.items()}}


@blueprint.route("/images/restore", methods=["POST"])
@blueprint.arguments(transfer_schemas.RestoreFiles, location="files")
@blueprint.response(HTTPStatus.ACCEPTED, transfer_schemas.RestoreAnswer)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INSUFFICIENT_STORAGE)
def restore_images(files: dict[str, Any]) -> Json | Response:
    """Upload photos with what another gallery knew of them, so that nothing has to be computed anew.

    When this answers, all of it is durable. What doesn't belong to a file's bytes or can't be used is left out,
    `notes` say why, and the photo is looked at like a new one.
    """
    results = restore_files(current_gallery(), files["file"], read_known(files["known"], len(files["file"])))
    if all(restored.result.photo is None for restored in results):
        return answer_no_file_accepted([restored.result for restored in results])
    return {"items": [restored_json(restored) for restored in results]}


def restore_files(gallery: Gallery, files: Sequence[FileStorage], known: Sequence[Entry]) -> list[Restored]:
    """Store what can be stored of `files` and say what became of each, in order; none sinks the others."""
    refused: dict[int, Restored] = {}
    uploads: list[KnownUpload] = []
    for position, (file, (photo, notes)) in enumerate(zip(files, known, strict=True)):
        try:
            upload = read_file(gallery.library, file)
            uploads.append(KnownUpload(upload.filename, upload.data, photo, notes))
        except BadInput as error:
            refused[position] = Restored(UploadResult(file.filename or "", error=error), notes)
    stored = iter(gallery.transfer.restore(uploads))
    complete = [refused.get(position) or next(stored) for position in range(len(files))]
    for result in (restored.result for restored in complete):
        if result.error is not None:
            log_refusal(status_of(result.error), result.error.code, result.error.message)
    return complete


def read_known(file: FileStorage, count: int) -> list[Entry]:
    """Read what is known of `count` files; raise BadParameter if it isn't JSON of the right shape."""
    if size_of(file) > MAX_KNOWN_BYTES:
        raise UploadTooLarge(f"known may have {MAX_KNOWN_BYTES:,} bytes. Send fewer photos at once.")
    try:
        document = json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise BadParameter("known is no JSON in UTF-8.") from error
    entries = document.get("photos") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) != count:
        raise BadParameter(f'known must be {{"photos": […]}} with one entry for each of the {count} files, in order.')
    return [_entry(position, entry) for position, entry in enumerate(entries)]


def _entry(position: int, entry: object) -> Entry:
    if entry is None:
        return None, ()
    try:
        loaded = transfer_schemas.KnownPhotoShape().load(entry if isinstance(entry, dict) else {})
        added_at = moment_of(loaded["added_at"])
    except ValidationError as error:
        raise BadParameter(f"known: photo {position} isn't described as it must be: {error.messages}.") from error
    except BadParameter as error:
        raise BadParameter(f"known: photo {position}: added_at: {error.message}") from error
    features, notes = read_features(loaded["features"])
    photo = KnownPhoto(PhotoId(loaded["id"]), loaded["name"], added_at, loaded["state"], loaded["error"], features)
    return photo, tuple(notes)
