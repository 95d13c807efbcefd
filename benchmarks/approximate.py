"""Photos like a photo where the gallery is too large for comparing with all: recall, time and memory.

Galleries of a million are searched exactly otherwise; here the limit is lowered. Run as
`python -m benchmarks.approximate [PHOTOS]` for the table of this alone.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from app.domain import Float32
from app.search.approximate import LEAST_RECALL, ApproximateIndex
from app.search.embedding import EmbeddingIndex, VectorSource
from app.search.ranking import Ranked, top_bounded
from app.services.process_memory import resident_bytes
from benchmarks.embeddings import indexed_embeddings
from benchmarks.report import Measurement, as_table

Result = TypeVar("Result")

PHOTOS = 1_000_000
QUERIES = 50
LIMIT = 10
MIB = 1 << 20


def measurements(photos: int = PHOTOS) -> list[Measurement]:
    """Return what the README shows."""
    return measured(*indexed_embeddings(photos))


def measured(index: EmbeddingIndex, read: VectorSource) -> list[Measurement]:
    """Build the approximate index of vectors that are indexed already, and search both ways in turn."""
    photos, before_bytes = len(index), resident_bytes()
    approximate = ApproximateIndex(index, exact_up_to=photos // 2)
    approximate.refresh()
    build_s, _ = _timed(approximate.wait)
    built_mib = (resident_bytes() - before_bytes) / MIB
    if approximate.recall is None:
        return [_stayed_exact(photos, build_s)]
    theirs, ours, found = list[float](), list[float](), 0
    for query in _queries(read, photos):
        exact_s, expected = _timed(partial(index.top, query, LIMIT))
        our_s, ranked = _timed(partial(_top, approximate, query))
        theirs.append(exact_s)
        ours.append(our_s)
        found += len(np.intersect1d(expected.rows, ranked.rows))
    recall, exact_s, our_s = approximate.recall, statistics.median(theirs), statistics.median(ours)
    return [
        Measurement(
            f"approximate search of {photos:,} photos: recall as `status` shows it",
            f"{recall.share:.3f}",
            f"{recall.photos} photos of the gallery; {found / (QUERIES * LIMIT):.3f} for {QUERIES} from outside",
            f"at least {LEAST_RECALL}",
            recall.share >= LEAST_RECALL,
        ),
        Measurement(
            f"approximate search of {photos:,} photos: time",
            f"{1000 * our_s:.1f} ms, {exact_s / our_s:.1f} times faster",
            f"the exact search ({1000 * exact_s:.1f} ms); built in {build_s:.0f} s, {built_mib:.0f} MiB more memory",
            "faster",
            our_s < exact_s,
        ),
    ]


def _stayed_exact(photos: int, build_s: float) -> Measurement:
    return Measurement(
        f"approximate search of {photos:,} photos",
        "searches stay exact",
        f"found out in {build_s:.0f} s: too much would have to be looked at",
        f"a recall of at least {LEAST_RECALL}",
        False,
    )


def _queries(read: VectorSource, photos: int) -> Float32:
    """Return vectors near photos that are no photo themselves, as of pictures from outside: float32 (n, width)."""
    rows = np.linspace(0, photos - 1, QUERIES).astype(np.int64)
    return np.asarray(read(rows) + 0.5 * read(photos - 1 - rows), dtype=np.float32)


def _top(approximate: ApproximateIndex, query: Float32) -> Ranked:
    return top_bounded(approximate.bounds(query), LIMIT, above=-np.inf)


def _timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds that a call takes, and what it returns."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    print(as_table(measurements(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS)))
