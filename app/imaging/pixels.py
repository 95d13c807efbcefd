"""Pixels of any kind to upright 8-bit RGB."""

import numpy as np
from PIL import Image

WHITE = (255, 255, 255)
COLOUR_STEP_BITS = 5
"""Colours count as one if their channels agree but for this many low bits."""
SAMPLE_PX = 48
BAND_ROWS = 32
"""Rows of a reduced picture that are made at once."""


def reduced_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Return `image`, of any mode, as RGB of 8 bits, averaged over blocks of `factor` x `factor` pixels.

    What is transparent is put on white. A large picture is converted in bands: whole copies of it in other modes
    would take several times its memory.
    """
    white = _white_level(image)
    if factor == 1:
        return _to_rgb(image, white)
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, small.height, BAND_ROWS):
        bottom = min((top + BAND_ROWS) * factor, image.height)
        band = image.crop((0, top * factor, image.width, bottom))
        small.paste(_to_rgb(band, white).reduce(factor), (0, top))
    return small


def dominant_colour(picture: Image.Image) -> str:
    """Return the commonest colour of an RGB picture as `#rrggbb`: the mean of the fullest cell of like colours."""
    sample = picture.resize((SAMPLE_PX, SAMPLE_PX), Image.Resampling.BOX)
    colours = np.asarray(sample).reshape(-1, 3)
    levels = colours.astype(np.int64) >> COLOUR_STEP_BITS
    cells = levels @ (1, 8, 64)
    mean = colours[cells == np.bincount(cells).argmax()].mean(axis=0)
    red, green, blue = np.rint(mean).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _to_rgb(image: Image.Image, white: float) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image, white)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in {"RGBA", "RGBa", "LA", "La", "PA"} or "transparency" in image.info:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        flat = Image.new("RGB", layer.size, WHITE)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def _to_8_bits(image: Image.Image, white: float) -> Image.Image:
    """Return a picture of one channel of 16 or 32 bits as 8-bit grey; `white` is the value that becomes 255."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64), nan=0.0, posinf=white, neginf=0.0)
    return Image.fromarray(np.clip(values * (255 / white), 0, 255).astype(np.uint8))


def _white_level(image: Image.Image) -> float:
    """Return which value of a picture of one channel is white: what its bits can hold, as far as that shows."""
    if image.mode not in {"I", "F"}:
        return 65535.0
    values = np.asarray(image)
    brightest = float(np.max(values, where=np.isfinite(values), initial=0))
    levels = [1.0, 255.0, 65535.0]
    return next((level for level in levels if level >= brightest), brightest)
