"""`GET /api/v1/events`: what changes in the gallery, told while it happens (server-sent events)."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

from flask import Response

from app.services.live_changes import Change, Watch
from app.web.api.blueprint import blueprint
from app.web.current import current_gallery
from app.web.json_shapes import photo_json

HEARTBEAT_S = 5.0
"""After so long without news a comment is sent, which shows a connection that is gone."""


@blueprint.route("/events", methods=["GET"])
@blueprint.response(HTTPStatus.OK, {}, content_type="text/event-stream")
def get_events() -> Response:
    """Tell what changes, as long as the connection stays open.

    Event `gallery`: `{"photos", "pending_jobs", "model_server", "banner"}`, first and whenever it is different.
    Event `photos`: `{"items": [...], "many"}`, photos as in the list that came or whose state is another one; with
    `many`, others have come or gone as well, and the list is to be asked for anew.
    """
    opened = ExitStack()
    watch = opened.enter_context(current_gallery().changes.watch())
    response = Response(lines(watch), mimetype="text/event-stream")
    response.call_on_close(opened.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def lines(watch: Watch) -> Iterator[str]:
    """Yield a watch's changes in the format of server-sent events until it is closed."""
    while not watch.closed:
        change = watch.next(HEARTBEAT_S)
        yield ": nothing new\n\n" if change is None else "".join(events_of(change))


def events_of(change: Change) -> Iterator[str]:
    """Yield the events that tell of a change."""
    if change.photos or change.many:
        yield event("photos", {"items": [photo_json(photo) for photo in change.photos], "many": change.many})
    if change.situation is not None:
        yield event("gallery", vars(change.situation))


def event(name: str, data: object) -> str:
    """Return one event; JSON holds no line breaks, so that its data is one line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
