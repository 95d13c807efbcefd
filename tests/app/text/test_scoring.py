import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from app.text import scoring

UNIT = st.floats(0, 1, width=32)
FLOATS = NDArray[np.float32]


def matrices(rows: int, columns: int) -> st.SearchStrategy[FLOATS]:
    return arrays(np.float32, (rows, columns), elements=UNIT)


@given(matrices(4, 5), arrays(np.float32, 5, elements=UNIT))
def test_any_label_is_the_chance_that_one_of_them_is_there(scores: FLOATS, weights: FLOATS) -> None:
    plain = [
        1 - math.prod(1 - float(weight) * float(score) for weight, score in zip(weights, photo, strict=True))
        for photo in scores
    ]
    np.testing.assert_allclose(scoring.any_label(scores, weights), plain, atol=1e-5)


@given(arrays(np.int32, (4, 3), elements=st.integers(0, 5)), matrices(4, 3), arrays(np.float32, 6, elements=UNIT))
def test_any_tag_adds_the_square_roots_up_to_one(ids: NDArray[np.int32], odds: FLOATS, weights: FLOATS) -> None:
    plain = [
        min(1.0, sum(math.sqrt(float(odd)) * float(weights[tag]) for tag, odd in zip(tags, row, strict=True)))
        for tags, row in zip(ids, odds, strict=True)
    ]
    np.testing.assert_allclose(scoring.any_tag(ids, odds, weights), plain, atol=1e-5)


def test_labels_far_below_the_best_one_do_not_count() -> None:
    fits = np.array([1.0, 0.95, 0.5], dtype=np.float32)
    np.testing.assert_allclose(scoring.label_weights(fits, best=1.0), [1.0, math.exp(-1), 0.0], rtol=1e-5)


def test_a_term_that_nothing_fits_has_little_say() -> None:
    assert scoring.strength(1.0) == 1.0
    assert scoring.strength(0.2) == pytest.approx(0.1)
    assert scoring.strength(0.5) < scoring.strength(0.7)


@given(array_shapes(min_dims=2, max_dims=2, max_side=5).flatmap(
    lambda shape: st.tuples(
        arrays(np.float32, shape, elements=UNIT),
        arrays(np.float32, shape[0], elements=st.floats(0.125, 1, width=32)),
        arrays(np.float32, (2, shape[1]), elements=UNIT),
    )
))  # fmt: skip
def test_combined_is_the_weighted_geometric_mean_less_what_is_excluded(
    drawn: tuple[FLOATS, FLOATS, FLOATS],
) -> None:
    wanted, strengths, excluded = drawn
    for photo, score in enumerate(scoring.combined(wanted, strengths, excluded)):
        total = float(strengths.sum())
        mean = math.prod(
            (float(fit) + 0.05) ** (float(say) / total) for fit, say in zip(wanted[:, photo], strengths, strict=True)
        )
        allowed = math.prod(0 if fit >= 0.5 else 1 - float(fit) for fit in excluded[:, photo])
        plain = float(strengths.max()) * max(mean - 0.05, 0) * allowed if wanted[:, photo].any() else 0
        assert score == pytest.approx(plain, abs=1e-4)
        assert 0 <= score <= 1


def test_a_photo_of_both_comes_before_one_of_either() -> None:
    wanted = np.array([[0.9, 0.5, 0.0], [0.0, 0.5, 0.9]], dtype=np.float32)
    scores = scoring.combined(wanted, np.ones(2, np.float32), np.zeros((0, 3), np.float32))
    assert np.argmax(scores) == 1
    assert (scores > 0).all()


def test_only_exclusions_leave_the_other_photos() -> None:
    excluded = np.array([[0.9, 0.1, 0.0]], dtype=np.float32)
    scores = scoring.combined(np.zeros((0, 3), np.float32), np.zeros(0, np.float32), excluded)
    np.testing.assert_allclose(scores, [0.0, 0.9, 1.0])


@given(matrices(3, 4), arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_classic_is_the_cosine(features: FLOATS, query: FLOATS) -> None:
    features[0] = 0
    for feature, score in zip(features, scoring.classic_scores(query, features), strict=True):
        lengths = float(np.linalg.norm(feature.astype(float)) * np.linalg.norm(query.astype(float)))
        plain = float(feature.astype(float) @ query.astype(float)) / lengths if lengths > 1e-6 else None
        assert plain is None or score == pytest.approx(plain, abs=1e-3)
    assert scoring.classic_scores(query, features)[0] == 0


@pytest.mark.parametrize(
    ("scores", "index"),
    [([], 0), ([0.9, 0.8, 0.28, 0.26, 0.1], 3), ([0.09, 0.03], 0), ([0.5], 1), ([0.9, 0.9], 2)],
)
def test_the_weak_tail_begins_far_below_the_best(scores: list[float], index: int) -> None:
    assert scoring.weak_from(np.array(scores)) == index
