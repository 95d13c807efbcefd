"""Pages, API and checks over HTTP: parse, call one service, render."""

from flask import Flask

from app.web import docs, error_pages, health, openapi, pages, security
from app.web.texts import register_texts


def register_web(app: Flask, *, password: str, allowed_hosts: str) -> None:
    """Add everything that answers over HTTP to the application."""
    health.register_health(app)
    register_texts(app)
    security.protect(app, password, allowed_hosts)
    error_pages.register_error_handlers(app)
    openapi.register_api(app)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(pages.blueprint)
