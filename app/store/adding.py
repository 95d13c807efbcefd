"""Stages new photos among the changes of a commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.store import lifecycle, records
from app.store.base import Added, NewPhoto
from app.store.changes import Changes
from app.store.features import ModelFeatures, admit, by_model
from app.store.records import Blobs


def bits_of_known(
    changes: Changes, known: Mapping[str, ModelFeatures], photos: Sequence[NewPhoto]
) -> Mapping[str, int]:
    """Return the bits of the models whose features new photos bring with them, models that are new here included.

    Raises StoreError for features that don't fit.
    """
    brought = by_model(photo.known.features for photo in photos if photo.known and changes.row_of(photo.id) is None)
    return admit(known, changes.new_models, brought)


def add_photo(
    changes: Changes, photo: NewPhoto, blobs: Blobs, model: str, bits: Mapping[str, int], now: datetime
) -> Added:
    """Stage a new photo with a job for a model, or with what is known of it already; return it as it will be.

    blobs: where its bytes were written. bits: those of the models that are known to have looked at it.
    """
    entry = records.new_entry(photo, blobs, model, now)
    if photo.known is not None:
        entry = lifecycle.taken_over(entry, photo.known, [bits[name] for name in photo.known.features])
    row = changes.append(photo.id, entry)
    if photo.known is not None:
        changes.put_features(row, photo.known.features)
    changes.written += blobs.fresh
    return Added(records.with_facts(row, entry, photo.facts, processing=False), duplicate=False)
