"""No template holds text of its own: all of it comes from `app/web/texts`."""

import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

FOLDER = Path(__file__).resolve().parents[3] / "templates"
SPOKEN = frozenset({"aria-label", "aria-description", "alt", "title", "placeholder", "label"})
ALLOWED = frozenset({"openapi.json", '{"error": {"code": "…", "message": "…", "detail": {…}}}', "?"})
"""A file's name, a piece of JSON and a key's sign are the same in all languages."""
FILLED = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where an expression will be."""


class SpokenText(HTMLParser):
    """Collects what a person would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def literal_texts(source: str) -> list[str]:
    """Return the texts with letters that a template holds itself."""
    tree = jinja2.Environment(autoescape=True).parse(source)
    pieces: list[str] = []
    for output in tree.find_all(nodes.Output):
        pieces += [part.data if isinstance(part, nodes.TemplateData) else FILLED for part in output.nodes]
    parser = SpokenText()
    parser.feed("".join(pieces))
    parser.close()
    texts = [text.strip() for text in parser.found]
    texts += [constant.value for constant in tree.find_all(nodes.Const) if is_sentence(constant.value)]
    return [text for text in texts if re.search(r"[^\W\d_]", text) and text not in ALLOWED]


def is_sentence(value: object) -> bool:
    """Tell whether a constant is words for people, and not a class, a key or a format."""
    return isinstance(value, str) and re.match(r"[A-Z][a-z]+\b", value) is not None


@pytest.mark.parametrize("template", sorted(path.name for path in FOLDER.glob("*.html")))
def test_a_template_holds_no_text(template: str) -> None:
    assert literal_texts((FOLDER / template).read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "{% if x %}<p>{{ y }} photos</p>{% endif %}",
        '<a aria-label="Open">{{ x }}</a>',
        '{{ "Works" if x else y }}',
        '{{ choices("Compare by", x) }}',
    ],
)
def test_a_text_would_be_found(source: str) -> None:
    assert literal_texts(source)
