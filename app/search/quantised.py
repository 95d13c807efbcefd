"""Vectors in a byte a number, with how far each can be from the truth: a quarter of the memory to read.

A vector x of length 1 is kept as whole numbers c, -127..127, and a scale s, so that x = s c + r; only the length of
the rest r is kept. The cosine with a query q = t d + u, kept likewise, is then s t <c, d> to within
|td| |r| + |u| |x|, by Cauchy and Schwarz. Products of bytes are what processors have instructions for.
"""

from dataclasses import dataclass

import numpy as np
import simsimd
from numpy.typing import NDArray

from app.domain import Float32
from app.search.workers import Workers

LARGEST_CODE = 127
ROUNDING = 1e-5
"""More than all rounding errors of 32-bit numbers together can make of a cosine here."""
TINY = 1e-30
"""Vectors whose largest number is not above this are not worth a code; what they are like is left open."""
QUANTISED_AT_ONCE = 256
"""So many vectors stay in the processor's cache while they are worked on."""
SCANNED_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class Codes:
    """Vectors in a byte a number. codes: int8 (n, width). scales: float32 (n,). errors: float32 (n,), |r|."""

    codes: NDArray[np.int8]
    scales: Float32
    errors: Float32

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, places: NDArray[np.integer]) -> "Codes":
        """Return the codes of some vectors."""
        # Quicker than indexing: it copies whole vectors.
        return Codes(self.codes.take(places, axis=0), self.scales.take(places), self.errors.take(places))

    def decoded(self) -> Float32:
        """Return the vectors that are kept, of length 1 and off by `errors`: float32 (n, width)."""
        return self.codes * self.scales[:, None]


def quantise(vectors: Float32, workers: Workers) -> Codes:
    """Return the codes of `vectors`, float32 (n, width), of any length; zeros stay zeros.

    Raises ValueError for values that aren't finite.
    """
    result = Codes(
        np.empty(vectors.shape, dtype=np.int8),
        np.empty(len(vectors), dtype=np.float32),
        np.empty(len(vectors), dtype=np.float32),
    )

    def work(part: slice) -> None:
        _quantise(vectors[part], result.codes[part], result.scales[part], result.errors[part])

    workers.each(work, len(vectors), QUANTISED_AT_ONCE)
    return result


def upper_bounds(codes: Codes, queries: Float32, workers: Workers) -> Float32:
    """Return what the cosines of `queries`, float32 (m, width), with all vectors can be at most: float32 (m, n)."""
    asked = quantise(queries, workers)
    result = np.empty((len(queries), len(codes)), dtype=np.float32)

    def work(part: slice) -> None:
        result[:, part] = np.asarray(simsimd.cdist(asked.codes, codes.codes[part], "dot"))
        for uppers, scale, error in zip(result[:, part], asked.scales, asked.errors, strict=True):
            uppers *= codes.scales[part]
            uppers *= scale
            uppers += codes.errors[part] * (1 + error)
            uppers += error + ROUNDING

    workers.each(work, len(codes), SCANNED_AT_ONCE)
    return result


def _quantise(vectors: Float32, codes: NDArray[np.int8], scales: Float32, errors: Float32) -> None:
    """Fill `codes`, `scales` and `errors` with those of `vectors`, in place."""
    largest = np.maximum(vectors.max(axis=1), -vectors.min(axis=1))
    if not np.isfinite(largest).all():
        raise ValueError("Embeddings must be finite numbers.")
    coded = largest > TINY
    stretch = np.divide(LARGEST_CODE, largest, out=np.zeros_like(largest), where=coded)
    stretched = vectors * stretch[:, None]
    lengths = _lengths(stretched)
    whole = np.rint(stretched)
    codes[:] = whole
    stretched -= whole
    np.divide(1, lengths, out=scales, where=coded)
    scales[~coded] = 0
    errors[:] = _lengths(stretched) * scales
    errors[~coded & (largest > 0)] = 1


def _lengths(vectors: Float32) -> Float32:
    return np.asarray(np.sqrt(np.vecdot(vectors, vectors)))
