"""What is known of a photo moves from gallery to gallery, also by models that say only a part."""

from dataclasses import replace

import numpy as np
import pytest

from app.errors import BadParameter
from app.services.known_photos import features_of, lists_of
from tests.app.store.photos import features, only, same_features

WHOLE = replace(features(1), detections=np.zeros((20, 6), np.float32))


@pytest.mark.parametrize("parts", [("embedding",), ("detections", "word_vector"), ("tag_ids", "tag_probabilities")])
def test_partial_features_come_back_as_they_were(parts: tuple[str, ...]) -> None:
    said = only(WHOLE, *parts)
    assert same_features(said, features_of(lists_of(said)))


def test_what_says_nothing_or_the_impossible_is_refused() -> None:
    detected = WHOLE.detections.copy()
    detected[0, 0] = 4
    three = np.zeros(3, np.float32)
    assert features_of(lists_of(replace(WHOLE, label_scores=three))).label_scores.shape == (3,)
    for wrong, text in (
        (only(WHOLE), "nothing"),
        (replace(WHOLE, detections=detected, label_scores=three), "0 to 3"),
        (replace(WHOLE, detections=detected[:7]), "detections has the shape"),
        (replace(WHOLE, embedding=np.zeros(20_000, np.float32)), "up to 16,384"),
    ):
        with pytest.raises(BadParameter, match=text):
            features_of(lists_of(wrong))
