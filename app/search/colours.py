"""What people call a colour: the name of the nearest of some examples, in CIELAB, where near is alike to the eye."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.domain import Colour

_EXAMPLES = {
    Colour.RED: "ff0000 dc143c b22222 8b0000 cd3333 a03030 701c1c 9b3a3a c84848",
    Colour.ORANGE: "ff8c00 ff7f50 ffa500 e8772e d2691e f4a460 cc7733 b8481c d06844",
    Colour.YELLOW: "ffff00 ffd700 f0e68c e6c834 fafa96 c8b432 d6c65a fdf0b8 eadf9a",
    Colour.GREEN: "008000 00ff00 228b22 32cd32 90ee90 556b2f 006400 6b8e23 3a4a28 5f7048 7c9060 9ab87a 2e4030 1e3018 "
    "8a9a5b",
    Colour.TURQUOISE: "40e0d0 00ced1 008b8b 20b2aa 00ffff 5f9ea0 2f6f70 7fc8c4 a8dcd8 20504f c8ecec",
    Colour.BLUE: "0000ff 4169e1 1e90ff 87ceeb 00008b 4682b4 b0d0ee 6fa0d0 35557f 20304f 5c7a9c 101c3c 8aa6c6 a4bcd8 "
    "507080 7a94a4 c8dcf0",
    Colour.PURPLE: "800080 9400d3 8a2be2 9370db 4b0082 b088d0 6b4580 46305c 8f70a0",
    Colour.PINK: "ff69b4 ffc0cb ff1493 db7093 f4a0b4 e8b4bc ff00ff d878a8 e6a0a0 ecc8cc",
    Colour.BROWN: "8b4513 a0522d 654321 d2b48c 4a3220 7a5a3c 96785a b4966e c8aa82 3a2818 5c4033 6e5544 a88a70 deb887",
    Colour.BLACK: "000000 101010 1c1c1c 16120f 101418 14100c",
    Colour.GREY: "808080 696969 a9a9a9 505050 404040 303030 c0c0c0 d0d0d0 94989c 6c7074 4c5054 b4b0aa 8c8880 64605a "
    "3c3a38",
    Colour.WHITE: "ffffff f5f5f5 fffaf0 f0f8ff ebebeb f8f4e8 ecf0f4 e6e2dc",
}
"""Of pictures' colours as well as of paints: what photos have most of is seldom pure."""
_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
COLOURS = tuple(Colour)
_CELL_BITS = 5
"""Colours count as one if their channels agree in so many high bits."""
_CELLS = 1 << _CELL_BITS


def colour_numbers(channels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return which of COLOURS each colour is called, uint8 (n,).

    channels: uint8 (n, 3), red, green and blue of sRGB.
    """
    red, green, blue = (channels >> (8 - _CELL_BITS)).T
    numbers: NDArray[np.uint8] = _numbers_of_cells()[red, green, blue]
    return numbers


def colour_name(channels: tuple[int, int, int]) -> Colour:
    """Return what one colour is called; red, green and blue of sRGB, 0..255."""
    return COLOURS[int(colour_numbers(np.array([channels], dtype=np.uint8))[0])]


@cache
def _numbers_of_cells() -> NDArray[np.uint8]:
    """Return what the middle of each cell of colours is called, uint8 (32, 32, 32), by red, green and blue."""
    numbers = np.zeros((_CELLS, _CELLS, _CELLS), dtype=np.uint8)
    middles = (np.arange(_CELLS) * 256 + 128) // _CELLS
    green, blue = np.meshgrid(middles, middles, indexing="ij")
    for red in range(_CELLS):
        labs = _lab(np.stack([np.full_like(green, middles[red]), green, blue], axis=-1).reshape(-1, 3))
        distances = ((labs[:, None] - _EXAMPLE_LABS) ** 2).sum(axis=2)
        numbers[red] = _EXAMPLE_NUMBERS[distances.argmin(axis=1)].reshape(_CELLS, _CELLS)
    return numbers


def _lab(channels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return sRGB colours, (n, 3) 0..255, in CIELAB under daylight (D65): float64 (n, 3), L a b."""
    values = channels / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _RGB_TO_XYZ.T / _RGB_TO_XYZ.sum(axis=1)
    roots = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = roots.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


_EXAMPLE_LABS = np.concatenate(
    [_lab(np.array([list(bytes.fromhex(text)) for text in texts.split()])) for texts in _EXAMPLES.values()]
)
_EXAMPLE_NUMBERS = np.repeat(
    np.array([COLOURS.index(colour) for colour in _EXAMPLES], dtype=np.uint8),
    [len(texts.split()) for texts in _EXAMPLES.values()],
)
