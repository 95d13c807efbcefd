"""The file's reserved region: what makes a file ours before HDF5 ever looks at it.

The dataset `_journal` is read and written raw, never through HDF5. Its first page, at an offset that is a multiple
of the page size, says which format version the file has and where the region itself stands, so that a copy in
which another program has moved things is recognised. Its second page says who owns the file just now.
"""

import json
import os
import struct
from dataclasses import dataclass

from app.errors import StoreFormatError
from app.store.crc import crc32_of
from app.store.device import Device
from app.store.schema import FORMAT_VERSION, PAGE

_MAGIC = b"GALLERY\0"
_CONFIG = struct.Struct("<8sIIQQ16s")
_CHECK = struct.Struct("<I")
_SEARCHED_BYTES = 1 << 20
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Region:
    """Where the reserved region stands: `offset` and `length` in bytes, both multiples of the page size."""

    offset: int
    length: int
    format_version: int
    file_id: bytes
    """16 random bytes, drawn when the file was made."""

    def packed(self) -> bytes:
        """Return the first page's content."""
        body = _CONFIG.pack(_MAGIC, self.format_version, PAGE, self.offset, self.length, self.file_id)
        return body + _CHECK.pack(crc32_of(body))


def create(device: Device, offset: int, length: int) -> Region:
    """Write the region's first page into the reserved bytes at `offset`."""
    start = -(-offset // PAGE) * PAGE
    usable = (offset + length - start) // PAGE * PAGE
    region = Region(start, usable, FORMAT_VERSION, os.urandom(16))
    device.pwrite(region.packed(), start)
    return region


def find(device: Device) -> Region:
    """Return the region of a file that is ours; raise StoreFormatError for any other file."""
    head = device.pread(_SEARCHED_BYTES, 0)
    for start in range(0, len(head), PAGE):
        region = _parse(head[start : start + _CONFIG.size + _CHECK.size])
        if region is not None and region.offset == start:
            _check_version(region)
            return region
    if head.startswith(_HDF5_SIGNATURE):
        raise StoreFormatError(
            "This is an HDF5 file, but not one of this gallery, or another program has rewritten it (h5repack "
            "does). It was not touched. Name another file, or the original."
        )
    raise StoreFormatError("This is not a gallery file. It was not touched; name another file.")


def read_owner(device: Device, region: Region) -> dict[str, object]:
    """Return what the owner wrote about itself, `pid` for one; empty if that can't be read."""
    page = device.pread(PAGE, region.offset + PAGE).rstrip(b"\0")
    try:
        owner = json.loads(page)
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def write_owner(device: Device, region: Region, owner: dict[str, object]) -> None:
    """Leave word for other processes of who owns the file; only the owner may call this."""
    page = json.dumps(owner).encode() if owner else b""
    device.pwrite(page.ljust(PAGE, b"\0"), region.offset + PAGE)


def _parse(data: bytes) -> Region | None:
    if len(data) < _CONFIG.size + _CHECK.size:
        return None
    body = data[: _CONFIG.size]
    magic, version, _page, offset, length, file_id = _CONFIG.unpack(body)
    if magic != _MAGIC or _CHECK.unpack(data[_CONFIG.size :])[0] != crc32_of(body):
        return None
    return Region(offset, length, version, file_id)


def _check_version(region: Region) -> None:
    if region.format_version > FORMAT_VERSION:
        raise StoreFormatError(
            f"This gallery file has format version {region.format_version}; this program knows versions up to "
            f"{FORMAT_VERSION}. It was not touched. Open it with a newer version of the program.",
            format_version=region.format_version,
        )
