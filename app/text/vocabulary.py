"""All known words in alphabetical order, to find those that begin with some letters."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

AFTER_ALL_LETTERS = "\U0010ffff"


class Vocabulary:
    """`words`: lower case, the frequent ones first, a collocation's words joined by `_`."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = sorted(words)
        place_of = {word: place for place, word in enumerate(words)}
        self._frequency_ranks = np.array([place_of[word] for word in self._words], dtype=np.int32)

    def beginning_with(self, letters: str, n: int) -> list[str]:
        """Return up to `n` words that begin so, the frequent ones first, with spaces in collocations."""
        prefix = letters.replace(" ", "_")
        first, end = bisect_left(self._words, prefix), bisect_left(self._words, prefix + AFTER_ALL_LETTERS)
        ranks = self._frequency_ranks[first:end]
        chosen = np.argpartition(ranks, n)[:n] if len(ranks) > n else np.arange(len(ranks))
        ordered = chosen[np.argsort(ranks[chosen])]
        return [self._words[first + int(at)].replace("_", " ") for at in ordered]
