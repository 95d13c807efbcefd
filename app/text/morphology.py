"""Find the dictionary form of an inflected word ("mice": "mouse", "puppies": "puppy").

The rules are those of WordNet's morphy(7); its list of irregular forms comes from a file.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

# Nouns' endings first, for words of a search are mostly nouns; then verbs' and adjectives'.
_RULES = (
    ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"),
    ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""),
    ("er", ""), ("est", ""), ("er", "e"), ("est", "e"),
)  # fmt: skip
_DOUBLED = frozenset("bdgklmnprtvz")


def read_forms(path: Path) -> dict[str, str]:
    """Read a text file of lines `form word`; lines that begin with # are comments."""
    with path.open(encoding="utf-8") as file:
        return dict(line.split() for line in file if not line.startswith("#"))


def dictionary_forms(word: str, irregular: Mapping[str, str]) -> Iterator[str]:
    """Yield what a lower-case word may stand as in a dictionary: itself first, then the likeliest forms.

    A collocation's words are joined by `_`, and its last word is what is inflected ("hot_dogs").
    """
    for spelling in dict.fromkeys(_spellings(word)):
        yield spelling
        head, joint, last = spelling.rpartition("_")
        yield from (head + joint + form for form in _uninflected(last, irregular))


def _spellings(word: str) -> Iterator[str]:
    yield word
    yield _without_accents(word)
    yield word.removesuffix("'s").removesuffix("s'")
    # "wine glass" may stand as "wineglass", "t-shirt" as "t shirt" or "tshirt".
    for separator, other in (("_", ""), ("_", "-"), ("-", "_"), ("-", "")):
        if separator in word:
            yield word.replace(separator, other)


def _uninflected(word: str, irregular: Mapping[str, str]) -> Iterator[str]:
    if word in irregular:
        yield irregular[word]
    for ending, replacement in _RULES:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 1:
            yield stem + replacement
            if ending in ("ed", "ing", "er", "est") and stem[-1] in _DOUBLED and stem[-2] == stem[-1]:
                yield stem[:-1]


def _without_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
