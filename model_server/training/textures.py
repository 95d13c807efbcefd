"""Pictures that show nothing: coloured noise of fine to coarse grain, as examples in which no label is right.

Photos for training all show something that people photograph. Without these, whatever looks like none of them
(a wall, gravel, stars) gets the labels that are most frequent there.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_server.training.views import INPUT_PX

GRAIN_COUNTS = (4, 10, 30, 75, 150, INPUT_PX)
"""How many grains fit along a side."""


def textures(rng: np.random.Generator, count: int) -> Iterator[NDArray[np.uint8]]:
    """Make *count* pictures, each uint8 (300, 300, 3)."""
    for _ in range(count):
        yield _texture(rng)


def _texture(rng: np.random.Generator) -> NDArray[np.uint8]:
    grains = int(rng.choice(GRAIN_COUNTS))
    base, contrast = rng.integers(0, 256, 3), rng.uniform(5, 90)
    channels = 3 if rng.random() < 0.5 else 1
    noise = contrast * rng.normal(size=(grains, grains, channels))
    grid = np.clip(base + noise, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(grid).resize((INPUT_PX, INPUT_PX), Image.Resampling.BILINEAR))
