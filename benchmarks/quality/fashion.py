"""Similar products: of the ten first photos like a product's, how many show the same type of article."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain import PhotoId, SimilarityMethod
from benchmarks.quality.galleries import Collection
from benchmarks.quality.measures import AT, mean, precision
from benchmarks.quality.tables import Result, Table
from benchmarks.report import Measurement

ASKED_AT_MOST = 500
LEVELS = 4
"""Of each of red, green and blue in the histogram."""
HISTOGRAM_PX = 64

Search = Callable[[PhotoId], Sequence[PhotoId]]


def measure_fashion(collection: Collection) -> Result:
    """Measure every method and the colour histogram; single photos of a type aren't asked for."""
    types = {photo_id: next(iter(photo.shown)) for photo_id, photo in collection.photos.items()}
    counts = Counter(types.values())
    asked = [photo_id for photo_id, type_ in types.items() if counts[type_] > 1]
    asked = random.Random(0).sample(asked, min(ASKED_AT_MOST, len(asked)))
    searches: dict[str, Search] = {str(method): by_service(collection, method) for method in SimilarityMethod}
    searches["colour histogram"] = ColourHistograms(collection)
    measured = {
        name: mean([precision([types[found] == types[photo_id] for found in search(photo_id)]) for photo_id in asked])
        for name, search in searches.items()
    }
    by_chance = mean([(counts[types[photo_id]] - 1) / (len(types) - 1) for photo_id in asked])
    table = Table(
        f"Similar products, {len(asked):,} of {len(types):,} photos asked for: {len(counts)} types of article",
        ("method", f"P@{AT} same type"),
        (*sorted(measured.items(), key=lambda row: -row[1]), ("by chance", by_chance)),
    )
    embedding, ssd, histogram = (measured[name] for name in ("embedding", "ssd", "colour histogram"))
    target = Measurement(
        f"similar products: P@{AT} of `embedding`",
        f"{embedding:.3f}",
        f"`ssd` {ssd:.3f}, colour histogram {histogram:.3f}",
        "above both",
        embedding > max(ssd, histogram),
    )
    return Result((table,), (target,))


def by_service(collection: Collection, method: SimilarityMethod) -> Search:
    """Return the gallery's search for photos like a stored one."""

    def search(photo_id: PhotoId) -> list[PhotoId]:
        results = collection.gallery.searches.like_photo(photo_id, method, limit=AT)
        return [hit.photo.id for hit in results.hits]

    return search


class ColourHistograms:
    """The baseline: photos whose colours are in the same proportions (histogram intersection)."""

    def __init__(self, collection: Collection) -> None:
        self._ids = list(collection.photos)
        self._place = {photo_id: place for place, photo_id in enumerate(self._ids)}
        self._histograms = np.stack([histogram(photo.path) for photo in collection.photos.values()])

    def __call__(self, photo_id: PhotoId) -> list[PhotoId]:
        """Return the ten photos most alike, best first."""
        own = self._place[photo_id]
        common = np.minimum(self._histograms, self._histograms[own]).sum(axis=1)
        order = np.argsort(-common, kind="stable")
        return [self._ids[place] for place in order[order != own][:AT]]


def histogram(path: Path) -> NDArray[np.float32]:
    """Return the share of each colour, float32 (LEVELS ** 3,), together 1."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB").resize((HISTOGRAM_PX, HISTOGRAM_PX)), dtype=np.int64)
    red, green, blue = np.moveaxis(pixels * LEVELS // 256, -1, 0)
    counts = np.bincount(((red * LEVELS + green) * LEVELS + blue).ravel(), minlength=LEVELS**3)
    return (counts / HISTOGRAM_PX**2).astype(np.float32)
