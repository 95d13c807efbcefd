"""The gallery that the running application serves."""

from typing import cast

from flask import Flask, current_app

from app.services.gallery import Gallery

_KEY = "gallery"


def attach_gallery(app: Flask, gallery: Gallery) -> None:
    """Give the application its gallery."""
    app.extensions[_KEY] = gallery


def current_gallery() -> Gallery:
    """Return the gallery of the application that handles this request."""
    return cast(Gallery, current_app.extensions[_KEY])
