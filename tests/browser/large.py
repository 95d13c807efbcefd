"""A gallery of many photos, made in seconds: rows go straight into the store, with a few tiny pictures."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from app.domain import PhotoFacts, PhotoId, PhotoState
from app.store.base import Known, NewPhoto
from app.store.hdf5 import Hdf5Store

SHAPES = (
    (4000, 3000),
    (4000, 3000),
    (6000, 4000),
    (3000, 4000),
    (1920, 1080),
    (2048, 2048),
    (1080, 2340),
    (3024, 4032),
)
FIRST_DAY = datetime(2008, 1, 1, 12)
DAYS = 6500
PICTURES = 24
BATCH = 5000


def make_large_gallery(file: Path, count: int) -> None:
    """Write a gallery file with `count` photos, taken over eighteen years, none of them waiting for anything."""
    pictures = {shape: [tiny_picture(shape, seed) for seed in range(PICTURES)] for shape in set(SHAPES)}
    random = np.random.default_rng(0)
    shapes = random.integers(0, len(SHAPES), count).tolist()
    days = np.sort(random.integers(0, DAYS, count)).tolist()
    store = Hdf5Store.open(file)
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        store.add([photo(n, SHAPES[shapes[n]], days[n], pictures) for n in numbers], "gallery_default")
    store.close()


def photo(
    number: int, shape: tuple[int, int], day: int, pictures: dict[tuple[int, int], list[tuple[bytes, str]]]
) -> NewPhoto:
    data, colour = pictures[shape][number % PICTURES]
    facts = PhotoFacts("image/webp", *shape, dominant_colour=colour, taken_at=FIRST_DAY + timedelta(days=day))
    known = Known(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number), PhotoState.READY)
    name = f"IMG_{number:06}.webp"
    return NewPhoto(PhotoId(f"{number:032x}"), name, data, facts, thumbnail=data, known=known)


def tiny_picture(shape: tuple[int, int], seed: int) -> tuple[bytes, str]:
    """Return a picture of one colour that fades, and the colour."""
    red, green, blue = np.random.default_rng(seed).integers(40, 216, 3).tolist()
    height = max(1, round(48 * shape[1] / shape[0]))
    fade = np.linspace(0.7, 1.2, 48)[None, :, None] * np.array([red, green, blue])[None, None, :]
    pixels = np.clip(np.repeat(fade, height, axis=0), 0, 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=70)
    return buffer.getvalue(), f"#{red:02x}{green:02x}{blue:02x}"
