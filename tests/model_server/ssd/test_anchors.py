"""Anchors lie on their grids, and each labelled object gets the anchors that fit it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_server.ssd.anchors import BACKGROUND, IGNORED, LEVELS, Matcher, anchors, corners_of, overlaps

NO_DIFFICULT = np.zeros(1, bool)
STRIDE_32 = 38 * 38 + 19 * 19  # the first anchor of that level


def box(*corners: float) -> NDArray[np.float32]:
    return np.array([corners], np.float32)


def plain_iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the overlap of two boxes, the slow way."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    area = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(width * height / (area - width * height))


def test_there_is_one_anchor_a_cell_and_each_is_centred_in_its_cell() -> None:
    centred = anchors()
    assert centred.shape == (sum(level.cells**2 for level in LEVELS), 4)
    np.testing.assert_allclose(centred[0], [0.5 / 38, 0.5 / 38, LEVELS[0].side, LEVELS[0].side], rtol=1e-6)
    np.testing.assert_allclose(centred[1, :2], [1.5 / 38, 0.5 / 38], rtol=1e-6)
    np.testing.assert_allclose(centred[-1, :2], [2.5 / 3, 2.5 / 3], rtol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_overlaps_agree_with_the_plain_definition(seed: int) -> None:
    low = np.random.default_rng(seed).uniform(0, 0.7, (5, 2))
    size = np.random.default_rng(seed + 1).uniform(0.01, 0.3, (5, 2))
    boxes = np.concatenate([low, low + size], axis=1).astype(np.float32)
    expected = [[plain_iou(one, other) for other in boxes] for one in boxes]
    np.testing.assert_allclose(overlaps(boxes, boxes), expected, atol=1e-5)


def test_an_object_like_an_anchor_gets_that_anchor() -> None:
    wanted = STRIDE_32 + 5 * 10 + 4
    owner = Matcher().match(corners_of(anchors())[[wanted]], NO_DIFFICULT)
    assert owner[wanted] == 0
    assert set(np.unique(owner)) == {BACKGROUND, 0}


@given(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 1), st.floats(0.01, 1))
def test_every_object_alone_gets_an_anchor(x: float, y: float, width: float, height: float) -> None:
    corners = box(x, y, min(1.0, x + width), min(1.0, y + height))
    assert (Matcher().match(corners, NO_DIFFICULT) == 0).any()


def test_a_contested_anchor_goes_to_the_object_that_overlaps_it_more() -> None:
    exact = corners_of(anchors())[STRIDE_32 + 55]
    shifted = exact + np.float32(0.02)
    owner = Matcher().match(np.stack([shifted, exact]), np.zeros(2, bool))
    assert owner[STRIDE_32 + 55] == 1


def test_difficult_objects_are_neither_objects_nor_background() -> None:
    owner = Matcher().match(box(0.3, 0.3, 0.7, 0.7), np.ones(1, bool))
    centres = anchors()[:, :2]
    inside = ((centres > 0.3) & (centres < 0.7)).all(axis=1)
    assert (owner[inside] == IGNORED).all()
    assert not (owner >= 0).any()
    assert (owner == BACKGROUND).sum() > 200


def test_an_object_inside_a_difficult_one_still_counts() -> None:
    corners = np.concatenate([box(0.1, 0.1, 0.9, 0.9), box(0.4, 0.4, 0.6, 0.6)])
    owner = Matcher().match(corners, np.array([True, False]))
    assert (owner == 1).any()


def test_a_photo_without_objects_is_all_background() -> None:
    owner = Matcher().match(np.zeros((0, 4), np.float32), np.zeros(0, bool))
    assert (owner == BACKGROUND).all()
