"""What all calls of the JSON API share: their blueprint, and how their errors are told."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask_smorest import Blueprint

from app.web import schemas
from app.web.parameters import ParameterParser


class ApiBlueprint(Blueprint):
    """A blueprint whose calls answer bad parameters with 400."""

    ARGUMENTS_PARSER = ParameterParser()


ERRORS = {
    HTTPStatus.BAD_REQUEST: "A parameter, the words or all files can't be used.",
    HTTPStatus.NOT_FOUND: "There is no photo with this id, or no model of this name.",
    HTTPStatus.CONFLICT: "The photo isn't ready yet.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "A file has too many bytes or pixels.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The file is no picture that we read.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "None of the words is known; `detail.suggestions` has near ones.",
    HTTPStatus.BAD_GATEWAY: "The server that was asked for the photo didn't give it.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model server is away.",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk is full.",
}
"""What each status means that a call may answer with instead."""

STORED_EXAMPLE_ERRORS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What may go wrong in a search with stored photos and words."""

View = Callable[..., Any]


def errors(*statuses: HTTPStatus) -> Callable[[View], View]:
    """Say in the specification which errors a call may answer with."""

    def document(view: View) -> View:
        for status in statuses:
            view = blueprint.alt_response(status, schema=schemas.ErrorAnswer, description=ERRORS[status])(view)
        return view

    return document


blueprint = ApiBlueprint("api", __name__, url_prefix="/api/v1", description="The gallery's photos and searches.")
