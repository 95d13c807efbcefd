"""What the gallery's parts say in English is said in the page's language."""

import ast
import re

import pytest

from app.settings import ROOT
from app.web.texts import DEFAULT_LANGUAGE, languages, texts_of
from app.web.texts.catalogue import MESSAGE_GROUP, placeholders
from app.web.texts.said import messages_for_scripts, said

GERMAN = texts_of("de")
ENGLISH = {key: text for key, text in texts_of(DEFAULT_LANGUAGE).entries.items() if key.startswith(MESSAGE_GROUP)}
LEAST_CHARACTERS = 10
"""Shorter pieces of a message may stand anywhere."""


def written_texts() -> str:
    """Return all texts of the parts that say something."""
    files = (ROOT / "app").rglob("*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_every_message_is_really_said_by_a_part() -> None:
    written = written_texts()
    for key, text in ENGLISH.items():
        pieces = re.split(r"\{\w+\}", str(text))
        assert all(piece in written for piece in pieces if len(piece) >= LEAST_CHARACTERS), key


@pytest.mark.parametrize("language", [language for language in languages() if language != DEFAULT_LANGUAGE])
def test_every_message_is_found_and_keeps_its_values(language: str) -> None:
    for key, text in ENGLISH.items():
        values = {name: f"«{name}»" for name in placeholders(text)}
        assert said(str(text).format(**values), texts_of(language)) == texts_of(language).t(key, **values), key


@pytest.mark.parametrize(
    ("message", "german"),
    [
        ("landscape, 640 x 480 pixels", "Querformat, 640 \N{MULTIPLICATION SIGN} 480 Pixel"),
        ("taken on 3 March 2024", "aufgenommen am 3. März 2024"),
        (
            "“blurple” is no colour that a query knows. Did you mean blue or purple?",
            "„blurple“ ist keine Farbe, die die Suche kennt. Meintest du blue oder purple?",
        ),
        ("mostly green, #228b22", "überwiegend grün, #228b22"),
        (
            "'a.jpg' has 60,000,000 bytes; 52,428,800 are allowed. Send a smaller copy, or raise "
            "GALLERY_MAX_UPLOAD_BYTES.",
            "'a.jpg' hat 60.000.000 Byte; 52.428.800 sind erlaubt. Schicke eine kleinere Kopie oder erhöhe "
            "GALLERY_MAX_UPLOAD_BYTES.",
        ),
        (
            "“grafe” is not a word that the gallery knows. Try another word for it.",
            "„grafe“ ist kein Wort, das die Galerie kennt. Versuche ein anderes Wort dafür.",
        ),
        ("Nobody has translated this.", "Nobody has translated this."),
    ],
)
def test_messages_in_german(message: str, german: str) -> None:
    assert said(message, GERMAN) == german
    assert said(message, texts_of(DEFAULT_LANGUAGE)) == message


def test_scripts_get_messages_only_where_there_is_something_to_translate() -> None:
    assert messages_for_scripts(texts_of(DEFAULT_LANGUAGE)) == []
    assert len(messages_for_scripts(GERMAN)) == len(ENGLISH)
