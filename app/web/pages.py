"""The pages: parse the request, call one service, render one template with one view."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain import ExamplesSearch, Photo, PhotoDetails, PhotoState, SimilarityMethod, StoredExample
from app.errors import BadParameter, PhotoNotFound, PhotoNotReady
from app.services.photo_ids import parse_photo_id
from app.web.current import current_gallery
from app.web.hits import Asked, Findings
from app.web.page_parts import banner, option
from app.web.receipts import Receipts
from app.web.texts import t
from app.web.tiles import by_month
from app.web.uploads import store_files
from app.web.views import (
    FileOutcome,
    GalleryView,
    PhotoView,
    UploadedView,
    UploadView,
)

blueprint = Blueprint("pages", __name__)
receipts = Receipts()

PAGE_PHOTOS = 60
SIMILAR_PHOTOS = 24
LONGEST_NUMBER = 9

NOTICES = {"deleted": "gallery.deleted"}
"""What has just been done, and the text that says so."""


@blueprint.get("/")
def gallery() -> ResponseReturnValue:
    """Show the photos, the latest day first."""
    state = option("state", PhotoState, request.args)
    label = request.args.get("label") or None
    first = _whole_number("first", request.args)
    among = current_gallery().library.rows(label, state) if label or state else None
    stretch = current_gallery().timeline.stretch(first, PAGE_PHOTOS, among)
    chosen = {name: str(value) for name, value in (("label", label), ("state", state)) if value}
    last = first + PAGE_PHOTOS
    view = GalleryView(
        months=by_month(stretch.photos),
        total=stretch.total,
        first=first,
        newer_url=_gallery_url(chosen, max(0, first - PAGE_PHOTOS)) if first > 0 else None,
        older_url=_gallery_url(chosen, last) if last < stretch.total else None,
        filter_query=urlencode(chosen),
        filter_text=label or (t(f"states.{state}") if state else None),
        notice=_notice(),
        banner=banner(),
    )
    return render_template("gallery.html", view=view)


@blueprint.post("/demo")
def demo() -> ResponseReturnValue:
    """Fill the gallery with the photos that come with it."""
    current_gallery().demo.add()
    return redirect(url_for("pages.gallery"), 303)


@blueprint.get("/upload")
def upload_form() -> ResponseReturnValue:
    """Show the form for uploading."""
    return render_template("upload.html", view=UploadView(banner=banner()))


@blueprint.post("/upload")
def upload() -> ResponseReturnValue:
    """Take the files of the form and send the browser to what became of them."""
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        view = UploadView(problem=t("upload.nothing_chosen"), banner=banner())
        return render_template("upload.html", view=view), 400
    results = store_files(current_gallery().library, files)
    return redirect(url_for("pages.uploaded", key=receipts.keep(results)), 303)


@blueprint.get("/upload/<key>")
def uploaded(key: str) -> ResponseReturnValue:
    """Show what became of each file of an upload."""
    results = receipts.find(key)
    if results is None:
        return redirect(url_for("pages.gallery"), 303)
    outcomes = tuple(FileOutcome.of(result, _current_photo(result.photo)) for result in results)
    return render_template("uploaded.html", view=UploadedView(outcomes, banner=banner()))


@blueprint.get("/photos/<photo_id>")
def photo(photo_id: str) -> ResponseReturnValue:
    """Show one photo, what is in it and what is like it."""
    method = option("method", SimilarityMethod, request.args) or SimilarityMethod.EMBEDDING
    details = current_gallery().library.details(parse_photo_id(photo_id))
    return render_template("photo.html", view=_photo_view(details, method))


@blueprint.post("/photos/<photo_id>/delete")
def delete(photo_id: str) -> ResponseReturnValue:
    """Delete a photo and go back to the gallery."""
    current_gallery().library.delete(parse_photo_id(photo_id))
    return redirect(url_for("pages.gallery", done="deleted"), 303)


@blueprint.post("/photos/<photo_id>/retry")
def retry(photo_id: str) -> ResponseReturnValue:
    """Try a failed photo again."""
    current_gallery().library.retry(parse_photo_id(photo_id))
    return redirect(url_for("pages.photo", photo_id=photo_id), 303)


def _photo_view(details: PhotoDetails, method: SimilarityMethod) -> PhotoView:
    try:
        found = current_gallery().searches.like_photo(details.photo.id, method, SIMILAR_PHOTOS)
    except PhotoNotReady:
        return PhotoView(details, method, banner=banner())
    asked = Asked(ExamplesSearch((StoredExample(details.photo.id),), method), details.photo)
    return PhotoView(details, method, Findings(found, asked), banner=banner())


def _current_photo(photo: Photo | None) -> Photo | None:
    if photo is None:
        return None
    try:
        return current_gallery().library.details(photo.id).photo
    except PhotoNotFound:
        return None


def _gallery_url(chosen: Mapping[str, str], first: int) -> str:
    return "/?" + urlencode({**chosen, "first": first})


def _notice() -> str | None:
    key = NOTICES.get(request.args.get("done", ""))
    return t(key) if key else None


def _whole_number(name: str, values: Mapping[str, str]) -> int:
    """Read a number from 0 on; raise BadParameter for anything else."""
    text = values.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise BadParameter(f"{name} must be a whole number, not {text[:80]!r}.", parameter=name)
    return int(text)
