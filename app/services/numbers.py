"""What there is to count in a running gallery, for whoever watches it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.errors import PhotoNotFound
from app.inference.breakers import Breakers
from app.inference.circuit_breaker import BreakerState
from app.inference.meter import CallCounts, MeteredClient
from app.services.live_changes import LiveChanges
from app.services.outlooks import Outlooks
from app.services.reindex import Reindex
from app.store.base import Store
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class Counted:
    """How it is right now."""

    oldest_pending_s: float
    """How long the photo that waits longest has waited; 0 if none waits."""
    calls: CallCounts
    """Calls of the model server."""
    breaker: BreakerState
    """Of the model that new photos come to first."""
    breaker_opened: int
    """How many times, those of all models together."""
    indexed: Mapping[str, int]
    """Photos in each index."""
    neighbours_waiting: int
    """Photos whose neighbours aren't kept yet."""
    reindexed: int
    """Photos that the models to come have seen; all that are ready while no change is under way."""
    to_reindex: int
    """Photos that they are to see in all."""
    watchers: int
    commits: int
    """Of the gallery file, since it was opened."""


class Numbers:
    """Counts without waiting for anything."""

    def __init__(
        self,
        store: Store,
        metered: MeteredClient,
        breakers: Breakers,
        first: Callable[[], ModelCard],
        outlooks: Outlooks,
        reindex: Reindex,
        changes: LiveChanges,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`first` returns the model that new photos come to first."""
        self._store = store
        self._metered = metered
        self._breakers = breakers
        self._first = first
        self._outlooks = outlooks
        self._reindex = reindex
        self._changes = changes
        self._clock = clock

    def counted(self) -> Counted:
        """Return all numbers."""
        now, progress = self._outlooks.now, self._reindex.progress()
        index = now.index
        return Counted(
            oldest_pending_s=self._oldest_pending_s(),
            calls=self._metered.counts(),
            breaker=self._breakers.of(self._first()).state,
            breaker_opened=self._breakers.opened,
            indexed={
                "labels": len(index),
                "embeddings": len(index.embeddings),
                "objects": len(index.objects),
                "layouts": len(index.layouts),
            },
            neighbours_waiting=now.neighbours.waiting,
            reindexed=progress.done,
            to_reindex=progress.photos,
            watchers=self._changes.watchers,
            commits=self._store.info().commits,
        )

    def _oldest_pending_s(self) -> float:
        try:
            ages = [self._clock() - self._store.get(job.photo_id).added_at for job in self._store.jobs(limit=1)]
        except PhotoNotFound:
            return 0.0  # deleted since
        return max((age.total_seconds() for age in ages), default=0.0)
