"""Every request has an id: the caller's or a new one. It is told in the answer and stands in each log line."""

import logging
from time import perf_counter

from flask import Flask, Response, g, request

from app import request_ids

log = logging.getLogger(__name__)

UNLOGGED_PATHS = ("/static/", "/healthz", "/readyz", "/metrics")
"""What is asked so often that lines about it would hide the others."""


def register_request_log(app: Flask) -> None:
    """Give requests their ids, and log each when it is answered."""

    @app.before_request
    def begin() -> None:
        g.began_s = perf_counter()
        g.request_id = request_ids.accepted(request.headers.get(request_ids.HEADER))
        request_ids.set_current(g.request_id)

    @app.after_request
    def answered(response: Response) -> Response:
        response.headers[request_ids.HEADER] = g.request_id
        if log.isEnabledFor(logging.INFO) and not request.path.startswith(UNLOGGED_PATHS):
            log_answer(response)
        return response

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        request_ids.set_current(None)


def log_answer(response: Response) -> None:
    """Write one line about the request in hand."""
    facts = {
        "method": request.method,
        "path": request.path[:200],
        "status": response.status_code,
        "seconds": round(perf_counter() - g.began_s, 4),
    }
    path = str(facts["path"]).encode("unicode_escape").decode("ascii")
    log.info("%s %s: %d", request.method[:20], path, response.status_code, extra={"facts": facts})
