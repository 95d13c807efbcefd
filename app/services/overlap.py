"""How much of what searches find stays when other models answer."""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from app.domain import KeywordMode, PhotoId, SimilarityMethod
from app.errors import GalleryError, QueryError
from app.search.ranking import Ranked
from app.services.model_choice import Overlap
from app.services.outlook import Outlook
from app.store.base import Store

BEST = 10
PHOTOS = 200
"""Compared with all others, at most."""


def overlap(store: Store, old: Outlook, new: Outlook) -> Overlap:
    """Compare what two outlooks find: photos like a photo, for photos from all over, and photos for each label."""
    rows = store.rows()
    # Always the same photos for the same gallery, from all over.
    shuffled = np.random.default_rng(len(rows)).permutation(rows).tolist()
    chosen = list(islice((row for row in shuffled if row in old.index and row in new.index), PHOTOS))
    similar = [_shared(_like(old, store, row), _like(new, store, row)) for row in chosen]
    labels = sorted(set(old.models.card.labels) & set(new.models.card.labels))
    words = [_shared(_called(old, label), _called(new, label)) for label in labels]
    similar_known, words_known = _known(similar), _known(words)
    return Overlap(len(similar_known), _mean(similar_known), len(words_known), _mean(words_known))


def _like(outlook: Outlook, store: Store, row: int) -> Ranked | None:
    try:
        photo_id: PhotoId = store.at(row).id
        features = outlook.stored.of(photo_id)
    except GalleryError:
        return None  # deleted or damaged since
    if features is None:
        return None
    compared = outlook.photos.compare(features, SimilarityMethod.EMBEDDING, alone=True)
    return outlook.photos.best(compared, BEST, exclude=[row])


def _called(outlook: Outlook, label: str) -> Ranked | None:
    try:
        return outlook.words.match(f'"{label}"', KeywordMode.LATE).top(BEST)
    except QueryError:
        return None  # no such word


def _shared(old: Ranked | None, new: Ranked | None) -> float | None:
    """Return the share of photos that both found; None if neither found any."""
    if old is None or new is None or not max(len(old.rows), len(new.rows)):
        return None
    return len(np.intersect1d(old.rows, new.rows)) / max(len(old.rows), len(new.rows))


def _known(shares: Iterable[float | None]) -> list[float]:
    return [share for share in shares if share is not None]


def _mean(shares: list[float]) -> float:
    return round(float(np.mean(shares)), 4) if shares else 1.0
