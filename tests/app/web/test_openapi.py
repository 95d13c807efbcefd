"""`/openapi.json` is true: what it names exists, what exists it names, and real answers fit it."""

from flask.testing import FlaskClient

from tests.app.web.api_calls import json_of


def test_every_call_of_the_api_is_in_it(client: FlaskClient) -> None:
    paths = json_of(client.get("/openapi.json"))["paths"]
    named = {(path, method.upper()) for path, calls in paths.items() for method in calls if method != "parameters"}
    routed = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert named == routed


def test_the_page_shows_every_call(client: FlaskClient) -> None:
    page = client.get("/docs").text
    for path in json_of(client.get("/openapi.json"))["paths"]:
        assert path in page
