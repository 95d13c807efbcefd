"""Write `queries.tsv`, the words that searches are measured with: `python -m benchmarks.quality.make_queries`.

All of it comes from WordNet 3.0, by rule, save for what COCO_GROUPS adds:

- A synonym is another word of a class's meaning, if that meaning is among the word's first three and the word isn't a
  Latin name.
- A hypernym is a word for a meaning above at least two classes and at most half of them, if that is one of the
  word's first two meanings, occurs in the texts whose words WordNet counts, and isn't too near to "entity". Of words
  for the same classes only the commonest is taken. Its classes are all those under it.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.quality.queries import COCO, HYPERNYM, IMAGENET, QUERIES, SYNONYM, Query, same_words, write_queries
from model_server.catalogue import load_card
from model_server.training.words.label_words import LabelWordsFinder
from model_server.training.words.wordnet import WordNet

DEFAULT_WORDNET = Path("/usr/share/wordnet")
SYNONYM_SENSES = 3
HYPERNYM_SENSES = 2
LEAST_DEPTH = 5
COCO_GROUPS = {
    "vehicle": ["bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"],
    "food": ["banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"],
    "appliance": ["microwave", "oven", "toaster", "sink", "refrigerator"],
}
"""COCO's own groups of its classes, for words that WordNet's nouns draw otherwise: a bus is no vehicle there."""


class QueryMaker:
    """Finds the words of some classes, each of which has a meaning: class to index of its synset."""

    def __init__(self, wordnet: WordNet, meanings: dict[str, int]) -> None:
        self._wordnet = wordnet
        self._meanings = meanings

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in their order."""
        return tuple(self._meanings)

    def synonyms(self, names: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield words and the class that each names; words that say no more than its name are left out."""
        for class_, meaning in self._meanings.items():
            for lemma in self._wordnet.synsets[meaning].lemmas:
                is_common = meaning in self._senses(lemma)[:SYNONYM_SENSES]
                if is_common and not self._is_latin(lemma) and not same_words(lemma, names[class_]):
                    yield spaced(lemma), class_

    def hypernyms(self) -> dict[str, frozenset[str]]:
        """Return words and the classes under each."""
        under: dict[int, set[str]] = defaultdict(set)
        for class_, meaning in self._meanings.items():
            for above in ancestors(self._wordnet, meaning):
                under[above].add(class_)
        classes_of: dict[str, set[str]] = defaultdict(set)
        counts: dict[str, int] = defaultdict(int)
        for above, classes in under.items():
            for lemma in map(str.lower, self._wordnet.synsets[above].lemmas):
                count = self._wordnet.counts.get((above, lemma), 0)
                if (
                    above in self._senses(lemma)[:HYPERNYM_SENSES]
                    and count
                    and depth(self._wordnet, above) >= LEAST_DEPTH
                ):
                    classes_of[lemma] |= classes
                    counts[lemma] += count
        chosen: dict[frozenset[str], str] = {}
        for lemma in sorted(classes_of, key=lambda lemma: (-counts[lemma], lemma)):
            chosen.setdefault(frozenset(classes_of[lemma]), lemma)
        return {
            spaced(lemma): classes
            for classes, lemma in chosen.items()
            if 2 <= len(classes) <= len(self._meanings) / 2
        }

    def _senses(self, lemma: str) -> tuple[int, ...]:
        return self._wordnet.senses[lemma.lower(), "n"]

    def _is_latin(self, lemma: str) -> bool:
        first = lemma.lower().split("_")[0]
        return "_" in lemma and (f"genus_{first}", "n") in self._wordnet.senses


def ancestors(wordnet: WordNet, meaning: int) -> set[int]:
    """Return all meanings above one."""
    found: set[int] = set()
    waiting = wordnet.hypernyms(meaning)
    while waiting:
        above = waiting.pop()
        if above not in found:
            found.add(above)
            waiting += wordnet.hypernyms(above)
    return found


def depth(wordnet: WordNet, meaning: int) -> int:
    """Return the number of steps of the longest way up to the top."""
    return max((1 + depth(wordnet, above) for above in wordnet.hypernyms(meaning)), default=0)


def coco_queries(wordnet: WordNet) -> list[Query]:
    """Return the queries for COCO's classes, which go by their names."""
    finder = LabelWordsFinder(wordnet, set())
    maker = QueryMaker(wordnet, {label: finder.meaning(label) for label in load_card("gallery_default").labels})
    hypernyms = maker.hypernyms()
    for word, group in COCO_GROUPS.items():
        hypernyms[word] = hypernyms.get(word, frozenset()) | frozenset(group)
    return as_queries(COCO, maker.synonyms({label: label for label in maker.classes}), hypernyms)


def imagenet_queries(wordnet: WordNet) -> list[Query]:
    """Return the queries for ImageNet's classes, which go by their WordNet ids."""
    tags = load_card("gallery_default").tag_classes
    maker = QueryMaker(wordnet, {tag.wnid: wordnet.by_offset["n", int(tag.wnid[1:])] for tag in tags})
    return as_queries(IMAGENET, maker.synonyms({tag.wnid: tag.name for tag in tags}), maker.hypernyms())


def as_queries(
    vocabulary: str, synonyms: Iterable[tuple[str, str]], hypernyms: dict[str, frozenset[str]]
) -> list[Query]:
    """Return the queries in order; a synonym of several classes means all of them."""
    classes_of: dict[str, set[str]] = defaultdict(set)
    for word, class_ in synonyms:
        classes_of[word].add(class_)
    found = [Query(vocabulary, SYNONYM, word, frozenset(classes)) for word, classes in classes_of.items()]
    return found + [Query(vocabulary, HYPERNYM, word, classes) for word, classes in hypernyms.items()]


def spaced(lemma: str) -> str:
    """Return a WordNet lemma as people write it."""
    return lemma.replace("_", " ").lower()


def main() -> None:
    """Read WordNet and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wordnet", type=Path, default=DEFAULT_WORDNET, help="folder of WordNet's database files")
    wordnet = WordNet.read(parser.parse_args().wordnet)
    write_queries(QUERIES, [*coco_queries(wordnet), *imagenet_queries(wordnet)])


if __name__ == "__main__":
    main()
