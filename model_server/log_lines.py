"""Log lines for people or for programs, each with the id of the request that it is about."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

FORMATS = ("text", "json")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""What this thread works for."""


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Write all log lines from `level` on to `stream` (standard error), as text or as one JSON object each."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    handler.addFilter(_with_request_id)
    logging.basicConfig(level=level, handlers=[handler], force=True)


class TextLines(logging.Formatter):
    """`time level name: message [request id]`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base class's name
        """Return one line, with the request's id at its end if there is one."""
        line = super().formatMessage(record)
        known = getattr(record, "request_id", None)
        return line if known is None else f"{line} [{known}]"


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message; request_id and exception where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; what was given as `extra={"facts": {...}}` stands beside the rest."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        known = getattr(record, "request_id", None)
        if known is not None:
            line["request_id"] = known
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True
