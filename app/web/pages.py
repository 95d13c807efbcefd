"""The pages: parse the request, call one service, render one template with one view."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.domain import KeywordMode, Photo, PhotoDetails, PhotoState, SimilarityMethod, StoredExample
from app.errors import BadParameter, GalleryError, PhotoNotFound, PhotoNotReady, QueryError
from app.services.photo_ids import parse_photo_id
from app.web import wording
from app.web.current import current_gallery
from app.web.error_pages import log_refusal, status_of
from app.web.query_problems import QueryProblem
from app.web.receipts import Receipts
from app.web.texts import t
from app.web.tiles import Findings, Tile, by_month
from app.web.uploads import read_file, store_files
from app.web.views import (
    FileOutcome,
    GalleryView,
    PartView,
    PhotoSearchView,
    PhotoView,
    SearchView,
    SimilarView,
    StatusView,
    UploadedView,
    UploadView,
)

blueprint = Blueprint("pages", __name__)
receipts = Receipts()

PAGE_PHOTOS = 60
SIMILAR_PHOTOS = 24
MOST_EXAMPLES = 20
LONGEST_NUMBER = 9

NOTICES = {"deleted": "gallery.deleted"}
"""What has just been done, and the text that says so."""

Option = TypeVar("Option", bound=StrEnum)


@blueprint.get("/")
def gallery() -> ResponseReturnValue:
    """Show the photos, the latest day first."""
    state = _option("state", PhotoState, request.args)
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
        banner=_banner(),
    )
    return render_template("gallery.html", view=view)


@blueprint.get("/upload")
def upload_form() -> ResponseReturnValue:
    """Show the form for uploading."""
    return render_template("upload.html", view=UploadView(banner=_banner()))


@blueprint.post("/upload")
def upload() -> ResponseReturnValue:
    """Take the files of the form and send the browser to what became of them."""
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        view = UploadView(problem=t("upload.nothing_chosen"), banner=_banner())
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
    return render_template("uploaded.html", view=UploadedView(outcomes, banner=_banner()))


@blueprint.get("/search")
def search() -> ResponseReturnValue:
    """Show the photos that fit the words."""
    query = request.args.get("q", "").strip()
    if not query:
        return redirect(url_for("pages.gallery"), 303)
    mode = _option("mode", KeywordMode, request.args) or KeywordMode.LATE
    try:
        results = current_gallery().searches.by_words(query, mode=mode)
    except QueryError as error:
        view = SearchView(mode, problem=QueryProblem.of(query, error), query=query, banner=_banner())
        return render_template("search.html", view=view), _refused(error)
    view = SearchView(mode, Findings(results), query=query, banner=_banner())
    return render_template("search.html", view=view)


@blueprint.get("/search/photo")
def photo_search_form() -> ResponseReturnValue:
    """Show the form for searching by a photo from outside."""
    view = PhotoSearchView(SimilarityMethod.EMBEDDING, banner=_banner())
    return render_template("search_photo.html", view=view)


@blueprint.post("/search/photo")
def photo_search() -> ResponseReturnValue:
    """Show the photos that are like the one sent, which is not stored."""
    file = request.files.get("file")
    words = request.form.get("q", "").strip()
    method = _option("method", SimilarityMethod, request.form) or SimilarityMethod.EMBEDDING
    if file is None or not file.filename:
        view = PhotoSearchView(method, words, problem=t("search_photo.nothing_chosen"), banner=_banner())
        return render_template("search_photo.html", view=view), 400
    return _search_by_file(file, method, words)


@blueprint.get("/search/similar")
def similar() -> ResponseReturnValue:
    """Show the photos that are like some stored ones."""
    ids = [parse_photo_id(text) for text in request.args.get("ids", "").split(",") if text][:MOST_EXAMPLES]
    method = _option("method", SimilarityMethod, request.args) or SimilarityMethod.EMBEDDING
    if not ids:
        view = SimilarView((), method, problem=t("similar.none_given"), banner=_banner())
        return render_template("search_similar.html", view=view), 400
    examples = tuple(Tile(current_gallery().library.details(photo_id).photo) for photo_id in ids)
    try:
        results = current_gallery().searches.by_examples([StoredExample(photo_id) for photo_id in ids], method)
    except GalleryError as error:
        view = SimilarView(examples, method, problem=error.message, banner=_banner())
        return render_template("search_similar.html", view=view), _refused(error)
    view = SimilarView(examples, method, Findings(results), banner=_banner())
    return render_template("search_similar.html", view=view)


@blueprint.get("/photos/<photo_id>")
def photo(photo_id: str) -> ResponseReturnValue:
    """Show one photo, what is in it and what is like it."""
    method = _option("method", SimilarityMethod, request.args) or SimilarityMethod.EMBEDDING
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


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """Show how each part of the gallery is."""
    service = current_gallery().status
    parts = tuple(PartView(part) for part in service.parts())
    return render_template("status.html", view=StatusView(parts, service.ready(), banner=_banner()))


def _search_by_file(file: FileStorage, method: SimilarityMethod, words: str) -> ResponseReturnValue:
    name = file.filename
    try:
        picture = read_file(current_gallery().library, file)
        results = current_gallery().searches.like_picture(picture.data, method, words=words or None)
    except GalleryError as error:
        view = PhotoSearchView(method, words, name, problem=error.message, banner=_banner())
        return render_template("search_photo.html", view=view), _refused(error)
    view = PhotoSearchView(method, words, name, Findings(results), banner=_banner())
    return render_template("search_photo.html", view=view)


def _refused(error: GalleryError) -> int:
    """Log an error that the page itself shows, and return the page's status."""
    status = status_of(error)
    log_refusal(status, error.code, error.message)
    return int(status)


def _photo_view(details: PhotoDetails, method: SimilarityMethod) -> PhotoView:
    try:
        found = current_gallery().searches.like_photo(details.photo.id, method, SIMILAR_PHOTOS)
    except PhotoNotReady:
        return PhotoView(details, method, banner=_banner())
    return PhotoView(details, method, Findings(found), banner=_banner())


def _current_photo(photo: Photo | None) -> Photo | None:
    if photo is None:
        return None
    try:
        return current_gallery().library.details(photo.id).photo
    except PhotoNotFound:
        return None


def _gallery_url(chosen: Mapping[str, str], first: int) -> str:
    return "/?" + urlencode({**chosen, "first": first})


def _banner() -> str | None:
    return wording.banner_text(current_gallery().status)


def _notice() -> str | None:
    key = NOTICES.get(request.args.get("done", ""))
    return t(key) if key else None


def _whole_number(name: str, values: Mapping[str, str]) -> int:
    """Read a number from 0 on; raise BadParameter for anything else."""
    text = values.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise BadParameter(f"{name} must be a whole number, not {text[:80]!r}.", parameter=name)
    return int(text)


def _option(name: str, options: type[Option], values: Mapping[str, str]) -> Option | None:
    """Read one of several values; raise BadParameter for another."""
    text = values.get(name)
    if not text:
        return None
    try:
        return options(text)
    except ValueError as error:
        known = ", ".join(option.value for option in options)
        raise BadParameter(f"{name} can't be {text!r}; it is one of {known}.", parameter=name) from error
