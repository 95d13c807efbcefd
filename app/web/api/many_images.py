"""The API's calls on many photos at once: delete, look at again, and those that come with the gallery."""

from http import HTTPStatus

from app.domain import PhotoId
from app.errors import PhotoNotFound
from app.web import schemas
from app.web.api.blueprint import blueprint, errors
from app.web.current import current_gallery
from app.web.json_shapes import Json, upload_json


@blueprint.route("/images/delete", methods=["POST"])
@blueprint.arguments(schemas.DeleteRequest)
@blueprint.response(HTTPStatus.OK, schemas.DeleteAnswer)
@errors(HTTPStatus.BAD_REQUEST)
def delete_images(request: dict[str, list[str]]) -> Json:
    """Delete photos for good; those that aren't there are passed over."""
    deleted = [photo_id for photo_id in dict.fromkeys(request["ids"]) if _delete(PhotoId(photo_id))]
    return {"deleted": deleted}


@blueprint.route("/images/retry", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.RetryAnswer)
def retry_failed_images() -> Json:
    """Look again at all photos that have failed."""
    return {"retried": current_gallery().library.retry_failed()}


@blueprint.route("/images/demo", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.UploadAnswer)
@errors(HTTPStatus.INSUFFICIENT_STORAGE)
def add_demo_images() -> Json:
    """Store the freely licensed photos that come with the gallery, as an upload."""
    return {"items": [upload_json(result) for result in current_gallery().demo.add()]}


def _delete(photo_id: PhotoId) -> bool:
    """Delete a photo; tell whether it was there."""
    try:
        current_gallery().library.delete(photo_id)
    except PhotoNotFound:
        return False
    return True
