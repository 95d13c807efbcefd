"""Log lines can be read by people or by programs, and both name the request."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from model_server import log_lines


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()  # those of pytest would be closed
    yield StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_has_one_object_a_line_whatever_the_message_holds(stream: StringIO) -> None:
    log_lines.configure("INFO", "json", stream)
    log = logging.getLogger("some.part")
    token = log_lines.request_id.set("abc")
    log.info("two\nlines %s", "and \u00fcnicode", extra={"facts": {"rows": 3}})
    log_lines.request_id.reset(token)
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
    log.debug("not wanted")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "logger": "some.part",
        "message": "two\nlines and \u00fcnicode",
        "request_id": "abc",
        "rows": 3,
    }
    assert "request_id" not in second
    assert "ValueError: broken" in second["exception"]


def test_text_ends_with_the_request_s_id_if_there_is_one(stream: StringIO) -> None:
    log_lines.configure("INFO", "text", stream)
    log = logging.getLogger("some.part")
    log.info("alone")
    token = log_lines.request_id.set("abc")
    log.info("asked")
    log_lines.request_id.reset(token)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("INFO some.part: alone")
    assert second.endswith("INFO some.part: asked [abc]")
