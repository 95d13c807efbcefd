"""What the parts of the gallery say in English, such as why a photo was refused, in another language.

The layers beneath the pages know no languages: their messages are English, in the API, in logs and, for photos that
failed, in the gallery file. The texts `messages.*` of `en.toml` are those messages, with `{name}` where a value
stands; a message that fits one of them is said with the same text of the other language. Values of some names are
translated in the same way, so that a message may consist of others.
"""

import re
from functools import cache

from app.web.texts.catalogue import DEFAULT_LANGUAGE, MESSAGE_GROUP, Text, Texts, texts_of

TRANSLATED_VALUES = frozenset(
    {"advice", "colour", "details", "formats", "kind", "month", "problem", "shape", "state", "what"}
)
"""The rest are names, numbers and words of queries."""
LISTED_VALUES = frozenset({"choices", "keys", "near"})
"""Words of queries again, to choose from: only the `or` between them is translated."""
OR = "or"
GROUPED_NUMBER = re.compile(r"\d{1,3}(,\d{3})+")


def said(message: str, texts: Texts) -> str:
    """Return a message in the language of `texts`, unchanged if nobody has translated it."""
    if texts.language == DEFAULT_LANGUAGE:
        return message
    for key, pattern in _patterns():
        if found := pattern.fullmatch(message):
            return texts.t(key, **{name: _value(name, value, texts) for name, value in found.groupdict().items()})
    return message


def messages_for_scripts(texts: Texts) -> list[tuple[Text, Text]]:
    """Return all messages in English and in the language of `texts`, none for English."""
    if texts.language == DEFAULT_LANGUAGE:
        return []
    english = texts_of(DEFAULT_LANGUAGE).entries
    return [(english[key], texts.entries[key]) for key, _ in _patterns()]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the English messages as patterns by their keys."""
    entries = texts_of(DEFAULT_LANGUAGE).entries
    return tuple((key, _pattern(str(text))) for key, text in entries.items() if key.startswith(MESSAGE_GROUP))


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    written = (f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    return re.compile("".join(written), re.DOTALL)


def _value(name: str, value: str, texts: Texts) -> str | int:
    """Return a value of a message as the language writes it."""
    if GROUPED_NUMBER.fullmatch(value):
        return int(value.replace(",", ""))
    if name in LISTED_VALUES:
        return f" {said(OR, texts)} ".join(value.split(f" {OR} "))
    return said(value, texts) if name in TRANSLATED_VALUES else value
