"""Choose the words that a gallery's searches may hold, out of all that WordNet knows."""

import re
from collections import defaultdict

from model_server.training.words.walks import VISUAL_CATEGORIES, WORD, explained
from model_server.training.words.wordnet import Synset, WordNet

LONGEST_WORD = 30
# A gallery must not offer these as spellings of something else.
_INSULT = re.compile(r"ethnic slur|offensive (?:term|word|name)|obscene|disparaging|derogatory|insulting terms? ")


def searchable_words(wordnet: WordNet) -> set[str]:
    """Return the lower-case lemmas worth a place in the file.

    These are the words that tagged texts or explanations use, the names of what can be seen, and plain nouns.
    Left out are the Latin names of families and genera, persons and places that no text uses, and rare
    verbs, adjectives and collocations. Words that are insults in the first place are left out too.
    """
    used = {lemma for (_, lemma), count in wordnet.counts.items() if count}
    used |= {word for synset in wordnet.synsets for word in WORD.findall(explained(synset.gloss))}
    names = _below(wordnet, "biological_group") | _instances(wordnet)
    return {
        lemma.lower()
        for index, synset in enumerate(wordnet.synsets)
        for lemma in synset.lemmas
        if (lemma.lower() in used or (index not in names and _worth_naming(synset, lemma)))
        and not _is_insult(wordnet, lemma.lower())
        and len(lemma) <= LONGEST_WORD
        and lemma.replace("_", "").replace("-", "").replace("'", "").isalpha()
    }


def irregular_forms(wordnet: WordNet, words: set[str]) -> dict[str, str]:
    """Return the irregular forms of `words` that aren't words themselves, nouns' before verbs' and adjectives'."""
    forms: dict[str, str] = {}
    for part in ("n", "v", "a"):
        for form, lemma in sorted(wordnet.exceptions[part].items()):
            if form not in words and lemma in words:
                forms.setdefault(form, lemma)
    return forms


def _is_insult(wordnet: WordNet, lemma: str) -> bool:
    sense = wordnet.commonest_sense(lemma)
    return sense is not None and _INSULT.search(wordnet.synsets[sense].gloss) is not None


def _worth_naming(synset: Synset, lemma: str) -> bool:
    if synset.part != "n":
        return False
    return synset.category in VISUAL_CATEGORIES or (lemma.islower() and "_" not in lemma)


def _instances(wordnet: WordNet) -> set[int]:
    return {
        index for index, synset in enumerate(wordnet.synsets) if any(symbol == "@i" for symbol, _ in synset.pointers)
    }


def _below(wordnet: WordNet, lemma: str) -> set[int]:
    """Return the synsets that are kinds of a noun's first sense, itself among them."""
    kinds = defaultdict(list)
    for index in range(len(wordnet.synsets)):
        for hypernym in wordnet.hypernyms(index):
            kinds[hypernym].append(index)
    found: set[int] = set()
    waiting = [wordnet.senses[lemma, "n"][0]]
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting += kinds[index]
    return found
