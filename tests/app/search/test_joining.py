"""Joined scores rank as if all had been computed exactly, but only promising ones are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.search.joining import joined, known, score_at
from app.search.ranking import Bounds, top, top_bounded


def rough(scores: NDArray[np.float64], slack: float, asked: list[int]) -> Bounds:
    """Return bounds that are `slack` too high, and note which rows' exact scores were asked for."""

    def exact(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        asked.extend(rows.tolist())
        return scores[rows]

    return Bounds(scores + slack, exact)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40), st.integers(1, 10))
def test_the_best_are_those_of_the_exact_scores(pairs: list[tuple[float, float]], limit: int) -> None:
    first, second = np.array(pairs).T
    both = joined([rough(first, 0.2, []), known(second)], lambda parts: parts[0] + 2 * parts[1])
    expected = top(first + 2 * second, limit)
    found = top_bounded(both, limit)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.scores, expected.scores)


def test_only_what_can_be_among_the_best_is_computed() -> None:
    asked: list[int] = []
    scores = np.linspace(0, 1, 1000)
    top_bounded(joined([rough(scores, 0.01, asked), known(scores)], lambda parts: parts[0] + parts[1]), 5)
    assert len(set(asked)) < 50


def test_rows_that_one_of_them_has_not_seen_yet_are_left_out() -> None:
    both = joined([known(np.ones(3)), known(np.ones(2))], lambda parts: parts[0] + parts[1])
    assert len(both.uppers) == 2
    assert score_at(both, 1) == 2
    assert score_at(both, 2) == 0
