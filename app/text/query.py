"""Parse search queries: words, "phrases" and -exclusions.

A query is a list of clauses with white space or punctuation between them:

    clause  = ["-"] , ( word | phrase )
    word    = letters or digits, with single ' or - between them
    phrase  = '"' , word , { word } , '"'

The signs `: < = >` are kept for clauses to come and refused until then.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.errors import QueryError

MAX_CHARS = 500
LONGEST_COLLOCATION = 3
_STOP_WORDS = """
    a an and any are as at be by for from has have i in into is it its me my near of on or our over photo
    photos picture pictures image images show some that the their them there this to under very was were what
    where which while who with your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Combining accents belong to the letter before them.
_LETTERS = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"
_APOSTROPHE = "\u2019"
_WORD = re.compile(rf"{_LETTERS}(?:['{_APOSTROPHE}\-]{_LETTERS})*")
_SPACE = re.compile(rf"[\s,;.!?/&_()'{_APOSTROPHE}]+")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}
_RESERVED = frozenset(":<=>")


@dataclass(frozen=True)
class Term:
    """One thing to look for: a word or the words of a phrase, in lower case.

    `position` is the index of its first character in the query, `quoted` whether it stood in quotes.
    """

    words: tuple[str, ...]
    position: int
    quoted: bool = False

    @property
    def text(self) -> str:
        """Return the words as one writes them."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Query:
    """What a query asks for: photos that show the `terms` and not the `exclusions`. One of them isn't empty."""

    terms: tuple[Term, ...]
    exclusions: tuple[Term, ...] = ()


@dataclass(frozen=True)
class _Clause:
    term: Term
    excluded: bool
    joins_previous: bool
    """Only spaces stand between it and the clause before, so that both may form a collocation."""


def parse_query(
    text: str, is_collocation: Callable[[str], bool] = lambda _: False, max_chars: int = MAX_CHARS
) -> Query:
    """Parse a query; neighbouring words for which `is_collocation("hot dog")` holds become one term.

    Words like "the" are left out unless nothing else is there. Raise QueryError, with the position, for a
    query that is empty, longer than `max_chars`, or that holds a sign that can't be used there.
    """
    if len(text) > max_chars:
        raise QueryError(
            f"The query is {len(text)} characters long; {max_chars} are the most. Use fewer words.",
            position=max_chars,
        )
    clauses = _join_collocations(list(_scan(text)), is_collocation)
    meaningful = [clause for clause in clauses if clause.term.quoted or clause.term.text not in STOP_WORDS]
    clauses = meaningful or clauses
    if not clauses:
        raise QueryError("The query has no words. Type what the photos should show.", position=0)
    return Query(
        terms=tuple(clause.term for clause in clauses if not clause.excluded),
        exclusions=tuple(clause.term for clause in clauses if clause.excluded),
    )


def _scan(text: str) -> Iterator[_Clause]:
    place, joins = 0, False
    while place < len(text):
        space = _SPACE.match(text, place)
        if space:
            joins = joins and not space.group().strip(" \t_")
            place = space.end()
            continue
        excluded = text[place] == "-"
        term, end = _read_term(text, place + excluded, excluded)
        yield _Clause(term, excluded, joins and not excluded and not term.quoted)
        place, joins = end, not excluded and not term.quoted


def _read_term(text: str, place: int, excluded: bool) -> tuple[Term, int]:
    """Read the word or phrase at `place`; return it and the place after it."""
    if place < len(text) and text[place] in _QUOTES:
        return _read_phrase(text, place)
    word = _WORD.match(text, place)
    if word:
        return Term((_plain(word.group()),), place), word.end()
    if excluded:
        raise QueryError(
            'A minus needs a word or a "phrase" right after it, as in -person. Write that, or take it away.',
            position=place - 1,
        )
    raise QueryError(_refusal(text[place]), position=place)


def _read_phrase(text: str, start: int) -> tuple[Term, int]:
    closing = _QUOTES[text[start]]
    end = text.find(closing, start + 1)
    if end < 0:
        raise QueryError(f"This quote is never closed. Put {closing} after the phrase's last word.", position=start)
    words, place = [], start + 1
    while place < end:
        word = _WORD.match(text, place, end)
        space = _SPACE.match(text, place, end)
        if word:
            words.append(_plain(word.group()))
        elif not space and text[place] != "-":
            raise QueryError(_refusal(text[place]), position=place)
        place = word.end() if word else space.end() if space else place + 1
    if not words:
        raise QueryError("There is no word between these quotes. Write one, or take them away.", position=start)
    return Term(tuple(words), start, quoted=True), end + 1


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace(_APOSTROPHE, "'").lower())


def _refusal(sign: str) -> str:
    shown = sign if sign.isprintable() else f"U+{ord(sign):04X}"
    if sign in _RESERVED:
        return f'“{shown}” can\'t be used in a query. Use words, "phrases" and -exclusions.'
    return f"“{shown}” is no part of a word. Take it away; words are made of letters and digits."


def _join_collocations(clauses: list[_Clause], is_collocation: Callable[[str], bool]) -> list[_Clause]:
    """Make one clause of neighbours that mean something together, the longest first."""
    joined: list[_Clause] = []
    place = 0
    while place < len(clauses):
        size = next(
            size
            for size in range(LONGEST_COLLOCATION, 0, -1)
            if _belong_together(clauses[place : place + size], size, is_collocation)
        )
        first, rest = clauses[place], clauses[place + 1 : place + size]
        words = first.term.words + tuple(word for clause in rest for word in clause.term.words)
        term = Term(words, first.term.position, first.term.quoted)
        joined.append(_Clause(term, first.excluded, first.joins_previous))
        place += size
    return joined


def _belong_together(run: list[_Clause], size: int, is_collocation: Callable[[str], bool]) -> bool:
    if size == 1:
        return True
    if len(run) < size or run[0].excluded or run[0].term.quoted:
        return False
    return all(clause.joins_previous for clause in run[1:]) and is_collocation(
        " ".join(clause.term.text for clause in run)
    )
