"""Pictures that no two clients make alike."""

import numpy as np
from PIL import Image

from tests.photos import encoded


def noise_png(seed: int | tuple[int, ...], width: int = 60, height: int = 40) -> bytes:
    """Return a PNG of noise, whose length is near that of its pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(pixels), "PNG")
