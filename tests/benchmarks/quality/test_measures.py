import pytest

from benchmarks.quality.measures import average_precision, mean, normalised_gain, precision


def test_precision_counts_places_left_empty_as_wrong() -> None:
    assert precision([True, False, True]) == pytest.approx(0.2)
    assert precision([True] * 20) == 1


def test_average_precision_by_hand() -> None:
    assert average_precision([True, False, True, False], total=2) == pytest.approx((1 + 2 / 3) / 2)


def test_relevant_photos_that_are_not_found_count_as_nothing() -> None:
    assert average_precision([True], total=4) == pytest.approx(0.25)
    assert average_precision([], total=0) == 0


def test_normalised_gain_by_hand() -> None:
    # log2 of 2, 3 and 4 is 1, 1.585 and 2.
    assert normalised_gain([0.5, 0.0, 1.0], [1.0, 0.5, 0.0]) == pytest.approx((0.5 + 1 / 2) / (1 + 0.5 / 1.5849625))


def test_normalised_gain_is_1_for_the_best_order_and_0_where_nothing_can_be_gained() -> None:
    assert normalised_gain([1.0, 0.5], [0.5, 1.0]) == pytest.approx(1)
    assert normalised_gain([0.0], [0.0, 0.0]) == 0


def test_only_the_first_places_gain() -> None:
    assert normalised_gain([0.0] * 10 + [1.0], [1.0]) == 0


def test_mean_of_nothing() -> None:
    assert mean([]) == 0
    assert mean([1, 2]) == 1.5
