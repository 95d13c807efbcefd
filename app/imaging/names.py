"""Names of picture files: what may come in, and how to make any name harmless."""

import unicodedata

from app.errors import BadFileName

MAX_NAME_BYTES = 255
"""What file systems allow for one name, in UTF-8."""
NAMELESS = "photo"
SEPARATORS = "/\\"
DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make `gpj.exe` look like `exe.jpg`."""
UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters, line and paragraph separators."""


def check_name(name: str) -> str:
    """Return the name of an uploaded file in composed form (NFC); raise BadFileName if it can't be taken."""
    composed = unicodedata.normalize("NFC", name).strip()
    shown = ascii(composed[:80])
    if not composed:
        raise BadFileName("The file has no name. Give it one, such as holiday.jpg.")
    if any(separator in composed for separator in SEPARATORS) or composed in {".", ".."}:
        raise BadFileName(f"The file name {shown} is a path. Send the name of the file only, without folders.")
    if any(map(_is_harmful, composed)):
        raise BadFileName(f"The file name {shown} holds control characters. Rename the file without them.")
    if len(composed.encode()) > MAX_NAME_BYTES:
        raise BadFileName(
            f"The file name {shown} has {len(composed.encode())} bytes; {MAX_NAME_BYTES} are allowed. Shorten it."
        )
    return composed


def clean_name(name: str) -> str:
    """Return a name that `check_name` takes, as near to `name` as can be."""
    last_part = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last_part if not _is_harmful(character)).strip()
    if kept in {"", ".", ".."}:
        return NAMELESS
    stem, dot, suffix = kept.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_NAME_BYTES // 4:
        stem, dot, suffix = kept, "", ""
    room_bytes = MAX_NAME_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room_bytes].decode(errors="ignore") + dot + suffix


def _is_harmful(character: str) -> bool:
    return character in DIRECTION_CONTROLS or unicodedata.category(character) in UNPRINTABLE_CATEGORIES
