"""The `ssd` similarity over a synthetic gallery: the index against pair by pair with Shapely, and plain NumPy.

Run as `python -m benchmarks.ssd_similarity` for JSON lines. Both would take minutes for one query, so they
compare samples of the gallery and their times are scaled up; the results are compared on these.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.objects import PICTURE_AREA_PX
from app.search.ssd import THRESHOLD, SsdIndex
from app.search.ssd_reference import ssd_similarity
from benchmarks.report import Measurement
from benchmarks.synthetic import BLOCK_ROWS, synthetic_table

N_PHOTOS = 1_000_000
N_QUERIES = 20
N_SHAPELY_PHOTOS = 100
N_NUMPY_PHOTOS = 10_000
TARGET_RATIO = 20_000
TARGET_READS = 2.0
TOLERANCE = 1e-6


def measure(n_photos: int = N_PHOTOS) -> dict[str, Any]:
    """Return seconds a query over `n_photos` photos of each way, the ratios, and the largest differences."""
    features = synthetic_table(n_photos, embeddings=False).detections
    # Queries without objects are answered at once by every way; they would flatter nobody.
    queries = features[features[:, 0, 0] > 0][:N_QUERIES]
    index = SsdIndex()
    build_s, _ = _timed(partial(_fill, index, features))
    index.similarities(queries[0])
    searched = [_searched(index, query) for query in queries]
    read = [_timed(partial(_read, index, query)) for query in queries]
    query_s, read_s = (float(np.median([seconds for seconds, _ in times])) for times in (searched, read))
    fast = [first for _, first in searched]
    sample, numpy_sample = features[:N_SHAPELY_PHOTOS], features[:N_NUMPY_PHOTOS]
    shapely_s, exact = _timed(lambda: [[ssd_similarity(query, photo) for photo in sample] for query in queries])
    numpy_s, plain = _timed(lambda: [numpy_similarities(query, numpy_sample) for query in queries])
    shapely_query_s = shapely_s / len(queries) * n_photos / len(sample)
    return {
        "photos": n_photos,
        "index_build_s": build_s,
        "index_query_s": query_s,
        "read_s": read_s,
        "numpy_query_s_extrapolated": numpy_s / len(queries) * n_photos / len(numpy_sample),
        "shapely_query_s_extrapolated": shapely_query_s,
        "shapely_pairs_of_photos_measured": len(queries) * len(sample),
        "times_faster_than_shapely": shapely_query_s / query_s,
        "times_as_long_as_reading": query_s / read_s,
        "largest_difference_to_shapely": _largest_difference([one[: len(sample)] for one in fast], exact),
        "largest_difference_to_numpy": _largest_difference([one[: len(numpy_sample)] for one in fast], plain),
    }


def numpy_similarities(query: Float32, features: Float32) -> NDArray[np.float64]:
    """Return the `ssd` similarity of a photo with all, float64 (n,), from all pairs of objects."""
    own, others = _weights(query), _weights(features)
    pairs = (own[None, :, None] + others[:, None, :]) / 4
    same = (query[None, :, None, 0] == features[:, None, :, 0]) & (features[:, None, :, 0] != 0)
    counted = same & (pairs > THRESHOLD)
    sums = np.where(counted, pairs, 0).sum(axis=(1, 2))
    counts = counted.sum(axis=(1, 2))
    means: NDArray[np.float64] = np.divide(sums, counts, out=np.zeros(len(features)), where=counts > 0)
    return means


def measurements(n_photos: int = N_PHOTOS) -> list[Measurement]:
    """Measure, and return what the README shows of it."""
    result = measure(n_photos)
    ratio, shapely_s = result["times_faster_than_shapely"], result["shapely_query_s_extrapolated"]
    difference = max(result["largest_difference_to_shapely"], result["largest_difference_to_numpy"])
    what = f"`ssd` similarity, one query over {n_photos:,} photos"
    query_ms, read_ms, reads = (
        1000 * result["index_query_s"],
        1000 * result["read_s"],
        result["times_as_long_as_reading"],
    )
    return [
        Measurement(
            what=what,
            value=f"{ratio:,.0f} times faster ({query_ms:.1f} ms)",
            compared_to=f"pair by pair with Shapely polygons, {shapely_s:.0f} s, scaled up from "
            f"{result['shapely_pairs_of_photos_measured']:,} comparisons",
            target=f"{TARGET_RATIO:,} times, same results to {TOLERANCE:.0e}",
            reached=ratio >= TARGET_RATIO and difference <= TOLERANCE,
        ),
        Measurement(
            what=what,
            value=f"{reads:.1f} times as long",
            compared_to=f"summing up the postings it needs once ({read_ms:.1f} ms)",
            target=f"under {TARGET_READS:.0f} times",
            reached=reads < TARGET_READS,
        ),
    ]


def _fill(index: SsdIndex, features: Float32) -> None:
    for start in range(0, len(features), BLOCK_ROWS):
        part = features[start : start + BLOCK_ROWS]
        index.add(np.arange(start, start + len(part)), part)


def _searched(index: SsdIndex, query: Float32) -> tuple[float, Float32]:
    """Return the seconds of a search and its first similarities, float32 (N_NUMPY_PHOTOS,), to be compared.

    All others are dropped before the next search, as a server drops them: its memory is used again.
    """
    seconds, similarities = _timed(partial(index.similarities, query))
    return seconds, similarities[:N_NUMPY_PHOTOS].copy()


def _read(index: SsdIndex, query: Float32) -> float:
    """Read the postings of a query's classes once, in the quickest way that NumPy has."""
    total = 0.0
    for class_id in np.unique(query[query[:, 0] > 0, 0]).astype(int).tolist():
        postings = index._snapshot.classes.get(class_id)
        for column in (postings.rows, postings.counts, postings.sums) if postings else ():
            total += 0.0 if column is None else float(column.sum())
    return total


def _weights(features: Float32) -> NDArray[np.float64]:
    exact = features.astype(np.float64)
    areas = (exact[..., 4] - exact[..., 2]) * (exact[..., 5] - exact[..., 3])
    weights: NDArray[np.float64] = exact[..., 1] + np.abs(areas) / PICTURE_AREA_PX
    return weights


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _largest_difference(some: Sequence[NDArray[Any]], others: Sequence[Any]) -> float:
    return float(max(np.abs(one - np.asarray(other)).max() for one, other in zip(some, others, strict=True)))


if __name__ == "__main__":
    for name, number in measure().items():
        print(json.dumps({"benchmark": "ssd_similarity", "measure": name, "value": number}))
