"""Photo to photo: how far the photos found show the same things as the one asked for.

What a photo gives for another: the labels that both show, as a share of all that either shows (Jaccard), without
labels that weren't looked for in both. A photo counts only if all labels of the one asked for were looked for in it.
"""

import random
from collections.abc import Mapping

from app.domain import PhotoId, SimilarityMethod
from benchmarks.quality.galleries import Collection
from benchmarks.quality.measures import AT, mean, normalised_gain
from benchmarks.quality.photos import LabelledPhoto
from benchmarks.quality.tables import Result, Table
from benchmarks.report import Measurement

ASKED_AT_MOST = 350
LEAST_CANDIDATES = 2 * AT
FIRST_LIMIT = 4 * AT
"""How many photos are asked for at first: some don't count. If too few remain, all are asked for."""

PARTS = (SimilarityMethod.EMBEDDING, SimilarityMethod.SSD, SimilarityMethod.LAYOUT)


def measure_alike(collection: Collection) -> Result:
    """Measure each method by nDCG over the photos that show something and have enough others to be compared with."""
    gains_of = {photo_id: gains(collection.photos, photo_id) for photo_id in collection.photos}
    asked = [photo_id for photo_id, possible in gains_of.items() if can_be_asked(possible)]
    asked = random.Random(0).sample(asked, min(ASKED_AT_MOST, len(asked)))
    measured = {
        method: mean([asked_for(collection, photo_id, method, gains_of[photo_id]) for photo_id in asked])
        for method in SimilarityMethod
    }
    table = Table(
        f"Photo to photo, {len(asked):,} of {len(gains_of):,} photos of {collection.name} asked for: shared labels",
        ("method", f"nDCG@{AT}"),
        tuple((str(method), measured[method]) for method in sorted(measured, key=lambda method: -measured[method])),
    )
    hybrid, best_part = measured[SimilarityMethod.HYBRID], max(PARTS, key=lambda method: measured[method])
    target = Measurement(
        f"photo to photo: nDCG@{AT} of `hybrid`",
        f"{hybrid:.3f}",
        f"its best part, `{best_part}`: {measured[best_part]:.3f}",
        "above it",
        hybrid > measured[best_part],
    )
    return Result((table,), (target,))


def gains(photos: Mapping[PhotoId, LabelledPhoto], photo_id: PhotoId) -> dict[PhotoId, float]:
    """Return what each of the photos that count gives for one of them, 0..1."""
    own = photos[photo_id]
    return {
        other_id: shared_labels(own, other)
        for other_id, other in photos.items()
        if other_id != photo_id and other.knows(own.shown)
    }


def shared_labels(one: LabelledPhoto, other: LabelledPhoto) -> float:
    """Return the labels that both photos show as a share of those that either does, among those known of both."""
    either = one.shown | other.shown
    for photo in (one, other):
        either = either if photo.known is None else either & photo.known
    return len(one.shown & other.shown & either) / len(either) if either else 0.0


def can_be_asked(possible: dict[PhotoId, float]) -> bool:
    """Tell whether enough photos count, and any of them is alike."""
    return len(possible) >= LEAST_CANDIDATES and any(possible.values())


def asked_for(
    collection: Collection, photo_id: PhotoId, method: SimilarityMethod, possible: dict[PhotoId, float]
) -> float:
    """Return nDCG of what a method finds for one photo."""
    found: list[PhotoId] = []
    for limit in (FIRST_LIMIT, len(collection.photos)):
        hits = collection.gallery.searches.like_photo(photo_id, method, limit=limit).hits
        found = [hit.photo.id for hit in hits if hit.photo.id in possible]
        if len(found) >= AT or len(hits) < limit:
            break
    return normalised_gain([possible[other] for other in found], list(possible.values()))
