"""Pages, API and checks over HTTP: parse, call one service, render."""

from flask import Flask
from flask_compress import Compress

from app.web import docs, error_pages, health, openapi, pages, security
from app.web.texts import register_texts

COMPRESSION = {
    "COMPRESS_MIMETYPES": ["text/html", "text/css", "text/javascript", "image/svg+xml", "application/json"],
    "COMPRESS_ALGORITHM": ["br", "gzip"],
    "COMPRESS_ALGORITHM_STREAMING": ["br", "gzip"],
    "COMPRESS_BR_LEVEL": 4,
}
"""What is compressed on its way, and how: pictures aren't, as they are already."""


def register_web(app: Flask, *, password: str, allowed_hosts: str) -> None:
    """Add everything that answers over HTTP to the application."""
    health.register_health(app)
    app.config.update(COMPRESSION)
    Compress(app)
    register_texts(app)
    security.protect(app, password, allowed_hosts)
    error_pages.register_error_handlers(app)
    openapi.register_api(app)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(pages.blueprint)
