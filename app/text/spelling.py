"""Find the words that a misspelled one may stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST_WORD = 30
_FARTHEST = 0.5
"""Words are near up to this many edits a letter."""
_RARITY_MALUS = 0.25
_LETTERS_AN_EDIT = 4
"""How many letters of a word that is being typed excuse a wrong one."""
_SHORTEST_CORRECTED = 4
_CLEARLY_BETTER = 0.05
"""By how much the nearest word must be nearer than the next one to be taken without asking."""
_TWO_EDITS_FROM = 5
"""Words of so many letters may have two mistakes, if at most one of them is heard."""
# Letters that sound alike are confused more easily than others.
_SOUNDS_ALIKE = (("ph", "f"), ("ck", "k"), ("qu", "k"), ("c", "k"), ("q", "k"), ("z", "s"), ("y", "i"), ("le", "el"))
_DOUBLED = re.compile(r"(.)\1+")

Letters = NDArray[np.uint8]
"""uint8 (n_words, LONGEST_WORD), ASCII, zeros behind a word's end."""


@dataclass(frozen=True)
class Near:
    """Known words by falling nearness: distances, float (n,), and the edits to the spelling and to the sound."""

    words: list[str]
    distances: list[float]
    edits: list[int]
    sound_edits: list[int]


class Speller:
    """Knows how the words of a vocabulary are spelled and how they sound.

    The vocabulary begins with the frequent words, which are likelier to be meant.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [word for word in words if len(word) <= LONGEST_WORD]
        sounds = [sound_of(word) for word in self._words]
        self._spellings, self._lengths = _letters(self._words), _lengths(self._words)
        self._sounds, self._sound_lengths = _letters(sounds), _lengths(sounds)
        self._letter_sets = _letter_sets(self._spellings)

    def near(self, word: str, n: int) -> list[str]:
        """Return up to `n` words that are spelled or sound like `word`, the likeliest first."""
        return self._nearest(word, n).words

    def near_beginnings(self, typed: str, n: int) -> list[str]:
        """Return up to `n` words that begin nearly as `typed`, which isn't finished: with few letters wrong."""
        if not 1 < len(typed) <= LONGEST_WORD:
            return []
        edits = _edit_rows(typed, self._spellings[:, : len(typed) + 2]).min(axis=0)
        best = np.argsort(edits, kind="stable")[:n]
        return [self._words[at] for at in best if edits[at] <= max(1, len(typed) // _LETTERS_AN_EDIT)]

    def correction(self, word: str) -> str | None:
        """Return the word that `word` clearly is a misspelling of; None if there is none or it might be another."""
        if len(word) < _SHORTEST_CORRECTED:
            return None
        near = self._nearest(word, 2)
        forgiven = 1 if len(word) < _TWO_EDITS_FROM else 2
        if not near.words or near.edits[0] > forgiven or near.sound_edits[0] > 1:
            return None
        unrivalled = len(near.words) == 1 or near.distances[1] - near.distances[0] >= _CLEARLY_BETTER
        return near.words[0] if unrivalled else None

    def _nearest(self, word: str, n: int) -> Near:
        if not 1 < len(word) <= LONGEST_WORD:
            return Near([], [], [], [])
        ranks = self._plausible(word)
        edits = edit_distances(word, self._spellings[ranks], self._lengths[ranks])
        sound_edits = edit_distances(sound_of(word), self._sounds[ranks], self._sound_lengths[ranks])
        distances = (sound_edits + 0.5 * edits) / np.maximum(self._lengths[ranks], len(word))
        scores = np.where(distances <= _FARTHEST, distances + _RARITY_MALUS * ranks / len(self._words), np.inf)
        best = [int(at) for at in np.argsort(scores, kind="stable")[:n] if np.isfinite(scores[at])]
        return Near(
            [self._words[ranks[at]] for at in best],
            [float(scores[at]) for at in best],
            [int(edits[at]) for at in best],
            [int(sound_edits[at]) for at in best],
        )

    def _plausible(self, word: str) -> NDArray[np.intp]:
        """Return the ranks of the words that share nearly all letters with a word; comparing all would take long."""
        most_different = 2 if len(word) < 5 else 4
        differences = np.bitwise_count(self._letter_sets ^ _letter_sets(_letters([word]))[0])
        like_long = np.abs(self._lengths - len(word)) <= 3
        return np.flatnonzero(like_long & (differences <= most_different))


def sound_of(word: str) -> str:
    """Return a rough spelling by ear: words that sound the same often get the same one."""
    for letters, plain in _SOUNDS_ALIKE:
        word = word.replace(letters, plain)
    return _DOUBLED.sub(r"\1", word)


def edit_distances(word: str, others: Letters, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many letters must be added, left out, replaced or swapped with the next to make each of `others`.

    others: uint8 (n, width). lengths: int64 (n,), of each. Returns int64 (n,).
    """
    width = int(lengths.max(initial=0))
    return _edit_rows(word, others[:, :width])[lengths, np.arange(len(others))].astype(np.int64)


def _edit_rows(word: str, others: Letters) -> NDArray[np.int8]:
    """Return the edits that make the first letters of each of `others` of a word, int8 (width + 1, n).

    others: uint8 (n, width). Row i holds the edits to the first i letters.
    """
    codes = _letters([word])[0, : len(word)]
    columns = np.ascontiguousarray(others.T)
    width = len(columns)
    rows = [np.repeat(np.arange(width + 1, dtype=np.int8)[:, None], len(others), axis=1)]
    for row, letter in enumerate(codes, start=1):
        last = rows[-1]
        current = np.empty_like(last)
        current[0] = row
        for column in range(1, width + 1):
            other = columns[column - 1]
            cheapest = np.minimum(last[column], current[column - 1]) + np.int8(1)
            np.minimum(cheapest, last[column - 1] + (other != letter), out=cheapest)
            if row > 1 and column > 1:
                swapped = (other == codes[row - 2]) & (columns[column - 2] == letter)
                np.minimum(cheapest, rows[-2][column - 2] + np.int8(1), out=cheapest, where=swapped)
            current[column] = cheapest
        rows = [last, current]
    return rows[-1]


def _letters(words: Sequence[str]) -> Letters:
    encoded = np.array([word.encode("ascii", "replace") for word in words], dtype=f"S{LONGEST_WORD}")
    return encoded.view(np.uint8).reshape(len(words), LONGEST_WORD)


def _lengths(words: Sequence[str]) -> NDArray[np.int64]:
    return np.array([len(word) for word in words], dtype=np.int64)


def _letter_sets(letters: Letters) -> NDArray[np.uint32]:
    """Return which letters each word has, one bit a letter: uint32 (n,)."""
    bits = np.uint32(1) << (letters & np.uint8(31)).astype(np.uint32)
    bits[letters == 0] = 0
    sets: NDArray[np.uint32] = np.bitwise_or.reduce(bits, axis=1)
    return sets
