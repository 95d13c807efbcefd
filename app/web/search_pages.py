"""The pages of searches: by words, by photos, by layout, and those that were saved."""

import json
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.domain import (
    DetectedObject,
    ExamplesSearch,
    KeywordMode,
    PhotoId,
    PlacedBox,
    SimilarityMethod,
    StoredExample,
    WordsExample,
)
from app.errors import BadParameter, GalleryError, PhotoNotFound, QueryError
from app.services.photo_ids import parse_photo_id
from app.services.search_json import boxes_from_json, examples_from_json, search_from_json
from app.web.chips import chips_of
from app.web.current import current_gallery
from app.web.example_forms import parse_weights, read_json
from app.web.hits import Asked, Findings
from app.web.page_parts import banner, option, refused
from app.web.query_problems import QueryProblem
from app.web.search_urls import PERCENT, search_url
from app.web.search_views import (
    SHAPES,
    LayoutView,
    PhotoSearchView,
    SavedRow,
    SavedView,
    SearchView,
    SimilarView,
)
from app.web.texts import t, translated
from app.web.tiles import Tile
from app.web.uploads import read_file

blueprint = Blueprint("search", __name__)

MOST_EXAMPLES = 20
FRAME_PX = 1000
"""The height of the frame in which things are placed, as hits show it."""
SIGNALS = (SimilarityMethod.EMBEDDING, SimilarityMethod.LAYOUT, SimilarityMethod.SSD)


@blueprint.get("/search")
def words() -> ResponseReturnValue:
    """Show the photos that fit the words."""
    query = request.args.get("q", "").strip()
    if not query:
        return redirect(url_for("pages.gallery"), 303)
    mode = option("mode", KeywordMode, request.args) or KeywordMode.LATE
    searches = current_gallery().searches
    try:
        chips = chips_of(query, searches.parsed(query))
        results = searches.by_words(query, mode=mode)
    except QueryError as error:
        view = SearchView(mode, problem=QueryProblem.of(query, error), query=query, banner=banner())
        return render_template("search.html", view=view), refused(error)
    asked = Asked(search=ExamplesSearch((WordsExample(query),)), objects_of=_objects_of)
    view = SearchView(mode, Findings(results, asked), chips=chips, query=query, banner=banner())
    return render_template("search.html", view=view)


@blueprint.get("/search/photo")
def photo_form() -> ResponseReturnValue:
    """Show the form for searching by a photo from outside."""
    view = PhotoSearchView(SimilarityMethod.EMBEDDING, banner=banner())
    return render_template("search_photo.html", view=view)


@blueprint.post("/search/photo")
def photo() -> ResponseReturnValue:
    """Show the photos that are like the one sent, which is not stored."""
    file = request.files.get("file")
    words = request.form.get("q", "").strip()
    method = option("method", SimilarityMethod, request.form) or SimilarityMethod.EMBEDDING
    if file is None or not file.filename:
        view = PhotoSearchView(method, words, problem=t("search_photo.nothing_chosen"), banner=banner())
        return render_template("search_photo.html", view=view), 400
    return _by_file(file, method, words)


@blueprint.get("/search/similar")
def similar() -> ResponseReturnValue:
    """Show the photos that are like some stored ones and unlike others."""
    search = _examples_search(request.args)
    if not search.examples:
        view = SimilarView(search, (), problem=t("similar.none_given"), banner=banner())
        return render_template("search_similar.html", view=view), 400
    tiles = tuple(
        Tile(current_gallery().library.details(one.photo_id).photo) if isinstance(one, StoredExample) else None
        for one in search.examples
    )
    try:
        results = current_gallery().searches.run(search)
    except GalleryError as error:
        view = SimilarView(search, tiles, problem=translated(error.message), banner=banner())
        return render_template("search_similar.html", view=view), refused(error)
    compared = tiles[0].photo if len(tiles) == 1 and tiles[0] else None
    findings = Findings(results, Asked(search, compared, objects_of=_objects_of))
    return render_template("search_similar.html", view=SimilarView(search, tiles, findings, banner=banner()))


