"""The API's calls on models: which there are, and changing between them."""

from http import HTTPStatus

from app.web import model_schemas as schemas
from app.web.api.blueprint import blueprint, errors
from app.web.current import current_gallery
from app.web.json_shapes import Json
from app.web.model_json import change_json, dropped_json, models_json


@blueprint.route("/models", methods=["GET"])
@blueprint.response(HTTPStatus.OK, schemas.ModelList)
def list_models() -> Json:
    """List the models of the catalogue, how far each has come with the photos, and the change between them."""
    gallery = current_gallery()
    models = gallery.models
    return models_json(models.reports(gallery.status.model_server), models.change(), models.kept())


@blueprint.route("/models/<name>/activate", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ModelChange)
@errors(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
def activate_model(name: str) -> Json:
    """Begin to change to a model, which takes over the roles that it has.

    It looks at all photos in the background, while searches answer from the models in use; once it has seen them
    all, searches answer from it, from one moment to the next. `GET /models` tells how far it is. A model that is in
    use calls a change off.
    """
    return change_json(current_gallery().models.activate(name))


@blueprint.route("/models/<name>/drop", methods=["POST"])
@blueprint.response(HTTPStatus.OK, schemas.KeptFeatures)
@errors(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
def drop_features(name: str) -> Json:
    """Forget what a model that isn't in use any more says of photos, and give the room back.

    The name is one of `kept` in `GET /models`. To use that model again, all photos are looked at again.
    """
    return dropped_json(current_gallery().models.drop(name))


@blueprint.route("/models/pause", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ModelChange)
@errors(HTTPStatus.BAD_REQUEST)
def pause_change() -> Json:
    """Let the change of models rest, over restarts too."""
    return change_json(current_gallery().models.pause())


@blueprint.route("/models/resume", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ModelChange)
@errors(HTTPStatus.BAD_REQUEST)
def resume_change() -> Json:
    """Go on with the change of models."""
    return change_json(current_gallery().models.resume())


@blueprint.route("/models/rollback", methods=["POST"])
@blueprint.response(HTTPStatus.ACCEPTED, schemas.ModelChange)
@errors(HTTPStatus.BAD_REQUEST)
def roll_back_models() -> Json:
    """Call the change of models off, or else go back to the models before.

    That is a matter of seconds; only photos that came since are looked at first.
    """
    return change_json(current_gallery().models.rollback())
