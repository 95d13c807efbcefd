"""Forgets what a model says of photos, some photos a commit: none of them is needed, so a crash may come between."""

from collections.abc import Sequence
from functools import partial

from app.store import lifecycle
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.table import PhotoTable

AT_ONCE = 2048
"""Photos in one commit: others wait for a moment only."""


def drop_features(commits: CommitQueue, photos: PhotoTable, bit: int) -> int:
    """Forget the features by the model of a bit; return of how many photos there were some. Raises StoreError."""
    dropped = 0
    while len(rows := photos.with_features(bit)[:AT_ONCE]):
        commits.run(partial(_stage, rows=rows.tolist(), bit=bit), use_spare=True)
        dropped += len(rows)
    return dropped


def _stage(changes: Changes, rows: Sequence[int], bit: int) -> None:
    for row in rows:
        entry = changes.entry(row)
        if entry is not None:
            changes.entries[row] = lifecycle.without_features(entry, bit)
