"""The manifest, by which browsers install the gallery like an application."""

from flask import Blueprint, Response, json, url_for

from app.web.texts import current_texts, t

blueprint = Blueprint("installable", __name__)

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable.png", "512x512", "maskable"),
)


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """Give the manifest in the request's language."""
    icons = [
        {"src": url_for("static", filename=f"icons/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for file, sizes, purpose in ICONS
    ]
    vector = {"src": url_for("static", filename="icons/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    shortcuts = [
        {"name": t("layout.title"), "url": url_for("search.layout")},
        {"name": t("search_photo.title"), "url": url_for("search.photo_form")},
    ]
    found = {
        "id": "/",
        "name": t("app.name"),
        "short_name": t("app.short_name"),
        "description": t("app.description"),
        "lang": current_texts().language,
        "start_url": url_for("pages.gallery"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": [vector, *icons],
        "shortcuts": shortcuts,
    }
    return Response(json.dumps(found, ensure_ascii=False), mimetype="application/manifest+json")
