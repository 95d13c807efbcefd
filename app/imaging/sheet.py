"""Contact sheets: a query and what it found in one picture."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from app.imaging.decoding import DecodedPhoto

COLUMNS = 5
MARGIN_PX = 12
CAPTION_PX = 22
FRAME_PX = 4
BACKGROUND = (250, 250, 248)
INK = (40, 40, 40)
FRAME = (200, 80, 20)


def sheet(photos: Sequence[DecodedPhoto], captions: Sequence[str], tile_px: int = 240) -> bytes:
    """Return a PNG of `photos` in rows of five, each over its caption, the first, the query, in a frame.

    Raises ValueError if there is no photo, or not one caption for each.
    """
    if not photos or len(photos) != len(captions):
        raise ValueError(f"A sheet needs photos with a caption each, not {len(photos)} with {len(captions)}.")
    columns = min(COLUMNS, len(photos))
    rows = -(-len(photos) // columns)
    step_x, step_y = tile_px + MARGIN_PX, tile_px + CAPTION_PX + MARGIN_PX
    canvas = Image.new("RGB", (columns * step_x + MARGIN_PX, rows * step_y + MARGIN_PX), BACKGROUND)
    for place, (photo, caption) in enumerate(zip(photos, captions, strict=True)):
        left, top = MARGIN_PX + place % columns * step_x, MARGIN_PX + place // columns * step_y
        _paste(canvas, photo, left, top, tile_px)
        _write(canvas, caption, left, top + tile_px, tile_px)
    outline = (MARGIN_PX - FRAME_PX, MARGIN_PX - FRAME_PX, MARGIN_PX + tile_px + 3, MARGIN_PX + tile_px + 3)
    ImageDraw.Draw(canvas).rectangle(outline, outline=FRAME, width=FRAME_PX)
    buffer = BytesIO()
    canvas.save(buffer, "PNG")
    return buffer.getvalue()


def _paste(canvas: Image.Image, photo: DecodedPhoto, left: int, top: int, tile_px: int) -> None:
    tile = photo.picture.copy()
    tile.thumbnail((tile_px, tile_px), Image.Resampling.BICUBIC, reducing_gap=2.0)
    canvas.paste(tile, (left + (tile_px - tile.width) // 2, top + (tile_px - tile.height) // 2))


def _write(canvas: Image.Image, caption: str, left: int, top: int, width_px: int) -> None:
    """Write one line, shortened to what fits."""
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(CAPTION_PX * 0.6)
    line = " ".join(caption.split())
    shown = line
    while line and draw.textlength(shown, font=font) > width_px:
        line = line[:-1]
        shown = line + "…"
    draw.text((left, top + CAPTION_PX // 5), shown, font=font, fill=INK)
