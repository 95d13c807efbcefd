"""Several examples make one score: what fits them all comes first, what fits an unwanted one later."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.combining import combined


def test_one_example_keeps_its_own_scores() -> None:
    scores = np.array([0.2, 0.9, 0.0])
    np.testing.assert_allclose(combined([(1.0, scores)], []), scores)
    np.testing.assert_allclose(combined([], [(3.0, scores)]), scores)


def test_photos_are_averaged_by_weight_and_an_unwanted_one_is_taken_off() -> None:
    first, second, unwanted = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5])
    np.testing.assert_allclose(combined([(3.0, first), (1.0, second)], []), [0.75, 0.25])
    np.testing.assert_allclose(combined([(1.0, second), (-1.0, unwanted)], []), [0.0, 0.5])


def test_a_photo_must_fit_both_the_picture_and_the_words() -> None:
    picture, words = np.array([1.0, 0.0, 0.5]), np.array([0.0, 1.0, 0.5])
    np.testing.assert_allclose(combined([(1.0, picture)], [(1.0, words)]), [0.0, 0.0, 0.5])


def test_the_heavier_of_both_counts_more() -> None:
    picture, words = np.array([0.9, 0.4]), np.array([0.4, 0.9])
    likes_picture = combined([(4.0, picture)], [(1.0, words)])
    assert likes_picture[0] > likes_picture[1]


def test_unwanted_words_and_pictures_push_photos_back_but_find_nothing_by_themselves() -> None:
    wanted, unwanted = np.array([0.8, 0.8]), np.array([0.0, 1.0])
    np.testing.assert_allclose(combined([], [(1.0, wanted), (-0.5, unwanted)]), [0.8, 0.4])
    np.testing.assert_allclose(combined([(-1.0, unwanted)], [(1.0, wanted)]), [0.8, 0.0])
    with pytest.raises(ValueError, match="positive weight"):
        combined([(-1.0, unwanted)], [])


def test_photos_that_came_between_two_scorings_fit_what_has_not_seen_them_not_at_all() -> None:
    np.testing.assert_allclose(combined([(1.0, np.array([0.5]))], [(1.0, np.array([0.5, 0.9]))]), [0.5, 0.0])


_EXAMPLES = st.lists(
    st.tuples(
        st.floats(0.1, 5) | st.floats(-5, -0.1),
        st.lists(st.floats(-1, 1), min_size=1, max_size=4).map(np.array),
    ),
    max_size=4,
)


@given(_EXAMPLES, _EXAMPLES)
def test_scores_stay_between_0_and_1(photos: list[tuple[float, object]], words: list[tuple[float, object]]) -> None:
    if not any(weight > 0 for weight, _ in (*photos, *words)):
        return
    scores = combined(photos, words)  # type: ignore[arg-type]
    assert scores.min() >= 0
    assert scores.max() <= 1
