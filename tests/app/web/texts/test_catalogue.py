from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from markupsafe import Markup

from app.web.texts import DEFAULT_LANGUAGE, languages, t, texts_of
from app.web.texts.catalogue import MESSAGE_GROUP, placeholders

OTHERS = [language for language in languages() if language != DEFAULT_LANGUAGE]
SOURCES = Path(__file__).resolve().parents[4]


def test_german_is_there_and_english_comes_first() -> None:
    assert list(languages().items())[:2] == [("en", "English"), ("de", "Deutsch")]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_whole(language: str) -> None:
    default, other = texts_of(DEFAULT_LANGUAGE).entries, texts_of(language).entries
    assert set(other) == set(default)
    for key, text in default.items():
        assert placeholders(other[key]) == placeholders(text), key
        assert isinstance(other[key], str) == isinstance(text, str), key


@pytest.mark.parametrize("language", languages())
def test_plurals_have_the_forms_of_their_language(language: str) -> None:
    texts = texts_of(language)
    forms = {str(texts.locale.plural_form(count)) for count in range(200)}
    for key, text in texts.entries.items():
        if not isinstance(text, str):
            assert set(text) == forms, key


@pytest.mark.parametrize("language", languages())
def test_no_text_is_empty_or_left_in_another_language(language: str) -> None:
    for key, text in texts_of(language).entries.items():
        for form in [text] if isinstance(text, str) else text.values():
            assert form.strip() == form != "", key


def test_no_text_lies_idle() -> None:
    """Find each key in the sources: as it is, or behind the part that is put together (`states.{…}`)."""
    files = [*SOURCES.glob("templates/*.html"), *SOURCES.glob("app/web/**/*.py"), *SOURCES.glob("static/js/**/*.js")]
    written = "\n".join(file.read_text() for file in files)
    for key in texts_of(DEFAULT_LANGUAGE).entries:
        if key.startswith(MESSAGE_GROUP):  # see test_said.py
            continue
        name = key.removeprefix("js.")
        group = name.rpartition(".")[0]
        assert any(sign in written for sign in (f'"{name}"', f"'{name}'", f"{group}.{{", f"{group}.${{")), key


def test_numbers_and_dates_are_written_as_the_language_does() -> None:
    english, german = texts_of("en"), texts_of("de")
    moment = datetime(2024, 5, 3, 14, 5, tzinfo=UTC)
    assert (english.decimal(1234.5, 1), german.decimal(1234.5, 1)) == ("1,234.5", "1.234,5")
    assert (english.percent(0.87), german.percent(0.87)) == ("87%", "87\N{NO-BREAK SPACE}%")
    assert (english.moment(moment), german.moment(moment)) == ("3 May 2024, 14:05", "3. Mai 2024, 14:05")
    assert german.month(date(2023, 12, 1)) == "Dezember 2023"


@pytest.mark.parametrize(("count", "text"), [(0, "0 photos"), (1, "1 photo"), (1204, "1,204 photos")])
def test_count_chooses_the_plural_form(count: int, text: str) -> None:
    assert t("photos.count", count=count) == text


def test_a_missing_text_or_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        t("gallery.nothing_like_it")
    with pytest.raises(KeyError):
        t("photos.count")


def test_markup_stays_and_all_else_is_escaped() -> None:
    assert t("search.instead", word=Markup("<b>x</b>")) == "Instead of <b>x</b>, try"
    assert t("search_photo.like_with", name="<i>", words=Markup("<b>y</b>")) == "Like &lt;i&gt;, with “<b>y</b>”"
