from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.search.ranking import Bounds, top, top_bounded


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


scores_of_any_kind = st.lists(st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.5000001, 0.75, 1.0]), max_size=200)


def plain_top(scores: list[float], limit: int, excluded: set[int], above: float) -> list[int]:
    rows = [row for row, score in enumerate(scores) if score > above and row not in excluded]
    return sorted(rows, key=lambda row: (-scores[row], row))[:limit]


@given(scores_of_any_kind, st.integers(0, 12), st.sets(st.integers(0, 20)), st.sampled_from([-np.inf, 0.0, 0.25]))
def test_top_is_what_sorting_everything_gives(
    scores: list[float], limit: int, excluded: set[int], above: float
) -> None:
    allowed = np.ones(len(scores), dtype=bool)
    allowed[[row for row in excluded if row < len(scores)]] = False
    expected = plain_top(scores, limit, excluded, above)
    array = np.array(scores)
    assert top(array, limit, exclude=sorted(excluded), above=above).rows.tolist() == expected
    assert top(array, limit, allowed=allowed, above=above).rows.tolist() == expected


@given(
    scores_of_any_kind,
    st.integers(0, 12),
    st.sets(st.integers(0, 20)),
    st.sampled_from([-np.inf, 0.0, 0.25]),
    st.randoms(use_true_random=False),
)
def test_top_bounded_is_the_top_of_the_exact_scores_however_loose_the_bounds(
    scores: list[float], limit: int, excluded: set[int], above: float, random: Random
) -> None:
    exact = np.array(scores, dtype=np.float64)
    uppers = np.array([score + random.choice([0.0, 1e-6, 0.3, 2.0]) for score in scores], dtype=np.float64)
    # Rounded to 32 bits, a bound must stay one.
    rounded = np.nextafter(uppers.astype(np.float32), np.float32(np.inf))
    for bounds in (Bounds(uppers, exact.__getitem__), Bounds(rounded, exact.__getitem__)):
        found = top_bounded(bounds, limit, exclude=sorted(excluded), above=above)
        assert found.rows.tolist() == plain_top(scores, limit, excluded, above)
        assert found.scores.tolist() == exact[found.rows].tolist()


def test_top_bounded_computes_few_scores() -> None:
    exact = np.random.default_rng(0).random(20_000)
    asked = list[int]()

    def compute(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        asked.extend(rows.tolist())
        return np.asarray(exact[rows])

    found = top_bounded(Bounds(exact + 0.01, compute), 10)
    assert found.rows.tolist() == np.argsort(-exact)[:10].tolist()
    assert len(asked) < 1000
