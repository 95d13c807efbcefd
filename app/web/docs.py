"""`/docs`: the API's specification as a page, made from `/openapi.json`, without scripts from elsewhere."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask_smorest import Api

from app.web.current import current_gallery
from app.web.views import View
from app.web.wording import banner_text

blueprint = Blueprint("docs", __name__)

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """A parameter or a part of a body."""

    name: str
    place: str
    """`path`, `query`, `form` or `json`."""
    required: bool
    kind: str
    description: str


@dataclass(frozen=True)
class Answer:
    """A status that a call may answer with."""

    status: str
    description: str


@dataclass(frozen=True)
class Call:
    """One call of the API."""

    method: str
    path: str
    summary: str
    description: str
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class DocsView(View):
    """What `docs.html` shows."""

    version: str
    calls: tuple[Call, ...]


@blueprint.get("/docs")
def docs() -> str:
    """Show every call with its parameters and answers."""
    spec = specification()
    calls = tuple(
        _call(method, path, operations, spec)
        for path, operations in spec["paths"].items()
        for method in METHODS
        if method in operations
    )
    view = DocsView(version=spec["info"]["version"], calls=calls, banner=banner_text(current_gallery().status))
    return render_template("docs.html", view=view)


def specification() -> dict[str, Any]:
    """Return the OpenAPI specification of the running application."""
    api: Api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return dict(api.spec.to_dict())


def _call(method: str, path: str, operations: dict[str, Any], spec: dict[str, Any]) -> Call:
    operation = operations[method]
    parameters = [*operations.get("parameters", []), *operation.get("parameters", [])]
    return Call(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        fields=tuple([_parameter(parameter) for parameter in parameters] + _body_fields(operation, spec)),
        answers=tuple(
            Answer(status, _resolved(answer, spec).get("description", ""))
            for status, answer in sorted(operation["responses"].items())
            if status.isdigit()
        ),
    )


def _parameter(parameter: dict[str, Any]) -> Field:
    schema = parameter.get("schema", {})
    description = parameter.get("description") or schema.get("description", "")
    return Field(parameter["name"], parameter["in"], parameter.get("required", False), _kind(schema), description)


def _body_fields(operation: dict[str, Any], spec: dict[str, Any]) -> list[Field]:
    """Return the parts of the body: of a multipart form, or of a JSON object."""
    content = operation.get("requestBody", {}).get("content", {})
    fields = []
    for media_type, media in content.items():
        place = "json" if media_type == "application/json" else "form"
        schemas = [_resolved(part, spec) for part in media["schema"].get("allOf", [media["schema"]])]
        for schema in schemas:
            required = schema.get("required", [])
            for name, shape in schema.get("properties", {}).items():
                fields.append(Field(name, place, name in required, _kind(shape), shape.get("description", "")))
    return fields


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"] if choice is not None)
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))} …"
    return str(schema.get("format") or schema.get("type", ""))


def _resolved(part: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to its definition."""
    if "$ref" not in part:
        return part
    found: Any = spec
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