@blueprint.get("/search/layout")
def layout() -> ResponseReturnValue:
    """Show the frame in which things are placed, and the photos that show them there."""
    labels = current_gallery().searches.labels
    shape = request.args.get("shape", "")
    shape = shape if shape in SHAPES else next(iter(SHAPES))
    boxes: tuple[PlacedBox, ...] = ()
    try:
        if request.args.get("boxes"):
            boxes = boxes_from_json(read_json(request.args["boxes"], "boxes"))
        results = current_gallery().searches.by_layout(boxes) if boxes else None
    except GalleryError as error:
        view = LayoutView((), labels, shape, problem=translated(error.message), banner=banner())
        return render_template("search_layout.html", view=view), refused(error)
    size_px = (round(FRAME_PX * SHAPES[shape]), FRAME_PX)
    findings = Findings(results, Asked(size_px=size_px)) if results else None
    return render_template("search_layout.html", view=LayoutView(boxes, labels, shape, findings, banner=banner()))


@blueprint.get("/searches")
def saved() -> ResponseReturnValue:
    """Show the saved searches."""
    rows = tuple(SavedRow(one) for one in reversed(current_gallery().saved_searches.all()))
    return render_template("saved.html", view=SavedView(rows, banner=banner()))


@blueprint.post("/searches")
def save() -> ResponseReturnValue:
    """Save a search under a name and show all saved ones."""
    search = search_from_json(read_json(request.form.get("search", ""), "search"))
    current_gallery().saved_searches.save(request.form.get("name", ""), search)
    return redirect(url_for("search.saved"), 303)


@blueprint.get("/searches/<int:search_id>")
def open_saved(search_id: int) -> ResponseReturnValue:
    """Lead to what a saved search finds now."""
    return redirect(search_url(current_gallery().saved_searches.get(search_id).search))


@blueprint.post("/searches/<int:search_id>/delete")
def delete_saved(search_id: int) -> ResponseReturnValue:
    """Forget a saved search."""
    current_gallery().saved_searches.delete(search_id)
    return redirect(url_for("search.saved"), 303)


def _by_file(file: FileStorage, method: SimilarityMethod, words: str) -> ResponseReturnValue:
    name = file.filename
    try:
        picture = read_file(current_gallery().library, file)
        results = current_gallery().searches.like_picture(picture.data, method, words=words or None)
    except GalleryError as error:
        view = PhotoSearchView(method, words, name, problem=translated(error.message), banner=banner())
        return render_template("search_photo.html", view=view), refused(error)
    findings = Findings(results, Asked(from_outside=True))
    view = PhotoSearchView(method, words, name, findings, banner=banner())
    return render_template("search_photo.html", view=view)


def _examples_search(values: Mapping[str, str]) -> ExamplesSearch:
    """Read `ids`, `examples` and `q` together, how to compare, and what each signal counts."""
    listed = [StoredExample(parse_photo_id(text)) for text in values.get("ids", "").split(",") if text]
    named = examples_from_json(read_json(values["examples"], "examples")) if values.get("examples") else ()
    words = [WordsExample(values["q"].strip())] if values.get("q", "").strip() else []
    method = option("method", SimilarityMethod, values) or SimilarityMethod.EMBEDDING
    return ExamplesSearch((*listed, *named, *words)[:MOST_EXAMPLES], method, _weights(values, method))


def _weights(values: Mapping[str, str], method: SimilarityMethod) -> dict[SimilarityMethod, float] | None:
    """Read what each signal of a hybrid counts, in per cent; None if nothing is said."""
    percents = {signal.value: values[signal] for signal in SIGNALS if values.get(signal)}
    if method is not SimilarityMethod.HYBRID or not percents:
        return None
    try:
        shares = {signal: float(percent) / PERCENT for signal, percent in percents.items()}
    except ValueError as error:
        raise BadParameter(f"The weights are numbers in per cent, not {percents}.", parameter="weights") from error
    return parse_weights(json.dumps(shares))


def _objects_of(photo_id: PhotoId) -> tuple[DetectedObject, ...]:
    """Return the objects of a photo, none if it is gone meanwhile."""
    try:
        return current_gallery().library.details(photo_id).objects
    except PhotoNotFound:
        return ()
