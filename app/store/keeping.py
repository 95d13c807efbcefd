"""Stages features, and rows whose features are to be made anew, among the changes of a commit."""

import logging
from collections.abc import Callable, Mapping, Sequence

from app.domain import Features, PhotoId
from app.store import lifecycle
from app.store.changes import Changes
from app.store.features import ModelFeatures, admit
from app.store.table import Entry

_LOG = logging.getLogger(__name__)


def keep_features(
    changes: Changes,
    known: Mapping[str, ModelFeatures],
    model: str,
    features: Mapping[PhotoId, Features],
    changed: Callable[[Entry, int], Entry],
) -> list[tuple[int, Entry]]:
    """Stage what a model says of photos, those gone left out; return their rows as they will be.

    changed: returns a row's next version, given the model's bit. Raises StoreError for features that don't fit.
    """
    by_row = {row: found for photo_id, found in features.items() for row, _ in changes.living([photo_id])}
    if not by_row:
        return []
    bit = admit(known, changes.new_models, {model: list(by_row.values())})[model]
    for row in by_row:
        changes.entries[row] = changed(changes.expect_entry(row), bit)
    changes.features.setdefault(model, {}).update(by_row)
    return [(row, changes.entries[row]) for row in by_row]


def compute_anew(changes: Changes, known: ModelFeatures, rows: Sequence[int], now: int) -> None:
    """Stage that photos' features by a model are of no use and wait to be made anew since `now`, in microseconds."""
    _LOG.warning("%d rows of features by %s are damaged and will be computed anew.", len(rows), known.model)
    for row in rows:
        entry = changes.entry(row)
        if entry is not None and lifecycle.has_features(entry, known.bit):  # else dropped meanwhile
            changes.entries[row] = lifecycle.waiting(lifecycle.without_features(entry, known.bit), known.model, now)
