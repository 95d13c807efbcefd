"""What a camera wrote into a picture, as far as a person wants to read it."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite

from PIL import ExifTags, Image

Tags = Mapping[int, object]

MAX_TEXT = 200
TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to what makes the picture upright; 1 is upright already."""
SIDEWAYS = frozenset({5, 6, 7, 8})


class Exif:
    """The EXIF tags of an opened picture, empty where they are damaged."""

    def __init__(self, image: Image.Image) -> None:
        try:
            exif = image.getexif()
            self._main: Tags = dict(exif)
            self._camera: Tags = dict(exif.get_ifd(ExifTags.IFD.Exif))
            self._gps: Tags = dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
        except Exception:
            # Pillow's parser raises whatever damaged bytes lead it to. A picture is fine without its EXIF.
            self._main, self._camera, self._gps = {}, {}, {}

    @property
    def orientation(self) -> int:
        """Return how the picture lies, 1..8 as EXIF counts; 1, upright, unless it says otherwise."""
        value = self._main.get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and value in TURNS else 1

    def taken_at(self) -> datetime | None:
        """Return when the picture was taken, by the camera's clock; with a zone if the camera wrote one."""
        offset = _text(self._camera.get(ExifTags.Base.OffsetTimeOriginal))
        for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized):
            moment = _text(self._camera.get(tag))
            for text, form in ((moment + offset, "%Y:%m:%d %H:%M:%S%z"), (moment, "%Y:%m:%d %H:%M:%S")):
                try:
                    return datetime.strptime(text, form)
                except ValueError:
                    continue
        return None

    def facts(self) -> dict[str, str]:
        """Return readable facts, name to value, in the order in which they are shown; those missing left out."""
        camera = self._camera
        facts = {
            "camera": self._camera_name(),
            "lens": _text(camera.get(ExifTags.Base.LensModel)),
            "exposure": _exposure(_number(camera.get(ExifTags.Base.ExposureTime))),
            "aperture": _measure(_number(camera.get(ExifTags.Base.FNumber)), "f/{:.2g}"),
            "iso": _measure(_number(camera.get(ExifTags.Base.ISOSpeedRatings)), "{:.0f}"),
            "focal_length": _measure(_number(camera.get(ExifTags.Base.FocalLength)), "{:.4g} mm"),
            "latitude": self._degrees(ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90),
            "longitude": self._degrees(ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180),
        }
        return {name: value for name, value in facts.items() if value}

    def _camera_name(self) -> str:
        make, model = _text(self._main.get(ExifTags.Base.Make)), _text(self._main.get(ExifTags.Base.Model))
        if model.lower().startswith(make.lower()):
            return model
        return f"{make} {model}".strip()

    def _degrees(self, tag: int, direction_tag: int, negative: str, limit: float) -> str:
        """Return a coordinate given in degrees, minutes and seconds as decimal degrees."""
        parts = self._gps.get(tag)
        if not isinstance(parts, tuple) or len(parts) != 3:
            return ""
        numbers = [_number(part) for part in parts]
        degrees, minutes, seconds = (number if number is not None else limit + 1 for number in numbers)
        value = degrees + minutes / 60 + seconds / 3600
        if not 0 <= value <= limit:
            return ""
        sign = -1 if _text(self._gps.get(direction_tag)).upper().startswith(negative) else 1
        return f"{sign * value:.6f}"


def _text(value: object) -> str:
    """Return a tag's text on one line without what can't be printed; empty if it is no text."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return ""
    printable = "".join(character if character.isprintable() else " " for character in text.split("\0")[0])
    return " ".join(printable.split())[:MAX_TEXT]


def _number(value: object) -> float | None:
    """Return a tag's number, the first of several; None if it is none, or not a finite one."""
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if isfinite(number) else None


def _measure(number: float | None, form: str) -> str:
    return form.format(number) if number is not None and number > 0 else ""


def _exposure(seconds: float | None) -> str:
    if seconds is None or seconds <= 0:
        return ""
    return f"1/{1 / seconds:.0f} s" if seconds < 0.4 else f"{seconds:.3g} s"
