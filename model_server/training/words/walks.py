"""Write a training text: random walks over WordNet, and its explanations.

A walk goes from meaning to meaning along pointers, and from a meaning to what the words of its explanation
mean; at every stop it says one of the meaning's words. Words that mean alike so come to stand together.
After Goikoetxea, Soroa and Agirre, "Random Walks and Neural Network Language Models on Knowledge Bases",
NAACL 2015.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from model_server.training.words.wordnet import Synset, WordNet

WORD = re.compile(r"[a-z][a-z'\-]*[a-z]|[a-z]")
# Lexicographer files of what a photo can show: animals, artifacts, body, food, objects, people, plants.
VISUAL_CATEGORIES = frozenset({5, 6, 8, 13, 17, 18, 20})
_STOP_WORDS = """
    a an the of and or in to for with by on from as at is are be that which it its not being having who
    used usually especially often this these those was were has have had his her their them they he she you
    one some any other such than into etc e.g i.e can may made make something someone somebody esp very more
    most no if so but also when where how what about over under out up down off between through during
    without within each all both many much using use characterized relating pertaining
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_ANTONYM_POINTER = "!"


@dataclass(frozen=True)
class WalkSettings:
    """How long and from where to walk.

    `tokens`: words in the whole text of walks. `go_on`: probability of one more step. `gloss_weight`: the
    weight of an edge from a meaning to a word of its explanation, where a pointer weighs 1. `visual_weight`:
    how much more walks begin at a noun that can be seen. `split_share`: how many of the words "hot_dog" are
    written "hot dog". `gloss_rounds`: how often each explanation is written. `at_once`: walks in memory.
    """

    tokens: int = 20_000_000
    go_on: float = 0.85
    longest: int = 100
    gloss_weight: float = 0.5
    visual_weight: float = 4.0
    split_share: float = 0.3
    gloss_rounds: int = 3
    at_once: int = 100_000
    seed: int = 0


