"""Short forms of API calls that several tests make."""

from io import BytesIO
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.waiting import wait_until

API = "/api/v1"


def upload(client: FlaskClient, *files: tuple[str, bytes]) -> TestResponse:
    """Upload files, each a name and its bytes, in one request."""
    return client.post(f"{API}/images", data={"file": [(BytesIO(data), name) for name, data in files]})


def upload_ready(client: FlaskClient, *files: tuple[str, bytes]) -> list[str]:
    """Upload files, wait until all are ready, and return their ids."""
    answer = upload(client, *files)
    assert answer.status_code == 202, answer.text
    ids = item_ids(answer)
    wait_until(lambda: all(state_of(client, photo_id) == "ready" for photo_id in ids), what="all photos ready")
    return ids


def item_ids(answer: TestResponse) -> list[str]:
    """Return the ids of the items of a list."""
    return [item["id"] for item in json_of(answer)["items"]]


def state_of(client: FlaskClient, photo_id: str) -> str:
    """Return a photo's state."""
    return str(json_of(client.get(f"{API}/images/{photo_id}"))["state"])


def json_of(answer: TestResponse) -> dict[str, Any]:
    """Return an answer's JSON object."""
    assert isinstance(answer.json, dict), answer.text
    return answer.json


def error_of(answer: TestResponse) -> dict[str, Any]:
    """Return an answer's error, which has the one shape that all errors have."""
    body = json_of(answer)
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "detail"}
    return dict(body["error"])
