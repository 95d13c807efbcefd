"""Pictures: decoding, facts, thumbnails, a model's input, contact sheets, and the names of picture files."""

from app.imaging.decoding import KEPT_LONG_PX, MAX_PIXELS, DecodedPhoto, decode
from app.imaging.names import check_name, clean_name
from app.imaging.sheet import sheet

__all__ = ["KEPT_LONG_PX", "MAX_PIXELS", "DecodedPhoto", "check_name", "clean_name", "decode", "sheet"]
