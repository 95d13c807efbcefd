"""Read the pieces of a search query from left to right: words, "phrases", keys, signs and what follows them."""

import re
import unicodedata

from app.errors import QueryError
from app.text.query_tree import Sign, Term

# Combining accents belong to the letter before them.
_LETTERS = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"
_APOSTROPHE = "\u2019"
_WORD = re.compile(rf"{_LETTERS}(?:['{_APOSTROPHE}\-]{_LETTERS})*")
_KEY = re.compile(rf"({_WORD.pattern}):")
_SPACE = re.compile(rf"[\s,;.!?/&_()'{_APOSTROPHE}]+")
_BLANKS = re.compile(r"[ \t]*")
_SIGN = re.compile(r"[ \t]*(>=|<=|[<>=≥≤])")
_SIGNS = {**{sign.value: sign for sign in Sign}, "≥": Sign.AT_LEAST, "≤": Sign.AT_MOST}
# A value goes on to the next space; signs at its end, such as a full stop, are not of it.
_VALUE = re.compile(r"(?:[^\s,;!?&()\"“”„«»]*\w)?")
QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}


class Scanner:
    """A query that is being read; `place` is the index of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    @property
    def at_end(self) -> bool:
        """Tell whether everything was read."""
        return self.place >= len(self.text)

    @property
    def next_character(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.place : self.place + 1]

    def space(self) -> str:
        """Read what may stand between clauses; return it, empty if nothing does."""
        return self._take(_SPACE)

    def minus(self) -> bool:
        """Read a minus; tell whether there was one."""
        found = self.next_character == "-"
        self.place += found
        return found

    def key(self) -> str | None:
        """Read a word with a colon right behind it; return it in lower case, None if none is there."""
        found = _KEY.match(self.text, self.place)
        if found is None:
            return None
        self.place = found.end()
        return found.group(1).lower()

    def sign(self) -> Sign | None:
        """Read a sign such as >=, blanks before it included; None if none is there."""
        found = _SIGN.match(self.text, self.place)
        if found is None:
            return None
        self.place = found.end()
        return _SIGNS[found.group(1)]

    def value(self) -> tuple[str, int]:
        """Read what follows a sign or a key, blanks before it included; return it, lower case, and its place."""
        self._take(_BLANKS)
        start = self.place
        return self._take(_VALUE).lower(), start

    def operand(self) -> Term | None:
        """Read the word or phrase that follows a key, blanks before it included; None if none is there."""
        self._take(_BLANKS)
        return self.term()

    def term(self) -> Term | None:
        """Read a word or phrase; None if none is there. Raise QueryError for a phrase with a mistake in it."""
        if self.next_character in QUOTES:
            return self._phrase()
        start = self.place
        word = self._take(_WORD)
        return Term((_plain(word),), start) if word else None

    def _phrase(self) -> Term:
        start, closing = self.place, QUOTES[self.next_character]
        end = self.text.find(closing, start + 1)
        if end < 0:
            raise QueryError(
                f"This quote is never closed. Put {closing} after the phrase's last word.", position=start
            )
        words = []
        self.place = start + 1
        while self.place < end:
            word = self._take(_WORD, end)
            if word:
                words.append(_plain(word))
            elif not self._take(_SPACE, end) and not self.minus():
                raise QueryError(not_of_a_word(self.next_character), position=self.place)
        if not words:
            raise QueryError("There is no word between these quotes. Write one, or take them away.", position=start)
        self.place = end + 1
        return Term(tuple(words), start, quoted=True)

    def _take(self, pattern: re.Pattern[str], end: int | None = None) -> str:
        found = pattern.match(self.text, self.place, len(self.text) if end is None else end)
        if found is None:
            return ""
        self.place = found.end()
        return found.group()


def not_of_a_word(sign: str) -> str:
    """Say that a character can't stand in a word."""
    shown = sign if sign.isprintable() else f"U+{ord(sign):04X}"
    return f"“{shown}” is no part of a word. Take it away; words are made of letters and digits."


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace(_APOSTROPHE, "'").lower())