class WeightedLists:
    """Many short lists of weighted items, to draw one item from many of the lists at once.

    `items`: int64 (n_items,), list after list; `starts`: int64 (n_lists + 1,) where each list begins;
    `weights`: float64 (n_items,), above 0.
    """

    def __init__(self, items: NDArray[np.int64], starts: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        self._items, self._starts = items, starts
        self._cumulative = np.concatenate([[0.0], np.cumsum(weights)])
        self.sizes = np.diff(starts)

    def draw(self, lists: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Draw one item from each of the lists named, none of which may be empty."""
        first, end = self._starts[lists], self._starts[lists + 1]
        low, high = self._cumulative[first], self._cumulative[end]
        places = np.searchsorted(self._cumulative, low + random.random(len(lists)) * (high - low), "right") - 1
        # Rounding may put a draw one past its list.
        return np.asarray(self._items[np.clip(places, first, end - 1)])


def explained(gloss: str) -> str:
    """Return an explanation without the examples after it, in lower case."""
    return re.split(r'; ?"', gloss, maxsplit=1)[0].lower()


def meaning_graph(wordnet: WordNet, gloss_weight: float) -> WeightedLists:
    """Return each synset's neighbours: both ends of pointers (not antonyms) and of explanation words."""
    edges: dict[tuple[int, int], float] = {}
    for index, synset in enumerate(wordnet.synsets):
        for word in WORD.findall(explained(synset.gloss)):
            meant = wordnet.commonest_sense(word) if len(word) > 2 and word not in STOP_WORDS else None
            if meant is not None and meant != index:
                edges[index, meant] = edges[meant, index] = gloss_weight
    for index, synset in enumerate(wordnet.synsets):
        for symbol, target in synset.pointers:
            if symbol != _ANTONYM_POINTER:
                edges[index, target] = edges[target, index] = 1.0
    pairs = np.array(sorted(edges), dtype=np.int64)
    weights = np.array([edges[int(a), int(b)] for a, b in pairs])
    starts = np.searchsorted(pairs[:, 0], np.arange(len(wordnet.synsets) + 1))
    return WeightedLists(pairs[:, 1], starts, weights)


def synset_words(wordnet: WordNet) -> tuple[list[str], WeightedLists]:
    """Return all lemmas, and for each synset which of them it is said with, the usual ones more often."""
    number_of: dict[str, int] = {}
    items, starts, weights = [], [0], []
    for index, synset in enumerate(wordnet.synsets):
        for lemma in dict.fromkeys(lemma.lower() for lemma in synset.lemmas):
            items.append(number_of.setdefault(lemma, len(number_of)))
            weights.append((wordnet.counts.get((index, lemma), 0) + 1.0) ** 0.5)
        starts.append(len(items))
    return list(number_of), WeightedLists(np.array(items), np.array(starts), np.array(weights))


def start_probabilities(wordnet: WordNet, visual_weight: float) -> NDArray[np.float64]:
    """Return where walks begin, float64 (n_synsets,), summing to 1: usual and visible meanings more."""
    weights = np.ones(len(wordnet.synsets))
    for (index, _), count in wordnet.counts.items():
        weights[index] += count
    weights = 1.0 + np.sqrt(weights - 1.0)
    visual = [synset.part == "n" and synset.category in VISUAL_CATEGORIES for synset in wordnet.synsets]
    weights[visual] *= visual_weight
    return np.asarray(weights / weights.sum())


def write_training_text(wordnet: WordNet, settings: WalkSettings, out: TextIO) -> int:
    """Write walks and explanations, one sentence a line, and return the number of the walks' words."""
    random = np.random.default_rng(settings.seed)
    words = 0
    for line in _walk_lines(wordnet, settings, random):
        out.write(line + "\n")
        words += line.count(" ") + 1
    for _ in range(settings.gloss_rounds):
        for index in random.permutation(len(wordnet.synsets)):
            out.write(_gloss_line(wordnet.synsets[index], random) + "\n")
    return words


def _walk_lines(wordnet: WordNet, settings: WalkSettings, random: np.random.Generator) -> Iterator[str]:
    graph = meaning_graph(wordnet, settings.gloss_weight)
    lemmas, spoken = synset_words(wordnet)
    joined = np.array(lemmas, dtype=object)
    split = np.array([lemma.replace("_", " ") for lemma in lemmas], dtype=object)
    starts = start_probabilities(wordnet, settings.visual_weight)
    written = 0
    while written < settings.tokens:
        begin = random.choice(len(starts), settings.at_once, p=starts)
        for walk in _walk(begin, graph, spoken, settings, random):
            written += len(walk)
            yield " ".join(np.where(random.random(len(walk)) < settings.split_share, split[walk], joined[walk]))


def _walk(
    begin: NDArray[np.int64],
    graph: WeightedLists,
    spoken: WeightedLists,
    settings: WalkSettings,
    random: np.random.Generator,
) -> Iterator[NDArray[np.int64]]:
    """Walk from every synset of `begin` at once and yield the words said on each walk of two or more."""
    said = np.full((len(begin), settings.longest), -1, dtype=np.int64)
    going, place = np.arange(len(begin)), begin
    for step in range(settings.longest):
        said[going, step] = spoken.draw(place, random)
        go_on = (random.random(len(going)) < settings.go_on) & (graph.sizes[place] > 0)
        going, place = going[go_on], place[go_on]
        if not len(going):
            break
        place = graph.draw(place, random)
    lengths = (said >= 0).sum(axis=1)
    for walk, length in zip(said, lengths, strict=True):
        if length > 1:
            yield walk[:length]


def _gloss_line(synset: Synset, random: np.random.Generator) -> str:
    """Return an explanation's words with the word explained before, within and after them."""
    told = [word for word in WORD.findall(synset.gloss.lower()) if word not in STOP_WORDS]
    first, second = (synset.lemmas[random.integers(len(synset.lemmas))].lower() for _ in range(2))
    middle = int(random.integers(len(told) + 1))
    return " ".join([first, *told[:middle], second.replace("_", " "), *told[middle:], first])
