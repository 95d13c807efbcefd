"""Texts are sent compressed (gzip) where the caller can read that; pictures aren't, as they are so already."""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

TEXTS = frozenset(
    {"text/html", "text/css", "text/javascript", "application/json", "application/manifest+json", "image/svg+xml"}
)
LEAST_BYTES = 500
LEVEL = 6


def compress_texts(app: Flask) -> None:
    """Compress the answers of an application that are texts and not tiny."""
    app.after_request(_compressed)


def _compressed(response: Response) -> Response:
    if response.mimetype not in TEXTS or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or request.method == "HEAD":
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) >= LEAST_BYTES:
        etag, _ = response.get_etag()
        response.set_data(_squeezed(data) if etag is None else _squeezed_once(data))
        response.headers["Content-Encoding"] = "gzip"
        if etag is not None:
            response.set_etag(etag, weak=True)  # the same text in other bytes
    return response


def _squeezed(data: bytes) -> bytes:
    return gzip.compress(data, LEVEL, mtime=0)


_squeezed_once = lru_cache(maxsize=64)(_squeezed)
"""For files and what else is sent unchanged many times."""
