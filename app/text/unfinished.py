"""Find out what is being typed in a query that isn't finished, and perhaps can't be parsed yet."""

import re
from dataclasses import dataclass

from app.text.query_keys import KEYS
from app.text.scanner import QUOTES

_SEPARATOR = re.compile(r"[\s,;]")
_WORDS_BEFORE = re.compile(r"(?:[\w'-]+ ){0,2}$")
"""A label has up to three words: "traffic li" is on its way to "traffic light"."""
_REST_OF_WORD = re.compile(r"[\w'-]*")


@dataclass(frozen=True)
class Unfinished:
    """The clause in which the cursor stands.

    typed: what may be meant, in lower case, each with the index of its first character in the query: the word with
    those before it first, the word alone, or the phrase in quotes, last. end: where the word ends that the cursor is
    in. key: the key before it, None if there is none. quote: the opening quote that it stands in, empty for none.
    excluded: a minus stands before it. is_first: no word stands before the clause.
    """

    typed: tuple[tuple[int, str], ...]
    end: int
    key: str | None
    quote: str
    excluded: bool
    is_first: bool

    @property
    def last(self) -> str:
        """The word or phrase that is being typed; empty if it isn't begun."""
        return self.typed[-1][1]


def unfinished(text: str, cursor: int) -> Unfinished:
    """Return what is being typed at the cursor, 0..len(text)."""
    before = text[:cursor]
    quote_at = _open_quote(before)
    opened = before if quote_at is None else before[:quote_at]
    clause_at = max((found.end() for found in _SEPARATOR.finditer(opened)), default=0)
    excluded = opened[clause_at : clause_at + 1] == "-"
    key, _, word = opened[clause_at + excluded :].rpartition(":")
    known_key = key.lower() if key.lower() in KEYS else None
    if known_key is None:
        word = opened[clause_at + excluded :]
    if quote_at is not None:
        typed, quote, end = [(quote_at + 1, before[quote_at + 1 :])], before[quote_at], cursor
    else:
        typed, quote, end = [(cursor - len(word), word)], "", cursor + _rest_of_word(text[cursor:])
        if word and known_key is None and not excluded:
            typed = [*_with_words_before(opened, cursor - len(word)), *typed]
    return Unfinished(
        tuple((start, words.lower()) for start, words in typed),
        end,
        known_key,
        quote,
        excluded,
        is_first=not any(map(str.isalnum, before[:clause_at])),
    )


def _open_quote(before: str) -> int | None:
    """Return where the quote stands that isn't closed yet, None if all are."""
    place = 0
    while place < len(before):
        if before[place] not in QUOTES:
            place += 1
            continue
        closing = before.find(QUOTES[before[place]], place + 1)
        if closing < 0:
            return place
        place = closing + 1
    return None


def _with_words_before(before: str, word_at: int) -> list[tuple[int, str]]:
    """Return the word at the end together with two words before it, then with one, as far as there are such."""
    found = _WORDS_BEFORE.search(before, 0, word_at)
    starts = [place.start() for place in re.finditer(r"\S+ ", before[found.start() : word_at])] if found else []
    return [(found.start() + start, before[found.start() + start :]) for start in starts] if found else []


def _rest_of_word(after: str) -> int:
    found = _REST_OF_WORD.match(after)
    return found.end() if found else 0
