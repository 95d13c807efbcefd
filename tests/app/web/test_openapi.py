"""`/openapi.json` is true: what it names exists, what exists it names, and real answers fit it."""

import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis import checks
from schemathesis.core.result import Ok

from app import create_app
from app.inference.fake import FakeModelClient
from app.opening import open_gallery
from app.settings import Settings
from tests.app.web.api_calls import json_of, upload_ready
from tests.photos import drawn_photo


def test_every_call_of_the_api_is_in_it(client: FlaskClient) -> None:
    paths = json_of(client.get("/openapi.json"))["paths"]
    named = {(path, method.upper()) for path, calls in paths.items() for method in calls if method != "parameters"}
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert named == routed


def test_the_page_shows_every_call(client: FlaskClient) -> None:
    page = client.get("/docs").text
    for path in json_of(client.get("/openapi.json"))["paths"]:
        assert path in page


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""What is asked of every answer. To accept any file isn't: most made-up ones are no picture."""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return an application with a few photos, on the fake model server."""
    settings = Settings(data=tmp_path_factory.mktemp("openapi") / "gallery.h5")
    gallery = open_gallery(settings, FakeModelClient())
    application = create_app(settings, gallery)
    upload_ready(application.test_client(), *[(f"{seed}.jpg", drawn_photo(seed)) for seed in range(3)])
    yield application
    gallery.close()


def test_answers_to_made_up_requests_are_as_it_says(application: Flask) -> None:
    """Hold status, media type and shape of real answers to the specification; a fault of ours is none of them."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", application)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 10
    for operation in operations:

        @hypothesis.settings(max_examples=15, suppress_health_check=list(hypothesis.HealthCheck), database=None)
        @hypothesis.given(case=operation.as_strategy())
        def answers_fit(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS, headers={"Accept-Encoding": "identity"})

        answers_fit()
