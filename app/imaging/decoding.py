"""From a stranger's bytes to a picture that is safe to use: decoded once, fully, upright, RGB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

from app.domain import Box, Bytes8, PhotoFacts
from app.errors import GalleryError, ImageTooLarge, UnsupportedImage
from app.imaging.exif import SIDEWAYS, TURNS, Exif
from app.imaging.pixels import dominant_colour, reduced_rgb
from app.imaging.quiet import quiet_pillow

MAX_PIXELS = 100_000_000
KEPT_LONG_PX, KEPT_SHORT_PX = 500, 375
"""A decoded picture keeps at least this much of its sides, where it has it: a quarter more than the input of a model
that looks at 300 pixels, and about the thumbnail that is stored.

JPEG decoders scale by 2, 4 or 8 for a part of the work, so a photo of 12 megapixels is read at an eighth of its size.
That was measured on 697 labelled photos, enlarged tenfold to 4000 pixels and grained: read at 1, 1/2, 1/4 and 1/8 of
their size, the default model's boxes have a mAP@0.5 of 0.212, 0.213, 0.214 and 0.213 on those with COCO's labels and
of 0.532, 0.533, 0.535 and 0.533 on those with VOC's, its labels one of 0.631, 0.633, 0.630 and 0.629 and of 0.746,
0.745, 0.746 and 0.747. Its inputs change by 0, 0.2, 0.4 and 1.1 levels of 256 on average, its embeddings' cosine with
those of the photos in full is 1, 0.9998, 0.9994 and 0.9973.
"""
FED_AT_ONCE_BYTES = 1 << 18
"""So much goes to a decoder at once; Pillow's own 64 KiB take it a twentieth longer."""
THUMBNAIL_QUALITY = 80
THUMBNAIL_EFFORT = 0
"""WebP's `method`, 0..6: a step more costs a fifth more time, half an upload's, and saves a twelfth of the bytes."""

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
}
"""Pillow's formats that we read. An MPO is a JPEG with further pictures behind it, which Pillow finds by itself."""
READABLE = "JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC"
OPENED_FORMATS = [name for name in MEDIA_TYPES if name != "MPO"]

register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
# Our own limit is checked before anything is decompressed, and can be set; Pillow's warns on the console.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class DecodedPhoto:
    """A whole, upright picture with what its bytes say about it."""

    facts: PhotoFacts
    picture: Image.Image
    """RGB; smaller than the facts say where the photo is large and wasn't asked for in full."""

    def model_input(self, width_px: int, height_px: int, box: Box | None = None) -> Bytes8:
        """Return the picture, or the part in `box`, squeezed to a model's input: uint8 (height, width, 3) RGB.

        A part keeps its detail only if the photo was decoded with `full_detail`.
        """
        region = (0.0, 0.0, float(self.picture.width), float(self.picture.height))
        if box is not None:
            region = _region(box, self.picture.width, self.picture.height)
        resized = self.picture.resize((width_px, height_px), Image.Resampling.BILINEAR, box=region)
        return np.array(resized)

    def thumbnail(self, size_px: int) -> bytes:
        """Return a WebP without any metadata, its longer side `size_px` or that of the picture as it was kept."""
        small = self.picture.copy()
        small.thumbnail((size_px, size_px), Image.Resampling.HAMMING, reducing_gap=2.0)
        buffer = BytesIO()
        small.save(buffer, "WEBP", quality=THUMBNAIL_QUALITY, method=THUMBNAIL_EFFORT, exif=b"", icc_profile=b"")
        return buffer.getvalue()


