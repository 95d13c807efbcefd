from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import linear_sum_assignment

from app.domain import Float32
from app.search import layout
from app.search.layout import LayoutIndex
from app.search.layout_reference import layout_similarity, matched_pairs, overlap, share_found
from app.search.ranking import top, top_bounded
from tests.app.search.photos import feature, galleries, photos, stacked

LEFT = (1.0, 1.0, 0.0, 0.0, 100.0, 300.0)
RIGHT = (1.0, 1.0, 200.0, 0.0, 300.0, 300.0)
MIDDLE = (1.0, 1.0, 50.0, 0.0, 150.0, 300.0)
CAR_LEFT = (3.0, 1.0, 0.0, 0.0, 100.0, 300.0)


def similarity(query: Float32, photo: Float32) -> float:
    index = LayoutIndex()
    index.add([0], photo[None])
    return float(index.similarities(query)[0])


def test_same_things_elsewhere_are_no_match() -> None:
    assert similarity(feature(LEFT), feature(RIGHT)) == 0


def test_other_things_in_the_same_place_are_no_match() -> None:
    assert similarity(feature(LEFT), feature(CAR_LEFT)) == 0


def test_half_of_the_objects_matched_is_a_half() -> None:
    assert similarity(feature(LEFT, RIGHT), feature(LEFT, CAR_LEFT)) == pytest.approx(0.5)


def test_partial_overlap_counts_by_its_share() -> None:
    assert similarity(feature(LEFT), feature(MIDDLE)) == pytest.approx(1 / 3)


def test_one_object_is_matched_with_one_only() -> None:
    assert similarity(feature(LEFT), feature(LEFT, LEFT)) == pytest.approx(2 / 3)


def test_unsure_objects_count_less() -> None:
    unsure = (1.0, 0.25, 0.0, 0.0, 100.0, 300.0)
    assert similarity(feature(LEFT), feature(unsure)) == pytest.approx(2 * 0.5 / 1.25)


def test_swapped_corners_are_the_same_box() -> None:
    swapped = (1.0, 1.0, 100.0, 300.0, 0.0, 0.0)
    assert similarity(feature(LEFT), feature(swapped)) == 1


@given(photos, photos)
def test_matching_is_symmetric_one_to_one_and_at_least_half_the_best(first: Float32, second: Float32) -> None:
    assert layout_similarity(first, second) == pytest.approx(layout_similarity(second, first), abs=1e-6)
    pairs = matched_pairs(first, second)
    assert all(one.weight >= other.weight for one, other in pairwise(pairs))
    matched = sum(pair.weight for pair in pairs)
    best = best_assignment(first, second)
    assert best / 2 - 1e-9 <= matched <= best + 1e-9


def best_assignment(first: Float32, second: Float32) -> float:
    """Return the largest weight that any one-to-one matching of same-class objects has."""
    worth = np.zeros((len(first), len(second)))
    for i, one in enumerate(first.astype(float)):
        for j, other in enumerate(second.astype(float)):
            if one[0] == other[0] != 0:
                worth[i, j] = overlap(tuple(one[2:]), tuple(other[2:])) * np.sqrt(one[1] * other[1])
    return float(worth[linear_sum_assignment(worth, maximize=True)].sum())


@given(galleries, photos)
def test_chunks_change_nothing(gallery: list[Float32], query: Float32) -> None:
    index = LayoutIndex()
    index.add(range(len(gallery)), stacked(gallery))
    whole = index.similarities(query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "CHUNK_PAIRS", 3)
        np.testing.assert_array_equal(index.similarities(query), whole)


def test_equal_boxes_without_area_overlap_fully_and_others_not_at_all() -> None:
    line, other_line = (1.0, 1.0, 50.0, 0.0, 50.0, 90.0), (1.0, 1.0, 50.0, 0.0, 50.0, 80.0)
    assert similarity(feature(line), feature(line)) == 1
    assert similarity(feature(line), feature(other_line)) == 0
    assert similarity(feature(line, other_line), feature(other_line)) == pytest.approx(2 / 3)


@given(galleries, photos)
def test_bounds_are_never_too_low_and_lead_to_the_exact_best(gallery: list[Float32], query: Float32) -> None:
    index = LayoutIndex()
    index.add(range(len(gallery)), stacked(gallery))
    exact = index.similarities(query)
    bounds = index.bounds(query)
    assert (bounds.uppers >= exact - 1e-12).all()
    found = top_bounded(bounds, 3)
    assert found.rows.tolist() == top(exact, 3).rows.tolist()
    assert found.scores.tolist() == top(exact, 3).scores.tolist()


@given(galleries, photos)
def test_what_is_found_of_the_query_is_as_defined(gallery: list[Float32], query: Float32) -> None:
    index = LayoutIndex()
    index.add(range(len(gallery)), stacked(gallery))
    found = index.found(query)
    expected = np.array([share_found(query, photo) for photo in gallery])
    np.testing.assert_allclose(found.exact(np.arange(len(gallery))), expected, atol=1e-6)
    assert (found.uppers >= expected - 1e-6).all()


def test_what_else_a_photo_shows_does_not_count_against_it() -> None:
    dog, car = (18.0, 1.0, 0.0, 0.0, 100.0, 100.0), (3.0, 0.9, 150.0, 150.0, 290.0, 290.0)
    index = LayoutIndex()
    index.add([0, 1], stacked([feature(dog), feature(dog, car)]))
    assert index.found(feature(dog)).exact(np.array([0, 1])).tolist() == [1, 1]
    assert index.similarities(feature(dog))[1] < 1
