from pathlib import Path

import pytest

from model_server.training.words.wordnet import WordNet


def lemmas(wordnet: WordNet, indexes: list[int]) -> list[str]:
    return [wordnet.synsets[index].lemmas[0] for index in indexes]


def test_meanings_have_their_words_and_what_they_are_kinds_of(wordnet: WordNet) -> None:
    (cat,) = wordnet.senses["cat", "n"]
    assert wordnet.synsets[cat].lemmas == ("cat", "true_cat")
    assert wordnet.synsets[cat].gloss == "an animal that purrs"
    assert lemmas(wordnet, wordnet.hypernyms(cat)) == ["animal"]
    assert wordnet.by_offset["n", wordnet.synsets[cat].offset] == cat


def test_senses_keep_their_order_and_counts_their_sense(wordnet: WordNet) -> None:
    first, second = wordnet.senses["dog", "n"]
    assert lemmas(wordnet, [first, second]) == ["dog", "hot_dog"]
    # The third line of the counts names a ninth sense, which doesn't exist.
    assert wordnet.counts == {(first, "dog"): 42, (wordnet.senses["cat", "n"][0], "cat"): 18}
    assert wordnet.commonest_sense("dogs") == first


@pytest.mark.parametrize(
    ("form", "part", "lemma"),
    [("cats", "n", "cat"), ("mice", "n", "mouse"), ("kitties", "n", "kitty"), ("purring", "v", "purr"),
     ("cat", "v", None), ("unheard", "n", None)],
)  # fmt: skip
def test_inflected_words_are_led_back(wordnet: WordNet, form: str, part: str, lemma: str | None) -> None:
    assert wordnet.base_form(form, part) == lemma


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WordNet.read(tmp_path)
