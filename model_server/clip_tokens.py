"""Turns words into the token ids that CLIP's text tower takes; the standard library alone.

The byte pair encoding of OpenAI's CLIP (github.com/openai/CLIP, simple_tokenizer.py, MIT): lower case, words cut into
runs of letters, single digits and runs of the rest, each spelt in bytes, whose neighbours are merged as long as the
vocabulary knows a merge, the first known first.
"""

import gzip
import html
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

END_OF_WORD = "</w>"
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
STRAIGHT_QUOTES = str.maketrans({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
SPELLED_AS_THEMSELVES = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
"""Bytes that stand for the character of their number; the others stand for characters from 256 on."""


class ClipTokenizer:
    """A vocabulary of 256 bytes, the same at a word's end, the merges, and two marks."""

    def __init__(self, merges: Iterable[tuple[str, str]]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        spellings = _spellings()
        ordered = [spellings[byte] for byte in _bytes_in_order()]
        tokens = [*ordered, *(letter + END_OF_WORD for letter in ordered), *("".join(pair) for pair in self._ranks)]
        self._ids = {token: number for number, token in enumerate(tokens)}
        self.start, self.end = len(tokens), len(tokens) + 1
        self._spellings = spellings

    @classmethod
    def load(cls, path: Path) -> "ClipTokenizer":
        """Read merges from a gzipped file, one pair a line."""
        with gzip.open(path, "rt", encoding="utf-8") as file:
            pairs = (line.split() for line in file)
            return cls((first, second) for first, second in pairs)

    def encode(self, text: str, length: int) -> list[int]:
        """Return *length* ids: start, the text's tokens as far as there is room, end, zeros."""
        ids = [self._ids[token] for word in _words(_cleaned(text)) for token in self._tokens(word)]
        framed = [self.start, *ids[: length - 2], self.end]
        return framed + [0] * (length - len(framed))

    def _tokens(self, word: str) -> list[str]:
        """Merge the bytes of a word."""
        parts = [self._spellings[byte] for byte in word.encode("utf-8")]
        parts[-1] += END_OF_WORD
        while len(parts) > 1:
            best = min(pairwise(parts), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            parts = _merged(parts, best)
        return parts


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """Join each place where *pair* stands, from the left."""
    result: list[str] = []
    waiting = iter(range(len(parts)))
    for place in waiting:
        if tuple(parts[place : place + 2]) == pair:
            result.append(parts[place] + parts[place + 1])
            next(waiting)
        else:
            result.append(parts[place])
    return result


def _cleaned(text: str) -> str:
    """Do what the original leaves to ftfy where it matters for words that somebody types."""
    composed = unicodedata.normalize("NFC", html.unescape(html.unescape(text)).translate(STRAIGHT_QUOTES))
    return " ".join(composed.split()).lower()


def _words(text: str) -> Iterator[str]:
    """Cut into contractions, runs of letters, single digits and runs of what is neither; blanks fall out."""
    place = 0
    while place < len(text):
        short = next((one for one in CONTRACTIONS if text.startswith(one, place)), None)
        end = place + len(short) if short else _end_of_run(text, place)
        if not text[place].isspace():
            yield text[place:end]
        place = end


def _end_of_run(text: str, start: int) -> int:
    kind = _kind(text[start])
    end = start + 1
    while kind != "N" and end < len(text) and _kind(text[end]) == kind:
        end += 1
    return end


def _kind(character: str) -> str:
    """Return "L" for letters, "N" for numbers, "Z" for blanks, "S" for the rest."""
    if character.isspace():
        return "Z"
    major = unicodedata.category(character)[0]
    return major if major in "LN" else "S"


def _bytes_in_order() -> list[int]:
    """Return the bytes as the vocabulary numbers them: those that stand for themselves first."""
    return [*SPELLED_AS_THEMSELVES, *(byte for byte in range(256) if byte not in SPELLED_AS_THEMSELVES)]


@cache
def _spellings() -> dict[int, str]:
    """Return the printable character that stands for each byte."""
    others = (byte for byte in range(256) if byte not in SPELLED_AS_THEMSELVES)
    return {byte: chr(byte) for byte in SPELLED_AS_THEMSELVES} | {byte: chr(256 + n) for n, byte in enumerate(others)}
