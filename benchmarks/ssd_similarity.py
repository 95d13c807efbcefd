"""The `ssd` similarity over a synthetic gallery: the index against pair by pair with Shapely, and plain NumPy.

Run as `python -m benchmarks.ssd_similarity` for JSON lines. Shapely would take a minute for one query, so it
compares a sample of the gallery and its time is scaled up; the results are compared on that sample, and NumPy's
on the whole gallery.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import MAX_OBJECTS, MODEL_INPUT_PX, OBJECT_FIELDS, Float32
from app.search.objects import PICTURE_AREA_PX
from app.search.ssd import THRESHOLD, SsdIndex
from app.search.ssd_reference import ssd_similarity
from benchmarks.report import Measurement

N_PHOTOS = 100_000
N_CLASSES = 80
MEAN_OBJECTS = 6
N_QUERIES = 20
N_SHAPELY_PHOTOS = 100
TARGET_RATIO = 1_000
TOLERANCE = 1e-6


def gallery(n_photos: int, seed: int = 0) -> Float32:
    """Return `ssd_feature` of made-up photos, float32 (n, 20, 6), with common and rare classes like COCO's."""
    random = np.random.default_rng(seed)
    features = np.zeros((n_photos, MAX_OBJECTS, OBJECT_FIELDS), dtype=np.float32)
    frequency = 1 / np.arange(1, N_CLASSES + 1)
    shape = (n_photos, MAX_OBJECTS)
    features[..., 0] = random.choice(np.arange(1, N_CLASSES + 1), size=shape, p=frequency / frequency.sum())
    features[..., 1] = -np.sort(-random.beta(0.6, 1.5, size=shape), axis=1)
    corners = np.sort(random.uniform(0, MODEL_INPUT_PX, size=(*shape, 2, 2)), axis=2)
    features[..., 2:] = corners.reshape(*shape, 4)
    counts = np.minimum(random.geometric(1 / MEAN_OBJECTS, n_photos) - 1, MAX_OBJECTS)
    features[np.arange(MAX_OBJECTS) >= counts[:, None]] = 0
    return features


def measure(n_photos: int = N_PHOTOS) -> dict[str, Any]:
    """Return seconds a query over `n_photos` photos of each way, the ratios, and the largest differences."""
    features = gallery(n_photos)
    # Queries without objects are answered at once by every way; they would flatter nobody.
    queries = features[features[:, 0, 0] > 0][:N_QUERIES]
    index = SsdIndex()
    index_s, _ = _timed(lambda: index.add(range(n_photos), features))
    index.similarities(queries[0])
    fast_s, fast = _timed(lambda: [index.similarities(query) for query in queries])
    numpy_s, plain = _timed(lambda: [numpy_similarities(query, features) for query in queries[:3]])
    sample = features[:N_SHAPELY_PHOTOS]
    shapely_s, exact = _timed(lambda: [[ssd_similarity(query, photo) for photo in sample] for query in queries])
    fast_query_s = fast_s / len(queries)
    shapely_query_s = shapely_s / len(queries) * n_photos / len(sample)
    return {
        "photos": n_photos,
        "index_build_s": index_s,
        "index_query_s": fast_query_s,
        "numpy_query_s": numpy_s / 3,
        "shapely_query_s_extrapolated": shapely_query_s,
        "shapely_pairs_of_photos_measured": len(queries) * len(sample),
        "times_faster_than_shapely": shapely_query_s / fast_query_s,
        "times_faster_than_numpy": numpy_s / 3 / fast_query_s,
        "largest_difference_to_shapely": _largest_difference([one[: len(sample)] for one in fast], exact),
        "largest_difference_to_numpy": _largest_difference(fast[:3], plain),
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


def measurements() -> list[Measurement]:
    """Measure, and return what the README shows of it."""
    result = measure()
    ratio, shapely_s = result["times_faster_than_shapely"], result["shapely_query_s_extrapolated"]
    difference = max(result["largest_difference_to_shapely"], result["largest_difference_to_numpy"])
    return [
        Measurement(
            what=f"`ssd` similarity, one query over {result['photos']:,} photos",
            value=f"{ratio:,.0f} times faster ({result['index_query_s'] * 1000:.1f} ms)",
            compared_to=f"pair by pair with Shapely polygons, {shapely_s:.0f} s, scaled up from "
            f"{result['shapely_pairs_of_photos_measured']:,} comparisons",
            target=f"{TARGET_RATIO:,} times, same results to {TOLERANCE:.0e}",
            reached=ratio >= TARGET_RATIO and difference <= TOLERANCE,
        )
    ]


def _weights(features: Float32) -> NDArray[np.float64]:
    exact = features.astype(np.float64)
    areas = (exact[..., 4] - exact[..., 2]) * (exact[..., 5] - exact[..., 3])
    weights: NDArray[np.float64] = exact[..., 1] + np.abs(areas) / PICTURE_AREA_PX
    return weights


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _largest_difference(some: list[NDArray[np.float64]], others: list[Any]) -> float:
    return float(max(np.abs(one - np.asarray(other)).max() for one, other in zip(some, others, strict=True)))


if __name__ == "__main__":
    for name, number in measure().items():
        print(json.dumps({"benchmark": "ssd_similarity", "measure": name, "value": number}))
