"""`/help/search`: the documentation of the query language as a page."""

from functools import cache
from pathlib import Path

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from app.web.page_parts import banner
from app.web.search_views import HelpView

blueprint = Blueprint("help", __name__)

FOLDER = Path(__file__).resolve().parents[2] / "docs"


@blueprint.get("/help/search")
def search() -> ResponseReturnValue:
    """Show how to search by words."""
    title, content = rendered("search.md")
    return render_template("help.html", view=HelpView(title, content, banner=banner()))


@cache
def rendered(name: str) -> tuple[str, Markup]:
    """Return the title of a Markdown page of ours and the rest of it as HTML."""
    first, _, rest = (FOLDER / name).read_text(encoding="utf-8").partition("\n")
    # HTML in the text stays text: `html=False` is what makes the result safe to show.
    content = MarkdownIt("commonmark", {"html": False}).enable("table").render(rest)
    return first.removeprefix("# ").strip(), Markup(content)  # noqa: S704
