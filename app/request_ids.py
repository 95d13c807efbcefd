"""One id for all that is done for one request, or for one batch of background work: it stands in every log line.

It travels to the model server with each call, and is told to whoever made the request.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from model_server.log_lines import request_id as _current

HEADER = "X-Request-ID"
METADATA_KEY = "x-request-id"
"""Its name in gRPC."""

_ACCEPTED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def current() -> str | None:
    """Return the id of what this thread works for, or None."""
    return _current.get()


def new(prefix: str = "") -> str:
    """Return an id that no other request has."""
    return f"{prefix}{uuid.uuid4().hex[:16]}"


def accepted(text: str | None) -> str:
    """Return a caller's id if it can stand in a log line, or else a new one."""
    return text if text is not None and _ACCEPTED.fullmatch(text) else new()


def set_current(request_id: str | None) -> None:
    """Say what this thread works for from now on."""
    _current.set(request_id)


@contextmanager
def working_for(request_id: str) -> Iterator[None]:
    """Say what this thread works for until the block ends."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
