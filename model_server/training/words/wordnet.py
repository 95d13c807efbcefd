"""Read the WordNet 3.0 database files, as Debian's package `wordnet-base` installs them.

The format is described in WordNet's manual pages wndb(5), cntlist(5) and morphy(7).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
SUFFIX_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "n": (("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
          ("men", "man"), ("ies", "y")),
    "v": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""),
          ("ing", "e"), ("ing", "")),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "r": (),
}  # fmt: skip
HYPERNYM_POINTERS = ("@", "@i")
_ADJECTIVE_MARKER = re.compile(r"\((a|p|ip)\)$")
_SENSE_KEY_PARTS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}


@dataclass(frozen=True, slots=True)
class Synset:
    """A meaning: the words that share it, its explanation, and where its pointers lead.

    `offset` is its place in the data file (a noun's ImageNet id is n%08d of it), `category` the number
    of its lexicographer file (5 animals, 6 artifacts, …), `lemmas` keep their case and join words by `_`,
    `pointers` are (symbol, index of the target in `WordNet.synsets`).
    """

    part: str
    offset: int
    category: int
    lemmas: tuple[str, ...]
    gloss: str
    pointers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class WordNet:
    """The whole network. Lemmas in `senses`, `counts` and `exceptions` are in lower case.

    `senses`: (lemma, part) to synset indexes, the most frequent first. `counts`: (synset, lemma) to how
    often the tagged texts use the lemma in that sense. `exceptions`: part to irregular form to lemma.
    """

    synsets: tuple[Synset, ...]
    senses: dict[tuple[str, str], tuple[int, ...]]
    counts: dict[tuple[int, str], int]
    exceptions: dict[str, dict[str, str]] = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> "WordNet":
        """Read a database folder; raise FileNotFoundError if one of its files is missing."""
        index_of = {
            (part, offset): index
            for index, (part, offset) in enumerate(
                (part, int(line[:8])) for part in PARTS for line in _lines(folder / f"data.{PARTS[part]}")
            )
        }
        synsets = tuple(
            _parse_synset(part, line, index_of) for part in PARTS for line in _lines(folder / f"data.{PARTS[part]}")
        )
        senses = {}
        for part, name in PARTS.items():
            for line in _lines(folder / f"index.{name}"):
                fields = line.split()
                offsets = fields[-int(fields[2]) :]
                senses[fields[0], part] = tuple(index_of[part, int(offset)] for offset in offsets)
        return cls(synsets, senses, _read_counts(folder, senses), _read_exceptions(folder))

    @cached_property
    def by_offset(self) -> dict[tuple[str, int], int]:
        """(part, offset) to the synset's index."""
        return {(synset.part, synset.offset): index for index, synset in enumerate(self.synsets)}

    def base_form(self, word: str, part: str) -> str | None:
        """Return the lemma of an inflected lower-case word ("mice": "mouse"), None if there is none."""
        if (word, part) in self.senses:
            return word
        candidates = [self.exceptions[part].get(word, "")]
        candidates += [
            word[: -len(ending)] + replacement
            for ending, replacement in SUFFIX_RULES[part]
            if word.endswith(ending) and len(word) > len(ending) + 1
        ]
        return next((lemma for lemma in candidates if (lemma, part) in self.senses), None)

    def commonest_sense(self, word: str) -> int | None:
        """Return the synset that a lower-case word most often means, over all parts of speech."""
        best, best_count = None, -1
        for part in PARTS:
            lemma = self.base_form(word, part)
            if lemma is None:
                continue
            first = self.senses[lemma, part][0]
            count = self.counts.get((first, lemma), 0)
            if count > best_count:
                best, best_count = first, count
        return best

    def hypernyms(self, index: int) -> list[int]:
        """Return the synsets one step more general."""
        return [target for symbol, target in self.synsets[index].pointers if symbol in HYPERNYM_POINTERS]


def _lines(path: Path) -> Iterator[str]:
    """Yield a database file's lines without the licence, whose lines begin with a space."""
    with path.open(encoding="latin-1") as file:
        yield from (line for line in file if not line.startswith(" "))


def _parse_synset(part: str, line: str, index_of: dict[tuple[str, int], int]) -> Synset:
    data, _, gloss = line.partition("|")
    fields = data.split()
    after_words = 4 + 2 * int(fields[3], 16)
    lemmas = tuple(_ADJECTIVE_MARKER.sub("", lemma) for lemma in fields[4:after_words:2])
    pointers = []
    for number in range(int(fields[after_words])):
        symbol, offset, target_part, _ = fields[after_words + 1 + 4 * number :][:4]
        # A satellite adjective (s) lives in the adjectives' file.
        target = index_of["a" if target_part == "s" else target_part, int(offset)]
        pointers.append((symbol, target))
    return Synset(part, int(fields[0]), int(fields[1]), lemmas, gloss.strip(), tuple(pointers))


def _read_counts(folder: Path, senses: dict[tuple[str, str], tuple[int, ...]]) -> dict[tuple[int, str], int]:
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for line in _lines(folder / "cntlist.rev"):
        sense_key, sense_number, count = line.split()
        lemma, rest = sense_key.rsplit("%", 1)
        indexes = senses.get((lemma, _SENSE_KEY_PARTS[rest[0]]), ())
        if int(sense_number) <= len(indexes):
            counts[indexes[int(sense_number) - 1], lemma] += int(count)
    return dict(counts)


def _read_exceptions(folder: Path) -> dict[str, dict[str, str]]:
    return {
        part: {form: lemma for form, lemma, *_ in (line.split() for line in _lines(folder / f"{name}.exc"))}
        for part, name in PARTS.items()
    }
