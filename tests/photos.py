"""Photos for tests: drawn ones, and freely licensed ones that scikit-image and scikit-learn carry."""

from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from skimage import data as samples


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """Return a picture's file."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def drawn_photo(seed: int = 0, width: int = 320, height: int = 240, kind: str = "JPEG") -> bytes:
    """Return a file with coloured shapes, another one for each seed."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y, size = int(random.integers(0, width)), int(random.integers(0, height)), int(random.integers(10, 120))
        draw.ellipse([x, y, x + size, y + size], fill=tuple(random.integers(0, 256, 3).tolist()))
    return encoded(image, kind)


@cache
def cat_jpeg() -> bytes:
    """Return the photo of a cat called Chelsea."""
    return encoded(Image.fromarray(samples.chelsea()), quality=92)


@cache
def astronaut_jpeg() -> bytes:
    """Return the portrait of an astronaut."""
    return encoded(Image.fromarray(samples.astronaut()), quality=92)


@cache
def coffee_jpeg() -> bytes:
    """Return the photo of a cup of coffee."""
    return encoded(Image.fromarray(samples.coffee()), quality=92)
