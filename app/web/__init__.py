"""Pages, API and checks over HTTP: parse, call one service, render."""

from functools import cache, partial
from pathlib import Path

from flask import Flask

from app.web import (
    docs,
    error_pages,
    health,
    help_pages,
    installable,
    openapi,
    pages,
    request_log,
    search_pages,
    security,
    status_pages,
)
from app.web.compression import compress_texts
from app.web.texts import register_texts
from app.web.theme import register_theme
from app.web.uploads import UploadRequest


def register_web(app: Flask, *, password: str, allowed_hosts: str) -> None:
    """Add everything that answers over HTTP to the application."""
    app.request_class = UploadRequest
    request_log.register_request_log(app)
    health.register_health(app)
    compress_texts(app)
    app.jinja_env.globals["scripts_in"] = partial(scripts_in, app)
    register_texts(app)
    register_theme(app)
    security.protect(app, password, allowed_hosts)
    error_pages.register_error_handlers(app)
    openapi.register_api(app)
    app.register_blueprint(docs.blueprint)
    for part in (pages, search_pages, help_pages, status_pages, installable):
        app.register_blueprint(part.blueprint)


@cache
def scripts_in(app: Flask, folder: str) -> list[str]:
    """Return the addresses of the modules in a folder of `static/js`, for pages that load them ahead."""
    modules = sorted(Path(str(app.static_folder), "js", folder).glob("*.js"))
    return [f"{app.static_url_path}/js/{folder}/{module.name}" for module in modules]
