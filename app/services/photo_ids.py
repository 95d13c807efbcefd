"""How photos are named: by the first 32 hex digits of the SHA-256 of their bytes."""

import hashlib
import re

from app.domain import PhotoId
from app.errors import PhotoNotFound

_FORM = re.compile(r"[0-9a-f]{32}")


def photo_id_of(data: bytes) -> PhotoId:
    """Return the id of a photo with these bytes."""
    return PhotoId(hashlib.sha256(data).hexdigest()[:32])


def parse_photo_id(text: str) -> PhotoId:
    """Return an id as the caller wrote it; raise PhotoNotFound for what can't be one."""
    if not _FORM.fullmatch(text):
        raise PhotoNotFound(
            f"No photo has the id {text[:64]!r}: an id is 32 hexadecimal digits. The list of photos has them."
        )
    return PhotoId(text)
