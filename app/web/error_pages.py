"""From exceptions to answers, in one place: JSON for programs, a page for people, one log line for us."""

import logging
from http import HTTPStatus
from math import ceil

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import errors
from app.errors import GalleryError
from app.web.json_shapes import error_json
from app.web.views import ErrorView

log = logging.getLogger(__name__)

STATUS_OF: dict[type[GalleryError], HTTPStatus] = {
    errors.BadInput: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UploadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnknownWordsError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DownloadFailed: HTTPStatus.BAD_GATEWAY,
    errors.PhotoNotFound: HTTPStatus.NOT_FOUND,
    errors.SavedSearchNotFound: HTTPStatus.NOT_FOUND,
    errors.ModelNotFound: HTTPStatus.NOT_FOUND,
    errors.PhotoNotReady: HTTPStatus.CONFLICT,
    errors.AccessDenied: HTTPStatus.FORBIDDEN,
    errors.StoreError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.StoreLocked: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.InferenceError: HTTPStatus.BAD_GATEWAY,
    errors.ModelServerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    GalleryError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
MESSAGES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address. Look at the address again, or start from the gallery.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address doesn't take such a request; /docs lists what it takes.",
}
"""What we say where Werkzeug would speak for itself."""
RETRY_AFTER_S = 2
"""When to ask again what couldn't be answered just now, where the error doesn't say."""
PROGRAM_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")


def register_error_handlers(app: Flask) -> None:
    """Make every exception end as an answer of ours."""
    app.register_error_handler(GalleryError, answer_gallery_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_unexpected_error)


def status_of(error: GalleryError) -> HTTPStatus:
    """Return the HTTP status that belongs to an error: that of its nearest class in `STATUS_OF`."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def answer_gallery_error(error: GalleryError) -> Response:
    """Answer an error that the gallery reported on purpose."""
    status = status_of(error)
    log_refusal(status, error.code, error.message)
    response = answer(status, error_json(error))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(retry_after_s(error))
    return response


def retry_after_s(error: GalleryError) -> int:
    """Return after how many seconds the same request may work, as far as the error tells."""
    told_s = error.detail.get("retry_after_s")
    return max(1, ceil(told_s)) if isinstance(told_s, (int, float)) else RETRY_AFTER_S


def answer_http_error(error: HTTPException) -> Response:
    """Answer what Flask itself refused: an unknown address, a wrong method, a body that is too long."""
    status = HTTPStatus(error.code or 500)
    code = status.name.lower()
    message = MESSAGES.get(status) or error.description or status.phrase
    detail: dict[str, object] = {}
    if isinstance(error, RequestEntityTooLarge):
        code, message = errors.UploadTooLarge.code, "The request is too long. Send fewer photos at once."
    elif isinstance(data := getattr(error, "data", None), dict):  # what webargs says of parameters
        code, detail = errors.BadParameter.code, {"parameters": data.get("messages", {})}
        message = "A parameter has a value that it can't have: " + _flat(data.get("messages", {}))
    log_refusal(status, code, message)
    response = answer(status, {"code": code, "message": message, "detail": detail})
    for header, value in error.get_headers():
        if header in ("WWW-Authenticate", "Allow", "Content-Range"):
            response.headers[header] = value
    return response


def answer_unexpected_error(error: Exception) -> Response:
    """Answer a fault of ours without telling its inside; the log has it whole."""
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    message = "Something went wrong inside the gallery. Nothing that was stored is lost; the log says more."
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"code": "internal_error", "message": message, "detail": {}})


def answer(status: HTTPStatus, error: dict[str, object]) -> Response:
    """Answer an error: programs get JSON, people a page."""
    if request.path.startswith(PROGRAM_PATHS):
        response = jsonify(error=error)
    else:
        view = ErrorView(status=int(status), title=status.phrase, message=str(error["message"]))
        response = make_response(render_template("error.html", view=view))
    response.status_code = int(status)
    return response


def log_refusal(status: HTTPStatus, code: str, message: str) -> None:
    """Write one line, whatever the message holds: control characters are shown, not obeyed."""
    text = message.encode("unicode_escape").decode("ascii")
    path = request.path.encode("unicode_escape").decode("ascii")[:200]
    log.log(
        logging.ERROR if status >= 500 else logging.INFO, "%s %s: %d %s: %s", request.method, path, status, code, text
    )


def _flat(messages: object, prefix: str = "") -> str:
    """Return nested validation messages as one line, each behind its parameter's name."""
    if isinstance(messages, dict):
        skipped = ("query", "json", "form", "files", "path")
        parts = (_flat(value, prefix if key in skipped else f"{key}: ") for key, value in messages.items())
        return " ".join(parts)
    if isinstance(messages, list):
        return prefix + " ".join(str(message) for message in messages)
    return prefix + str(messages)
