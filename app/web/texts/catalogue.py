"""Reads the texts: `en.toml`, `de.toml` and whatever else lies beside them.

A text is a string that may hold `{name}`, or a table of plural forms (`one`, `other` and what else the language
has), of which `count` chooses one. Keys are joined with dots: `empty_title` of `[gallery]` is `gallery.empty_title`.
To add a language, copy `en.toml`, translate it and name the language in `[language]`; a test says what is missing.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

FOLDER = Path(__file__).parent
DEFAULT_LANGUAGE = "en"
SCRIPT_GROUP = "js."
MESSAGE_GROUP = "messages."
"""What other parts say, see `said.py`."""

Text = str | Mapping[str, str]
"""A text, or its plural forms by their names."""


@dataclass(frozen=True)
class Texts:
    """The texts of one language, and how it writes numbers and dates."""

    language: str
    locale: Locale
    entries: Mapping[str, Text]

    def t(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled in; whole numbers get separators.

        With a value that is markup the text becomes markup, and everything else in it is escaped. Raises KeyError
        for a text that there isn't, or for a value that the text needs.
        """
        text = self.entries[key]
        if not isinstance(text, str):
            text = text[self._plural_form(text, values["count"])]
        written = {name: self._written(value) for name, value in values.items()}
        if any(isinstance(value, Markup) for value in values.values()):
            return escape(text).format(**written)
        return text.format(**written)

    def find(self, key: str, default: str) -> str:
        """Return a text without placeholders, or `default` if there is none under this key."""
        return self.t(key) if key in self.entries else default

    def decimal(self, number: float, digits: int = 2) -> str:
        """Write a number with that many decimals."""
        return str(format_decimal(number, format=f"#,##0{'.' if digits else ''}{'0' * digits}", locale=self.locale))

    def percent(self, share: float) -> str:
        """Write a share of 0..1 in per cent."""
        return str(format_percent(share, locale=self.locale))

    def moment(self, moment: datetime) -> str:
        """Write a day and a time, in UTC if the moment knows its zone."""
        day = format_date(moment, "long", locale=self.locale)
        return self.t("dates.day_and_time", day=day, time=format_time(moment, "short", locale=self.locale))

    def month(self, first: date) -> str:
        """Write a month with its year."""
        return str(format_skeleton("yMMMM", first, locale=self.locale))

    def for_scripts(self) -> dict[str, Any]:
        """Return what the page's scripts need: the texts of the group `js`, without its name, and the locale."""
        texts = {key.removeprefix(SCRIPT_GROUP): text for key, text in self.entries.items() if _is_for_scripts(key)}
        return {"locale": str(self.locale).replace("_", "-"), "texts": texts}

    def _plural_form(self, forms: Mapping[str, str], count: object) -> str:
        if not isinstance(count, int | float):
            raise TypeError(f"count chooses a plural form, so it must be a number and not {count!r}.")
        form = str(self.locale.plural_form(count))
        return form if form in forms else "other"

    def _written(self, value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return format_decimal(value, locale=self.locale)
        return value


@cache
def languages() -> dict[str, str]:
    """Return the languages' codes and their own names, the default one first."""
    codes = sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda code: (code != DEFAULT_LANGUAGE, code))
    return {code: texts_of(code).t("language.name") for code in codes}


@cache
def texts_of(language: str) -> Texts:
    """Read the texts of a language; raise FileNotFoundError if there are none."""
    entries = flattened(tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")))
    return Texts(language, Locale.parse(str(entries["language.locale"]), sep="-"), entries)


def flattened(table: Mapping[str, Any], prefix: str = "") -> dict[str, Text]:
    """Return the texts of nested tables under dotted keys; a table with `other` is a text with plural forms."""
    texts: dict[str, Text] = {}
    for name, entry in table.items():
        if isinstance(entry, Mapping) and "other" not in entry:
            texts |= flattened(entry, f"{prefix}{name}.")
        else:
            texts[f"{prefix}{name}"] = entry
    return texts


def placeholders(text: Text) -> set[str]:
    """Return the names that a text, or all plural forms of it together, have in braces."""
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def _is_for_scripts(key: str) -> bool:
    return key.startswith(SCRIPT_GROUP)
