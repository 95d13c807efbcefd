"""Why a query can't be answered and what to ask instead, as templates show it."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from app.errors import QueryError, UnknownWordsError
from app.web.texts import translated

SHOWN_AROUND = 60
"""How many characters of a query are shown before and after what can't be understood, and at most of that."""
WORD_OR_SIGN = re.compile(r"[\w-]+|.", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """One of several links to the same page in another way."""

    text: str
    url: str
    current: bool


@dataclass(frozen=True)
class Correction:
    """A word that isn't known, and the same query with a near word in its place."""

    word: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class QueryProblem:
    """Why a query can't be answered, shown at the place."""

    message: str
    before: str = ""
    at: str = ""
    """The word or sign that can't be understood; empty when no place is known."""
    after: str = ""
    corrections: tuple[Correction, ...] = ()

    @classmethod
    def of(cls, query: str, error: QueryError) -> "QueryProblem":
        """Cut the query where the error points, and offer near words."""
        if isinstance(error, UnknownWordsError):
            corrections = tuple(correction(query, word, near) for word, near in error.suggestions.items() if near)
            return cls(translated(error.message), corrections=corrections)
        place = error.position
        if place is None or not 0 <= place < len(query):
            return cls(translated(error.message))
        before = query[max(0, place - SHOWN_AROUND) : place]
        at = WORD_OR_SIGN.findall(query, place)[0]
        after = query[place + len(at) :]
        return cls(translated(error.message), before, at[:SHOWN_AROUND], after[:SHOWN_AROUND])


def correction(query: str, word: str, near_words: list[str]) -> Correction:
    """Offer the query with each of the near words in the unknown one's place."""
    queries = {near: with_word(query, word, near) for near in near_words}
    choices = (Choice(near, f"/search?{urlencode({'q': text})}", current=False) for near, text in queries.items())
    return Correction(word, tuple(choices))


def with_word(query: str, word: str, other: str) -> str:
    """Return the query with a word replaced wherever it stands alone."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: other, query, flags=re.IGNORECASE)
