"""Words become the ids that OpenCLIP's own tokenizer gives; the ids below were read off it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.catalogue import load_card
from model_server.clip_tokens import ClipTokenizer

TEXT = load_card("clip_vit_b32").text
assert TEXT is not None
TOKENIZER = ClipTokenizer.load(TEXT.vocabulary)
START, END, LENGTH = 49406, 49407, 77


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("A  Photo of\na CAT ", [320, 1125, 539, 320, 2368]),
        ("Two dogs, sleeping on the couch!", [1237, 3255, 267, 6982, 525, 518, 12724, 256]),
        ("I'll don't WE'VE 12345", [328, 1342, 847, 713, 649, 1200, 272, 273, 274, 275, 276]),
        ("I\u2019ll", [328, 1342]),
        ("O'Neill's rock'n'roll", [334, 262, 19324, 568, 2172, 262, 333, 262, 3341]),
        ("it's the 2nd caf\u00e9", [585, 568, 518, 273, 1764, 15304]),
        ("&amp; x", [261, 343]),
        ("", []),
    ],
)
def test_ids_are_the_originals(text: str, ids: list[int]) -> None:
    encoded = TOKENIZER.encode(text, LENGTH)
    assert encoded == [START, *ids, END] + [0] * (LENGTH - len(ids) - 2)


def test_a_long_text_is_cut_and_still_ends() -> None:
    assert TOKENIZER.encode("word " * 100, LENGTH) == [START, *[2653] * 75, END]


@given(st.text(max_size=60))
def test_every_text_has_ids_and_one_end(text: str) -> None:
    encoded = TOKENIZER.encode(text, LENGTH)
    assert (len(encoded), encoded[0], encoded.count(END)) == (LENGTH, START, 1)
    assert all(0 <= number <= END for number in encoded)
