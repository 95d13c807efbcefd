from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain import Hit, Photo, PhotoFacts, PhotoId, PhotoState, SimilarityMethod
from app.services.weak_tail import with_weak_likes, with_weak_words

FACTS = PhotoFacts("image/jpeg", 320, 240, dominant_colour="#102030")
PHOTO = Photo(0, PhotoId("0" * 32), "a.jpg", 1000, FACTS, datetime(2024, 5, 3, tzinfo=UTC), PhotoState.READY)


def hits(*scores: float) -> list[Hit]:
    return [Hit(PHOTO, score, ()) for score in scores]


@pytest.mark.parametrize(
    ("method", "scores", "likely"),
    [
        (SimilarityMethod.EMBEDDING, (1.0, 0.31, 0.3, 0.29, 0.1), 3),
        (SimilarityMethod.EMBEDDING, (0.2, 0.1), 0),
        (SimilarityMethod.HYBRID, (0.8, 0.33, 0.31), 2),
        (SimilarityMethod.HYBRID, (0.2, 0.11, 0.09), 2),
        (SimilarityMethod.LAYOUT, (0.9, 0.01), 2),
        (SimilarityMethod.SSD, (0.9, 0.01), 2),
        (SimilarityMethod.EMBEDDING, (), 0),
    ],
)
def test_photos_that_are_hardly_alike_are_weak(
    method: SimilarityMethod, scores: tuple[float, ...], likely: int
) -> None:
    given = hits(*scores)
    marked = with_weak_likes(given, method)
    assert [hit.weak for hit in marked] == [False] * likely + [True] * (len(given) - likely)
    assert [replace(hit, weak=False) for hit in marked] == given


def test_what_words_found_is_weak_far_below_the_best() -> None:
    assert [hit.weak for hit in with_weak_words(hits(0.9, 0.5, 0.2))] == [False, False, True]
