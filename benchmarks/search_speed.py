"""Photo to photo in a gallery of a million: exact search by embedding against FAISS, and search by layout.

Run as `python -m benchmarks.search_speed [PHOTOS]` for the table of these alone.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.embedding import EmbeddingIndex
from app.search.layout import LayoutIndex
from app.search.layout_reference import layout_similarity
from app.search.ranking import Ranked, top_bounded
from benchmarks.report import Measurement, as_table
from benchmarks.synthetic import BLOCK_ROWS, synthetic_features, synthetic_table
from model_server.catalogue import load_card

PHOTOS = 1_000_000
QUERIES = 15
LIMIT = 10
LAYOUT_LIMIT = 60
LAYOUT_SAMPLE = 50
TARGET_RATIO = 4.0
LAYOUT_TARGET_MS = 500.0
TOLERANCE = 1e-5
NOISE_SEED = 7

Blocks = Iterator[Float32]


def measurements(photos: int = PHOTOS) -> list[Measurement]:
    """Return what the README shows."""
    realistic = _compared("as real photos are distributed", photos, _realistic(photos))
    noise = _compared("pointing anywhere, the hardest case", photos, _noise(photos))
    return [realistic, noise, _layout(photos)]


def _realistic(photos: int) -> Blocks:
    return (table.embeddings for table in synthetic_features(photos, seed=NOISE_SEED))


def _noise(photos: int) -> Blocks:
    random = np.random.default_rng(NOISE_SEED)
    width = load_card("gallery_default").embedding_width
    for start in range(0, photos, BLOCK_ROWS):
        vectors = random.standard_normal((min(BLOCK_ROWS, photos - start), width), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield vectors


def _compared(kind: str, photos: int, blocks: Blocks) -> Measurement:
    """Time both on the same vectors in turn; FAISS keeps them, and our index reads those it wants from there."""
    width = load_card("gallery_default").embedding_width
    flat = faiss.IndexFlatIP(width)
    index = EmbeddingIndex(width, lambda rows: _vectors(flat)[rows])
    index.reserve(photos)
    for vectors in blocks:
        index.add(np.arange(flat.ntotal, flat.ntotal + len(vectors)), vectors)
        flat.add(vectors)
    ours, theirs, agreed = list[float](), list[float](), True
    for row in np.linspace(0, photos - 1, QUERIES).astype(np.int64):
        # A query near a photo, but no photo itself, as a picture from outside is.
        query = _vectors(flat)[row] + 0.5 * _vectors(flat)[photos - 1 - row]
        query /= np.linalg.norm(query)
        their_s, (scores, rows) = _faiss_at_its_best(flat, query)
        our_s, found = timed(partial(index.top, query, LIMIT))
        ours.append(our_s)
        theirs.append(their_s)
        agreed = agreed and _same(found, rows[0], scores[0])
    ratio = statistics.median(theirs) / statistics.median(ours)
    return Measurement(
        what=f"`embedding`, exact {LIMIT} best of {photos:,} x {width}, vectors {kind}",
        value=f"{ratio:.1f} times faster ({1000 * statistics.median(ours):.0f} ms)",
        compared_to=f"FAISS IndexFlatIP ({1000 * statistics.median(theirs):.0f} ms), its best number of threads",
        target=f"{TARGET_RATIO:.0f} times, same results",
        reached=ratio >= TARGET_RATIO and agreed,
    )


def _faiss_at_its_best(flat: faiss.IndexFlatIP, query: Float32) -> tuple[float, tuple[Float32, NDArray[np.int64]]]:
    results = []
    for threads in (1, os.cpu_count() or 1):
        faiss.omp_set_num_threads(threads)
        results.append(timed(lambda: flat.search(query[None], LIMIT)))
    return min(results, key=lambda result: result[0])


def _vectors(flat: faiss.IndexFlatIP) -> Float32:
    return faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)


def _same(found: Ranked, rows: NDArray[np.int64], scores: Float32) -> bool:
    """Tell whether two results agree; photos whose scores differ by less than FAISS's rounding may change places."""
    close = np.abs(found.scores - scores).max() < TOLERANCE
    return bool(close) and (set(found.rows) == set(rows) or float(scores[-2] - scores[-1]) < TOLERANCE)


def _layout(photos: int) -> Measurement:
    detections = synthetic_table(photos, embeddings=False).detections
    index = LayoutIndex()
    for start in range(0, photos, BLOCK_ROWS):
        part = detections[start : start + BLOCK_ROWS]
        index.add(np.arange(start, start + len(part)), part)
    times, difference = list[float](), 0.0
    for query in detections[:QUERIES]:
        seconds, found = timed(partial(_best_by_layout, index, query))
        exact = [layout_similarity(query, detections[row]) for row in found.rows[:LAYOUT_SAMPLE]]
        difference = max(difference, float(np.abs(found.scores[:LAYOUT_SAMPLE] - exact).max(initial=0)))
        times.append(1000 * seconds)
    return Measurement(
        what=f"`layout`, {LAYOUT_LIMIT} best of {photos:,} photos",
        value=f"{statistics.median(times):.0f} ms",
        compared_to=f"the slowest of {QUERIES} queries {max(times):.0f} ms",
        target=f"under {LAYOUT_TARGET_MS:.0f} ms, same results",
        reached=statistics.median(times) < LAYOUT_TARGET_MS and difference < TOLERANCE,
    )


def _best_by_layout(index: LayoutIndex, query: Float32) -> Ranked:
    return top_bounded(index.bounds(query), LAYOUT_LIMIT)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds `work` took, and what it returned."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    print(as_table(measurements(*map(int, sys.argv[1:]))))