def decode(
    data: bytes, *, max_pixels: int = MAX_PIXELS, full_detail: bool = False, long_side_px: int = KEPT_LONG_PX
) -> DecodedPhoto:
    """Decode a picture fully, so that damage anywhere in it shows; of an animation, the first frame.

    Large pictures are kept smaller, to `long_side_px` and KEPT_SHORT_PX or more, unless `full_detail` is asked for.
    Raises UnsupportedImage if the bytes are no whole picture of a kind that we read, and ImageTooLarge, before
    anything is decompressed, if it has more than `max_pixels`.
    """
    _refuse_other_files(data)
    with quiet_pillow, _damage_reported(), Image.open(BytesIO(data), formats=OPENED_FORMATS) as image:
        _check_size(image, max_pixels)
        width, height = image.size
        if not full_detail and image.format in {"JPEG", "MPO"}:
            image.draft("RGB", _kept_size(width, height, long_side_px))
        image.decodermaxblock = FED_AT_ONCE_BYTES
        image.load()
        _check_size(image, max_pixels)  # some files turn out larger than their header says
        exif = Exif(image)
        picture = reduced_rgb(image, 1 if full_detail else _reduction(*image.size, long_side_px))
        if exif.orientation in TURNS:
            picture = picture.transpose(TURNS[exif.orientation])
        if image.format not in {"JPEG", "MPO"}:
            width, height = image.size  # TIFF and HEIC are turned while they are loaded
        if exif.orientation in SIDEWAYS:
            width, height = height, width
        facts = PhotoFacts(
            media_type=MEDIA_TYPES[str(image.format)],
            width=width,
            height=height,
            dominant_colour=dominant_colour(picture),
            taken_at=exif.taken_at(),
            exif=exif.facts(),
        )
        return DecodedPhoto(facts, picture)


@contextmanager
def _damage_reported() -> Iterator[None]:
    """Translate whatever decoding raises into UnsupportedImage."""
    try:
        yield
    except GalleryError:
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedImage(
            f"The file is not a picture that can be read, or its beginning is damaged. Send it as {READABLE}."
        ) from error
    except MemoryError as error:
        raise UnsupportedImage("The picture needs more memory than there is. Send a smaller copy.") from error
    except Exception as error:
        # Pillow's decoders raise whatever a damaged file leads them to: OSError, SyntaxError, struct.error,
        # ValueError, KeyError, EOFError ... All of it means the same here.
        raise UnsupportedImage(
            f"The picture is damaged or cut off ({_short(error)}). Send a whole copy of it."
        ) from error


def _refuse_other_files(data: bytes) -> None:
    """Raise UnsupportedImage with a plain reason for what people send by mistake."""
    if not data:
        raise UnsupportedImage("The file is empty (0 bytes). Send the picture again.")
    start = data[:4096]
    if b"<svg" in start.lower() and start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise UnsupportedImage(f"SVG drawings are not supported. Export it as {READABLE} and send that.")
    if start.startswith(b"%PDF"):
        raise UnsupportedImage(f"The file is a PDF document, not a picture. Send it as {READABLE}.")
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        raise UnsupportedImage(f"The file holds text, not a picture, whatever its name. Send {READABLE}.")


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise UnsupportedImage(f"The picture has no pixels ({width} x {height}). Send one that shows something.")
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels; {max_pixels:,} in all are allowed. "
            "Send a smaller copy, or raise GALLERY_MAX_PIXELS.",
            width=width,
            height=height,
            max_pixels=max_pixels,
        )


def _kept_size(width: int, height: int, long_side_px: int) -> tuple[int, int]:
    """Return the size, of a picture of this shape, below which it must not be reduced."""
    return (long_side_px, KEPT_SHORT_PX) if width >= height else (KEPT_SHORT_PX, long_side_px)


def _reduction(width: int, height: int, long_side_px: int) -> int:
    """Return by how much a picture of this size may be reduced."""
    kept_width, kept_height = _kept_size(width, height, long_side_px)
    return max(1, min(width // kept_width, height // kept_height))


def _region(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """Return `box`, 0..1, in pixels, inside the picture and at least one pixel wide and high."""
    left, right = _span(box.xmin, box.xmax, width)
    top, bottom = _span(box.ymin, box.ymax, height)
    return left, top, right, bottom


def _span(low: float, high: float, length: int) -> tuple[float, float]:
    start = min(max(min(low, high), 0.0) * length, length - 1.0)
    end = min(max(max(low, high), 0.0) * length, float(length))
    return start, max(end, start + 1.0)


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).replace("\n", " ")[:120]
