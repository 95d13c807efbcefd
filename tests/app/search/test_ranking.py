import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.search.ranking import top


@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0]), max_size=30),
    st.integers(-1, 40),
    st.lists(st.integers(-2, 40), max_size=5),
)
def test_top_is_the_start_of_the_sorted_whole(scores: list[float], limit: int, exclude: list[int]) -> None:
    expected = [row for row, score in enumerate(scores) if score > 0 and row not in exclude]
    expected.sort(key=lambda row: (-scores[row], row))
    found = top(np.array(scores), limit, exclude=exclude)
    assert found.rows.tolist() == expected[: max(limit, 0)]
    assert found.scores.tolist() == [scores[row] for row in found.rows]


def test_scores_not_above_the_limit_are_no_hits() -> None:
    assert top(np.array([0.1, 0.2, 0.3]), 10, above=0.2).rows.tolist() == [2]
