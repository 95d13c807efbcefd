"""Write a small network in WordNet's file format: a few animals, a vehicle, a verb."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LICENCE = "  1 This stands for the licence, whose lines begin with a space.\n"


@dataclass(frozen=True)
class Meaning:
    """A synset to write: `above` names the lemma that it is a kind of."""

    lemmas: tuple[str, ...]
    gloss: str
    above: str = ""
    category: int = 5
    symbol: str = "@"


NOUNS = (
    Meaning(("entity",), "that which is", category=3),
    Meaning(("object",), "a thing that can be seen", "entity", category=3),
    Meaning(("whole",), "an object taken together", "object", category=3),
    Meaning(("living_thing",), "a whole that lives", "whole", category=3),
    Meaning(("animal", "beast"), 'a living thing that moves; "an animal ran"', "living_thing"),
    Meaning(("cat", "true_cat"), "an animal that purrs", "animal"),
    Meaning(("kitty", "kitten"), "a young cat", "cat"),
    Meaning(("dog",), "an animal that barks", "animal"),
    Meaning(("poodle",), "a dog with curly hair", "dog"),
    Meaning(("mouse",), "an animal that squeaks", "animal"),
    Meaning(("hot_dog", "dog"), "a sausage in a roll", "object", category=13),
    Meaning(("Garfield",), "a cat in a comic", "cat", symbol="@i"),
    Meaning(("biological_group",), "a group of living things", "object", category=14),
    Meaning(("genus_Felis",), "a genus of cats", "biological_group"),
    Meaning(("mutt",), "(ethnic slur) stands for words that are insults", "dog"),
)
VERBS = (Meaning(("purr",), "sound as cats do"),)


def write_wordnet(folder: Path) -> Path:
    """Write the database files and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, name, meanings in (("n", "noun", NOUNS), ("v", "verb", VERBS), ("a", "adj", ()), ("r", "adv", ())):
        offsets = _write_data(folder / f"data.{name}", part, meanings)
        _write_index(folder / f"index.{name}", part, meanings, offsets)
        (folder / f"{name}.exc").write_text("mice mouse\n" if part == "n" else "")
    (folder / "cntlist.rev").write_text("cat%1:05:00:: 1 18\ndog%1:05:00:: 1 42\ndog%1:13:00:: 9 3\n")
    return folder


def _write_data(path: Path, part: str, meanings: Sequence[Meaning]) -> list[int]:
    offsets = [100 + 10 * place for place in range(len(meanings))]
    first_use = {meaning.lemmas[0]: offset for meaning, offset in zip(meanings, offsets, strict=True)}
    lines = [LICENCE]
    for meaning, offset in zip(meanings, offsets, strict=True):
        words = " ".join(f"{lemma} 0" for lemma in meaning.lemmas)
        pointer = f"001 {meaning.symbol} {first_use[meaning.above]:08d} {part} 0000" if meaning.above else "000"
        head = f"{offset:08d} {meaning.category:02d} {part} {len(meaning.lemmas):02x} {words} {pointer}"
        lines.append(f"{head} | {meaning.gloss}  \n")
    path.write_text("".join(lines))
    return offsets


def _write_index(path: Path, part: str, meanings: Sequence[Meaning], offsets: Sequence[int]) -> None:
    senses: dict[str, list[int]] = {}
    for meaning, offset in zip(meanings, offsets, strict=True):
        for lemma in meaning.lemmas:
            senses.setdefault(lemma.lower(), []).append(offset)
    lines = [
        f"{lemma} {part} {len(found)} 1 @ {len(found)} 0 {' '.join(f'{offset:08d}' for offset in found)}  \n"
        for lemma, found in sorted(senses.items())
    ]
    path.write_text(LICENCE + "".join(lines))
