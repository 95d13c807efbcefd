"""The API's calls on the gallery's file."""

from http import HTTPStatus

from app.web import schemas
from app.web.api.blueprint import blueprint, errors
from app.web.current import current_gallery
from app.web.json_shapes import Json, task_json


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
