"""Views of a photo: crops, wider frames, mirror images and colour changes, with their boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from model_server.training.photos import Boxes

INPUT_PX = 300
MOSTLY_VISIBLE, BARELY_VISIBLE = 0.5, 0.05
FRAME_TRIES = 20
FILL = (127, 127, 127)  # the backbone's zero


@dataclass(frozen=True)
class Frame:
    """What part of a photo a view shows.

    left, top, right, bottom: pixels of the photo; a frame that reaches past the photo shows grey there.
    colour: factors of brightness, contrast and saturation.
    """

    left: float
    top: float
    right: float
    bottom: float
    is_mirrored: bool = False
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class View:
    """A photo as the model sees it; pixels: uint8 (300, 300, 3), boxes in 0..1 of the view."""

    pixels: NDArray[np.uint8]
    boxes: Boxes


def whole_frame(image: Image.Image, *, is_mirrored: bool = False) -> Frame:
    """Return the frame of the whole photo, as the application shows it to the model."""
    return Frame(0.0, 0.0, float(image.width), float(image.height), is_mirrored)


def show_whole(image: Image.Image) -> NDArray[np.uint8]:
    """Return uint8 (300, 300, 3): the whole photo squeezed to the model's input, as the application does it."""
    return np.asarray(image.resize((INPUT_PX, INPUT_PX), Image.Resampling.BILINEAR))


ZOOMS = ((0.4, 0.95), (1.0, 1.0), (1.0, 1.7))
ZOOM_SHARES = (0.4, 0.4, 0.2)


def random_frame(rng: np.random.Generator, image: Image.Image, boxes: Boxes) -> Frame:
    """Draw a crop, the whole photo or a wider frame, by ZOOM_SHARES, mirrored half of the time.

    A frame that shows the middle of no object is drawn anew, a few times.
    """
    low, high = ZOOMS[rng.choice(len(ZOOMS), p=ZOOM_SHARES)]
    is_mirrored, colour = bool(rng.random() < 0.5), rng.uniform(0.7, 1.3, 3)
    for _ in range(FRAME_TRIES):
        left, top, right, bottom = _random_rectangle(rng, image.width, image.height, rng.uniform(low, high))
        middle_x = (boxes.corners[:, 0] + boxes.corners[:, 2]) / 2
        middle_y = (boxes.corners[:, 1] + boxes.corners[:, 3]) / 2
        shown = (middle_x > left) & (middle_x < right) & (middle_y > top) & (middle_y < bottom)
        if not len(boxes) or shown.any():
            break
    brightness, contrast, saturation = map(float, colour)
    return Frame(left, top, right, bottom, is_mirrored, (brightness, contrast, saturation))


def _random_rectangle(
    rng: np.random.Generator, width: int, height: int, zoom: float
) -> tuple[float, float, float, float]:
    """Draw a rectangle of *zoom* times the photo's sides, stretched a little, inside or around the photo."""
    stretch = float(np.exp(rng.uniform(-0.25, 0.25)))
    frame_width, frame_height = width * zoom * stretch, height * zoom / stretch
    if zoom <= 1:
        frame_width, frame_height = min(frame_width, width), min(frame_height, height)
    room_x, room_y = width - frame_width, height - frame_height
    left = rng.uniform(min(0.0, room_x), max(0.0, room_x))
    top = rng.uniform(min(0.0, room_y), max(0.0, room_y))
    return left, top, left + frame_width, top + frame_height


def show(image: Image.Image, boxes: Boxes, frame: Frame) -> View:
    """Draw one view; *boxes* are in pixels of *image*.

    An object of which less than half is left becomes difficult, one that is nearly gone is dropped.
    """
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), frame.colour, strict=True
    ):
        if factor != 1.0:
            image = enhance(image).enhance(factor)
    pixels = np.asarray(_squeeze(image, frame))
    shown = _reframe(boxes, frame)
    if frame.is_mirrored:
        pixels = pixels[:, ::-1]
        mirrored = shown.corners[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + np.array((1, 0, 1, 0), np.float32)
        shown = Boxes(mirrored.astype(np.float32), shown.labels, shown.difficult)
    return View(np.ascontiguousarray(pixels), shown)


def mosaic(rng: np.random.Generator, views: Sequence[View]) -> View:
    """Put four views into the corners of one, which meet somewhere near the middle: objects become small."""
    middle_x, middle_y = (int(value) for value in rng.integers(INPUT_PX // 3, INPUT_PX - INPUT_PX // 3, 2))
    pixels, boxes = np.empty((INPUT_PX, INPUT_PX, 3), np.uint8), []
    for number, view in enumerate(views):
        left, right = ((0, middle_x), (middle_x, INPUT_PX))[number % 2]
        top, bottom = ((0, middle_y), (middle_y, INPUT_PX))[number // 2]
        size, corner = (right - left, bottom - top), (left, top)
        shrunk = Image.fromarray(view.pixels).resize(size, Image.Resampling.BILINEAR)
        pixels[top:bottom, left:right] = np.asarray(shrunk)
        scale, offset = (np.array(pair * 2, np.float32) / INPUT_PX for pair in (size, corner))
        moved = view.boxes.corners * scale + offset
        boxes.append(Boxes(moved.astype(np.float32), view.boxes.labels, view.boxes.difficult))
    joined = (np.concatenate([getattr(each, part) for each in boxes]) for part in ("corners", "labels", "difficult"))
    return View(pixels, Boxes(*joined))


def _squeeze(image: Image.Image, frame: Frame) -> Image.Image:
    """Resize the frame's part of the photo to the model's input, as the application resizes whole photos."""
    box = (frame.left, frame.top, frame.right, frame.bottom)
    size = (INPUT_PX, INPUT_PX)
    if min(box[:2]) >= 0 and frame.right <= image.width and frame.bottom <= image.height:
        return image.resize(size, Image.Resampling.BILINEAR, box=box)
    wide = Image.new("RGB", (round(box[2] - box[0]), round(box[3] - box[1])), FILL)
    wide.paste(image, (round(-box[0]), round(-box[1])))
    return wide.resize(size, Image.Resampling.BILINEAR)


def _reframe(boxes: Boxes, frame: Frame) -> Boxes:
    """Move boxes from pixels of the photo to 0..1 of the frame, cut at its edges."""
    origin = np.array([frame.left, frame.top] * 2, np.float32)
    size = np.array([frame.right - frame.left, frame.bottom - frame.top] * 2, np.float32)
    moved = np.clip((boxes.corners - origin) / size, 0.0, 1.0)
    left_over = _area(moved) * size[0] * size[1] / np.maximum(_area(boxes.corners), 1e-6)
    difficult = boxes.difficult | (left_over < MOSTLY_VISIBLE)
    return Boxes(moved, boxes.labels, difficult).where(left_over > BARELY_VISIBLE)


def _area(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    sides: NDArray[np.float32] = np.maximum(corners[:, 2:] - corners[:, :2], 0.0)
    return sides[:, 0] * sides[:, 1]
