"""The one checksum of the gallery file: the CRC-32 of zlib, gzip and PNG, so that any program can check it.

zlib-ng computes it about ten times as fast as the standard library, which matters: each photo read is checked.
"""

from zlib_ng import zlib_ng

crc32_of = zlib_ng.crc32
"""Return the CRC-32 of bytes, `start` (the second argument) being that of the bytes before them."""
