"""Complete the word that is being typed in a search box: labels, tags, common words, keys and their values."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from app.text.query import STOP_WORDS
from app.text.query_keys import COLOUR_KEYS, COLOURS, DATES, KEYS, ORIENTATIONS, RELATIONS, SHAPE_KEY, SIZES
from app.text.scanner import QUOTES
from app.text.spelling import Speller
from app.text.unfinished import Unfinished, unfinished
from app.text.vocabulary import Vocabulary
from app.text.word_vectors import WordVectors

Candidate = tuple["Kind", str, int]
"""What may be meant, its kind, and the index where it begins in the query."""

MOST = 8
COMMON_WORDS = 40_000
"""So many of the frequent words are offered; the rest are known, but few people look for them."""
_TYPO_FROM = 3
"""How many letters must stand there before others are taken for them."""
_SIGNS = re.compile(r"[^\w'-]")
_OFFERED_KEYS = tuple(key for key in KEYS if key != COLOUR_KEYS[1])


class Kind(StrEnum):
    """What a suggestion is."""

    LABEL = "label"
    TAG = "tag"
    WORD = "word"
    KEY = "key"
    COLOUR = "colour"
    SHAPE = "shape"
    DATE = "date"


@dataclass(frozen=True)
class Suggestion:
    """One way to go on."""

    text: str
    """What it adds, to be shown."""
    kind: Kind
    query: str
    """The whole query with it."""
    cursor: int
    """Where to go on typing in that query."""
    photos: int | None = None
    """How many photos carry it, if that is known."""


class Suggester:
    """Suggests how a query may go on. `labels` and `tags` are the names that photos carry; lower case."""

    def __init__(
        self,
        labels: Sequence[str],
        tags: Sequence[str],
        words: WordVectors,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._labels = tuple(labels)
        self._tags = tuple(tag for tag in dict.fromkeys(tags) if tag not in set(labels))
        self._names = Speller((*self._labels, *self._tags))
        self._words = words
        self._vocabulary = Vocabulary(words.vocabulary[:COMMON_WORDS])
        self._today = today

    def suggest(
        self, text: str, cursor: int | None = None, limit: int = MOST, photos: Mapping[str, int] | None = None
    ) -> tuple[Suggestion, ...]:
        """Return up to `limit` suggestions for what is being typed at the cursor, the likeliest first.

        cursor: 0..len(text), the end if None. photos: how many photos carry each label; the common ones come first.
        """
        place = unfinished(text, len(text) if cursor is None else min(max(cursor, 0), len(text)))
        found: dict[str, Suggestion] = {}
        for kind, words, start in self._candidates(place, limit, photos or {}):
            if len(found) == limit:
                break
            if words not in found and not _is_typed(place, words):
                count = (photos or {}).get(words) if kind is Kind.LABEL else None
                found[words] = _completed(text, place, kind, words, start, count)
        return tuple(found.values())

    def _candidates(self, place: Unfinished, limit: int, photos: Mapping[str, int]) -> Iterator[Candidate]:
        """Yield what may be meant, the likeliest first."""
        start, last = place.typed[-1]
        if place.key is not None and place.key not in RELATIONS and place.key not in SIZES:
            yield from ((kind, value, start) for kind, value in self._values(place.key, last))
            return
        if not last:
            yield from self._openings(place, start, photos)
            return
        labels = self._by_photos(photos)
        for longer_start, words in place.typed[:-1]:
            yield from _beginning(Kind.LABEL, labels, words, longer_start)
            yield from _beginning(Kind.TAG, self._tags, words, longer_start)
        yield from _beginning(Kind.LABEL, labels, last, start)
        if place.key is None and not place.quote:
            yield from ((Kind.KEY, key, start) for key in self._keys(place) if key.startswith(last))
        yield from _beginning(Kind.TAG, self._tags, last, start)
        yield from _inside(Kind.LABEL, labels, last, start)
        known = self._vocabulary.beginning_with(last, limit + 1)
        yield from ((Kind.WORD, word, start) for word in known if word not in STOP_WORDS)
        yield from _inside(Kind.TAG, self._tags, last, start)
        if not known and len(last) >= _TYPO_FROM and not _SIGNS.search(last):
            yield from ((kind, name, start) for kind, name in self._alike(last, limit))

    def _openings(self, place: Unfinished, start: int, photos: Mapping[str, int]) -> Iterator[Candidate]:
        """Yield what may come where nothing is typed yet."""
        if place.key is None and not place.quote and not place.is_first:
            yield from ((Kind.KEY, key, start) for key in self._keys(place))
        carried = [label for label in self._by_photos(photos) if place.key is not None or photos.get(label)]
        yield from ((Kind.LABEL, label, start) for label in carried)

    def _by_photos(self, photos: Mapping[str, int]) -> list[str]:
        return sorted(self._labels, key=lambda label: -photos.get(label, 0))

    def _keys(self, place: Unfinished) -> list[str]:
        """Return the keys that may stand here: relations need a word before them."""
        return [key for key in _OFFERED_KEYS if not (place.is_first and key in RELATIONS)]

    def _values(self, key: str, typed: str) -> Iterator[tuple[Kind, str]]:
        if key == SHAPE_KEY:
            values, kind = list(ORIENTATIONS), Kind.SHAPE
        elif key in DATES:
            values, kind = self._dates(typed), Kind.DATE
        else:
            values, kind = list(COLOURS), Kind.COLOUR
        return ((kind, value) for value in values if value.startswith(typed))

    def _dates(self, typed: str) -> list[str]:
        """Return dates to go on with: the months of a year that is typed, else today, this month and years."""
        today = self._today()
        if len(typed) >= 5:
            return [f"{typed[:4]}-{month:02}" for month in range(1, 13)]
        return [*(str(today.year - ago) for ago in range(6)), f"{today:%Y-%m}", f"{today:%Y-%m-%d}"]

    def _alike(self, typed: str, limit: int) -> Iterator[tuple[Kind, str]]:
        """Yield names that begin nearly as what was typed, or else words that are spelled or sound like it."""
        names = self._names.near_beginnings(typed, limit)
        for name in names:
            yield (Kind.LABEL if name in self._labels else Kind.TAG), name
        if not names:
            yield from ((Kind.WORD, word) for word in self._words.near_words(typed, limit))


def _beginning(kind: Kind, names: Iterable[str], typed: str, start: int) -> Iterator[Candidate]:
    """Yield the names that begin with what was typed."""
    return ((kind, name, start) for name in names if name.startswith(typed))


def _inside(kind: Kind, names: Iterable[str], last: str, start: int) -> Iterator[Candidate]:
    """Yield the names of which a later word begins with what was typed."""
    return ((kind, name, start) for name in names if f" {last}" in name)


def _is_typed(place: Unfinished, words: str) -> bool:
    """Tell whether a suggestion would add nothing."""
    return any(words == typed for _, typed in place.typed)


def _completed(text: str, place: Unfinished, kind: Kind, words: str, start: int, photos: int | None) -> Suggestion:
    """Put a suggestion into the query; what needs quotes gets them."""
    if kind is Kind.KEY:
        written = f"{words}:"
    elif place.quote:
        written = words + QUOTES[place.quote]
    elif " " in words and (place.key is not None or place.excluded or kind is Kind.WORD):
        written = f'"{words}"'
    else:
        written = words
    rest = text[place.end :]
    if kind is not Kind.KEY:
        written += " "
        rest = rest.removeprefix(QUOTES.get(place.quote, " ")).removeprefix(" ")
    before = text[:start] + written
    return Suggestion(f"{words}:" if kind is Kind.KEY else words, kind, before + rest, len(before), photos)
