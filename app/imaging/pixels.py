"""Pixels of any kind to upright 8-bit RGB."""

import numpy as np
from PIL import Image

WHITE = (255, 255, 255)
COLOUR_STEP_BITS = 5
"""Colours count as one if their channels agree but for this many low bits."""
SAMPLE_PX = 48


def to_rgb(image: Image.Image) -> Image.Image:
    """Return `image`, of any mode, as RGB of 8 bits, what is transparent on white."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in {"RGBA", "RGBa", "LA", "La", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", layer.size, WHITE)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def dominant_colour(picture: Image.Image) -> str:
    """Return the commonest colour of an RGB picture as `#rrggbb`: the mean of the fullest cell of like colours."""
    sample = picture.resize((SAMPLE_PX, SAMPLE_PX), Image.Resampling.BOX)
    colours = np.asarray(sample).reshape(-1, 3)
    levels = colours.astype(np.int64) >> COLOUR_STEP_BITS
    cells = levels @ (1, 8, 64)
    mean = colours[cells == np.bincount(cells).argmax()].mean(axis=0)
    red, green, blue = np.rint(mean).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return a picture of one channel of 16 or 32 bits as 8-bit grey."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    brightest = max(float(values.max()), 0.0)
    scales = [65535.0] if image.mode.startswith("I;16") else [1.0, 255.0, 65535.0]
    white = next((scale for scale in scales if scale >= brightest), brightest)
    return Image.fromarray(np.clip(values * (255 / white), 0, 255).astype(np.uint8))
