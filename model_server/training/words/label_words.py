"""List, for each label of a model, the words that name it, kinds that it belongs to, and kinds of it.

Word vectors only say that words are near; WordNet knows that a truck is a vehicle and a poodle a dog.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_server.training.words.wordnet import WordNet

# Where a COCO label doesn't mean the first sense of the noun of its own name: noun, number of the sense.
COCO_SENSES = {
    "banana": ("banana", 2), "book": ("book", 2), "bowl": ("bowl", 3), "broccoli": ("broccoli", 2),
    "cake": ("cake", 3), "carrot": ("carrot", 3), "cell phone": ("cellular_telephone", 1), "couch": ("sofa", 1),
    "donut": ("doughnut", 2), "hair drier": ("hand_blower", 1), "hot dog": ("hotdog", 2),
    "keyboard": ("computer_keyboard", 1), "kite": ("kite", 3), "microwave": ("microwave", 2),
    "mouse": ("mouse", 4), "potted plant": ("pot_plant", 1), "remote": ("remote_control", 1), "skis": ("ski", 1),
    "sports ball": ("ball", 1), "stop sign": ("street_sign", 1), "tie": ("necktie", 1), "toaster": ("toaster", 2),
    "toilet": ("toilet", 2), "tv": ("television_receiver", 1), "wine glass": ("wineglass", 1),
}  # fmt: skip
# What people call these things though WordNet has no such synonym, or not as a common sense of the word.
COCO_NAMES = {
    "airplane": "jet plane", "backpack": "bag", "bicycle": "bike", "cat": "kitty kitten puss pussycat",
    "cell phone": "phone telephone smartphone mobile", "cup": "mug", "dining table": "table",
    "dog": "puppy doggy pup hound pooch", "handbag": "bag", "hot dog": "sausage", "laptop": "notebook",
    "motorcycle": "motorbike scooter", "oven": "stove", "person": "people man woman child kid boy girl baby human",
    "potted plant": "houseplant plant flowerpot", "refrigerator": "fridge", "skateboard": "skateboarding",
    "skis": "skiing skier", "snowboard": "snowboarding snowboarder", "sports ball": "football soccer basketball",
    "stop sign": "traffic_sign", "suitcase": "luggage", "surfboard": "surfing surfer", "teddy bear": "teddy",
    "tv": "television telly screen monitor", "wine glass": "glass goblet",
}  # fmt: skip
COCO_KINDS = {
    "bus": "vehicle", "train": "vehicle", "cat": "pet", "dog": "pet", "cake": "dessert", "donut": "dessert",
    "broccoli": "vegetable", "carrot": "vegetable", "potted plant": "plant",
    "sheep": "livestock", "cow": "livestock", "horse": "livestock",
}  # fmt: skip
# True in WordNet, but nobody who searches for an instrument or a container means these.
MISLEADING_KINDS = {
    "clock": "instrument", "parking meter": "instrument", "bicycle": "container", "car": "container",
    "motorcycle": "container", "skateboard": "container", "truck": "container",
}  # fmt: skip
_COMMON_SENSES = 3
_KIND_SENSES = 6
_LEAST_DEPTH = 4
"""Meanings nearer to "entity" than this are kinds of everything."""


@dataclass(frozen=True)
class LabelWords:
    """The words around a label: `same` name it, `above` are more general, `below` more special."""

    label: str
    same: tuple[str, ...]
    above: tuple[str, ...]
    below: tuple[str, ...] = ()


class LabelWordsFinder:
    """Finds the words around meanings; only those of `vocabulary` count."""

    def __init__(self, wordnet: WordNet, vocabulary: set[str]) -> None:
        self._wordnet, self._vocabulary = wordnet, vocabulary
        self._kinds: dict[int, list[int]] = {}
        for index in range(len(wordnet.synsets)):
            for hypernym in wordnet.hypernyms(index):
                self._kinds.setdefault(hypernym, []).append(index)

    def detector_label(self, label: str, others: set[int]) -> LabelWords:
        """Return the words around a COCO label; `others` are the meanings of labels, kinds of which end there."""
        index = self.meaning(label)
        kinds = [*self._lemmas(self._above(index), _KIND_SENSES), *COCO_KINDS.get(label, "").split()]
        misleading = MISLEADING_KINDS.get(label, "").split()
        return LabelWords(
            label,
            same=tuple(dict.fromkeys([*self._lemmas([index]), *COCO_NAMES.get(label, "").split()])),
            above=tuple(dict.fromkeys(kind for kind in kinds if kind not in misleading)),
            below=self._lemmas(self._below(index, others - {index}), common_senses=1),
        )

    def tag_class(self, wnid: str, label: str) -> LabelWords:
        """Return the words around an ImageNet class."""
        index = self._wordnet.by_offset["n", int(wnid[1:])]
        return LabelWords(label, same=self._lemmas([index]), above=self._lemmas(self._above(index), _KIND_SENSES))

    def meaning(self, label: str) -> int:
        """Return the synset of a COCO label."""
        noun, sense = COCO_SENSES.get(label, (label.replace(" ", "_"), 1))
        return self._wordnet.senses[noun, "n"][sense - 1]

    def _lemmas(self, indexes: Iterable[int], common_senses: int = _COMMON_SENSES) -> tuple[str, ...]:
        """Return the words of meanings that are among the first senses of the words."""
        return tuple(
            dict.fromkeys(
                lemma
                for index in indexes
                for lemma in map(str.lower, self._wordnet.synsets[index].lemmas)
                if lemma in self._vocabulary and index in self._wordnet.senses[lemma, "n"][:common_senses]
            )
        )

    def _above(self, index: int) -> list[int]:
        found: list[int] = []
        waiting = self._wordnet.hypernyms(index)
        while waiting:
            above = waiting.pop(0)
            if above not in found and self._depth(above) >= _LEAST_DEPTH:
                found.append(above)
                waiting += self._wordnet.hypernyms(above)
        return found

    def _below(self, index: int, ends: set[int]) -> list[int]:
        found: dict[int, None] = {}
        waiting = list(self._kinds.get(index, []))
        while waiting:
            below = waiting.pop(0)
            if below not in found and below not in ends:
                found[below] = None
                waiting += self._kinds.get(below, [])
        return list(found)

    def _depth(self, index: int) -> int:
        """Return the longest way up to the top."""
        return max((1 + self._depth(above) for above in self._wordnet.hypernyms(index)), default=0)


def find_label_words(
    wordnet: WordNet, vocabulary: set[str], labels: Sequence[str], tag_classes: Sequence[tuple[str, str]]
) -> list[LabelWords]:
    """Return the words around each COCO label and each ImageNet class, given as (wnid, name)."""
    finder = LabelWordsFinder(wordnet, vocabulary)
    meanings = {finder.meaning(label) for label in labels}
    found = [finder.detector_label(label, meanings) for label in labels]
    return found + [finder.tag_class(wnid, name) for wnid, name in tag_classes if name not in labels]


def write_label_words(path: Path, label_words: Iterable[LabelWords]) -> None:
    """Write `label, relation, words` a line, with tabs between them and spaces between words."""
    lines = ["# Words around labels, from WordNet 3.0: label, relation of the words to it, words.\n"]
    for entry in label_words:
        for relation in ("same", "above", "below"):
            words = getattr(entry, relation)
            if words:
                lines.append(f"{entry.label}\t{relation}\t{' '.join(words)}\n")
    path.write_text("".join(lines), encoding="utf-8")
