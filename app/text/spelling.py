"""Find the words that a misspelled one may stand for."""

import re
from collections.abc import Iterable, Iterator

LONGEST_WORD = 30
_FARTHEST = 0.5
"""Words are near up to this many edits a letter."""
_RARITY_MALUS = 0.25
# Letters that sound alike are confused more easily than others.
_SOUNDS_ALIKE = (("ph", "f"), ("ck", "k"), ("qu", "k"), ("c", "k"), ("q", "k"), ("z", "s"), ("y", "i"), ("le", "el"))
_DOUBLED = re.compile(r"(.)\1+")


def near_words(word: str, vocabulary: Iterable[str], size: int, n: int) -> list[str]:
    """Return up to `n` words of a vocabulary of `size` that are spelled or sound like `word`, the likeliest first.

    The vocabulary begins with the frequent words, which are likelier to be meant.
    """
    if not 1 < len(word) <= LONGEST_WORD:
        return []
    sound = sound_of(word)
    scored = []
    for rank, candidate in _plausible(word, vocabulary):
        distance = edit_distance(sound, sound_of(candidate)) + 0.5 * edit_distance(word, candidate)
        distance /= max(len(word), len(candidate))
        if distance <= _FARTHEST:
            scored.append((distance + _RARITY_MALUS * rank / size, candidate))
    return [candidate for _, candidate in sorted(scored)[:n]]


def sound_of(word: str) -> str:
    """Return a rough spelling by ear: words that sound the same often get the same one."""
    for letters, plain in _SOUNDS_ALIKE:
        word = word.replace(letters, plain)
    return _DOUBLED.sub(r"\1", word)


def edit_distance(a: str, b: str) -> int:
    """Return how many letters must be added, left out, replaced or swapped with the next to make `b` of `a`."""
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for row, letter in enumerate(a, start=1):
        current = [row]
        for column, other in enumerate(b, start=1):
            replaced = last[column - 1] + (letter != other)
            distance = min(replaced, last[column] + 1, current[-1] + 1)
            if row > 1 and column > 1 and letter == b[column - 2] and a[row - 2] == other:
                distance = min(distance, before_last[column - 2] + 1)
            current.append(distance)
        before_last, last = last, current
    return last[-1]


def _plausible(word: str, vocabulary: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (rank, candidate) that share nearly all letters with the word; comparing all would take seconds."""
    letters = set(word)
    most_different = 2 if len(word) < 5 else 4
    for rank, candidate in enumerate(vocabulary):
        if abs(len(candidate) - len(word)) <= 3 and len(letters.symmetric_difference(candidate)) <= most_different:
            yield rank, candidate
