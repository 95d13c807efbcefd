from io import BytesIO

import pytest
from PIL import Image

from app import imaging
from tests.app.imaging.pictures import encoded, halves


def test_a_sheet_shows_the_photos_in_rows_of_five() -> None:
    photo = imaging.decode(encoded(halves(400, 200)))
    data = imaging.sheet([photo] * 7, ["query", *["cat.jpg 0.91 " * 9] * 6], tile_px=100)
    with Image.open(BytesIO(data)) as sheet:
        assert (sheet.format, sheet.size) == ("PNG", (5 * 112 + 12, 2 * 134 + 12))
        picture = sheet.convert("RGB")
    assert picture.getpixel((12 + 25, 12 + 50)) == (220, 30, 30)
    assert picture.getpixel((12 + 75, 12 + 50)) == (30, 30, 220)
    assert picture.getpixel((12 + 4 * 112 + 75, 12 + 50)) == (30, 30, 220)
    assert picture.getpixel((12 + 3 * 112 + 50, 134 + 12 + 50)) == (250, 250, 248)


def test_a_sheet_needs_a_caption_for_each_photo() -> None:
    with pytest.raises(ValueError, match="caption each"):
        imaging.sheet([], [])
