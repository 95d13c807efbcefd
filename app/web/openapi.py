"""`/openapi.json`, generated from the API's code."""

from flask import Flask
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from app.web import api, error_pages, schemas

API_VERSION = "1"


class GalleryApi(Api):
    """flask-smorest's specification, with our shape of errors."""

    ERROR_SCHEMA = schemas.ErrorAnswer

    def handle_http_exception(self, error: HTTPException) -> object:
        """Answer as the rest of the gallery does."""
        return error_pages.answer_http_error(error)


def register_api(app: Flask) -> None:
    """Add the API's calls and their specification to the application."""
    app.config.update(
        API_TITLE="Image gallery",
        API_VERSION=API_VERSION,
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    GalleryApi(app).register_blueprint(api.blueprint)
