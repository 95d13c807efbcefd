"""A view moves boxes exactly as it moves pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from model_server.training.photos import Boxes
from model_server.training.views import Frame, mosaic, random_frame, show, show_whole, whole_frame

WIDTH, HEIGHT = 200, 100


def red_box(left: int, top: int, right: int, bottom: int) -> tuple[Image.Image, Boxes]:
    """Return a grey picture with one red rectangle, and the rectangle as a box."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (127, 127, 127))
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill=(255, 0, 0))
    corners = np.array([[left, top, right, bottom]], np.float32)
    return image, Boxes(corners, np.array([3]), np.array([False]))


def red_corners(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[float]:
    """Find the red part of a view, in 0..1."""
    rows, columns = np.nonzero(pixels[..., 0].astype(int) - pixels[..., 1] > 70)
    return [columns.min() / 300, rows.min() / 300, (columns.max() + 1) / 300, (rows.max() + 1) / 300]


def test_the_whole_photo_is_squeezed_to_the_input() -> None:
    view = show(*red_box(50, 20, 100, 60), whole_frame(Image.new("RGB", (WIDTH, HEIGHT))))
    assert view.pixels.shape == (300, 300, 3)
    np.testing.assert_allclose(view.boxes.corners, [[0.25, 0.2, 0.5, 0.6]], atol=1e-6)


def test_the_whole_view_is_what_the_application_sends() -> None:
    image, boxes = red_box(50, 20, 100, 60)
    np.testing.assert_array_equal(show(image, boxes, whole_frame(image)).pixels, show_whole(image))


def test_a_mirror_image_mirrors_the_boxes() -> None:
    image, boxes = red_box(50, 20, 100, 60)
    view = show(image, boxes, whole_frame(image, is_mirrored=True))
    np.testing.assert_allclose(view.boxes.corners, [[0.5, 0.2, 0.75, 0.6]], atol=1e-6)
    np.testing.assert_allclose(red_corners(view.pixels), view.boxes.corners[0], atol=0.02)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_in_any_random_view_the_box_is_where_the_pixels_are(seed: int) -> None:
    image, boxes = red_box(60, 30, 140, 80)
    drawn = random_frame(np.random.default_rng(seed), image, boxes)
    frame = Frame(drawn.left, drawn.top, drawn.right, drawn.bottom, drawn.is_mirrored)  # colours as they are
    view = show(image, boxes, frame)
    assert len(view.boxes) == 1
    np.testing.assert_allclose(red_corners(view.pixels), view.boxes.corners[0], atol=0.03)


@pytest.mark.parametrize(
    ("right", "kept", "is_difficult"),
    [(100.0, 1, False), (80.0, 1, False), (70.0, 1, True), (51.0, 0, False)],
)
def test_what_is_mostly_cut_off_is_difficult_and_what_is_nearly_gone_is_dropped(
    right: float, kept: int, is_difficult: bool
) -> None:
    view = show(*red_box(50, 20, 100, 60), Frame(0, 0, right, HEIGHT))
    assert len(view.boxes) == kept
    assert view.boxes.difficult.any() == is_difficult


def test_a_frame_wider_than_the_photo_is_grey_outside() -> None:
    image, boxes = red_box(0, 0, WIDTH, HEIGHT)
    view = show(image, boxes, Frame(-WIDTH, -HEIGHT, 2 * WIDTH, 2 * HEIGHT))
    assert view.pixels[10, 10].tolist() == [127, 127, 127]
    np.testing.assert_allclose(view.boxes.corners, [[1 / 3, 1 / 3, 2 / 3, 2 / 3]], atol=1e-3)


def test_colours_change_only_when_asked() -> None:
    image, boxes = red_box(50, 20, 100, 60)
    darker = Frame(0, 0, WIDTH, HEIGHT, colour=(0.5, 1.0, 1.0))
    assert show(image, boxes, darker).pixels.mean() < 0.6 * show(image, boxes, whole_frame(image)).pixels.mean()


def test_a_mosaic_shows_four_views_and_their_boxes_where_they_are() -> None:
    red, boxes = red_box(50, 20, 100, 60)
    plain = show(Image.new("RGB", (WIDTH, HEIGHT), (127, 127, 127)), boxes.where(np.array([False])), whole_frame(red))
    for place in range(4):
        views = [plain] * 4
        views[place] = show(red, boxes, whole_frame(red))
        made = mosaic(np.random.default_rng(place), views)
        assert made.pixels.shape == (300, 300, 3)
        assert made.boxes.labels.tolist() == [3]
        np.testing.assert_allclose(red_corners(made.pixels), made.boxes.corners[0], atol=0.02)
        assert (made.boxes.corners[0, :2] > 0.3).tolist() == [place % 2 == 1, place // 2 == 1]
