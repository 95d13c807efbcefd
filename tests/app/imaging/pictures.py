"""Picture files drawn for tests, whole and hostile."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
}
RED, BLUE = (220, 30, 30), (30, 30, 220)


def halves(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


def noise(width: int, height: int) -> Image.Image:
    """Return a smooth random picture."""
    small = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return `picture` as a file of Pillow's format `form`."""
    exif = options.get("exif")
    if form == "HEIF" and isinstance(exif, Image.Exif):
        # Given the object, pillow-heif resets the orientation before it writes it.
        options["exif"] = exif.tobytes()
    buffer = BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, *chunks: bytes, depth: int = 1, colour_type: int = 0) -> bytes:
    """Return a PNG put together by hand: a header that may lie, then `chunks`."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks) + png_chunk(b"IEND", b"")


def huge_png() -> bytes:
    """Return a true PNG of 30,000 x 30,000 pixels of one bit, about 110 kB."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + 30_000 // 8)
    packed = b"".join(compressor.compress(row * 1000) for _ in range(30)) + compressor.flush()
    return png(30_000, 30_000, png_chunk(b"IDAT", packed))


def swollen_text_png() -> bytes:
    """Return a small PNG with a compressed comment that unpacks to 100 MB."""
    comment = b"comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(2 * 8)))
    return png(8, 8, png_chunk(b"zTXt", comment), pixels)
