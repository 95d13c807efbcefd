"""The store as plain dicts: the same contract, nothing kept. For tests of what stands above the store."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.domain import Features, Float32, Job, Photo, PhotoId, PhotoState
from app.errors import StoreError
from app.store import records
from app.store.base import (
    BLOCK_ROWS,
    Added,
    FeatureTable,
    Known,
    NewPhoto,
    PhotoFactColumns,
    Rows,
    Shapes,
    StoreInfo,
    shapes_of,
)
from app.store.changes import no_row, not_found
from app.store.features import check, table_of
from app.store.memory_model_choice import MemoryModelChoice
from app.store.memory_neighbors import MemoryNeighbours
from app.store.memory_saved_searches import MemorySavedSearches
from app.store.photo_facts import columns_of


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """Implements `base.Store`; see there for what each method promises."""

    def __init__(self, *, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._closed = False
        self._next_row = 0
        self._photos: dict[PhotoId, Photo] = {}
        self._bytes: dict[PhotoId, tuple[bytes, bytes]] = {}
        self._jobs: dict[PhotoId, Job] = {}
        self._features: dict[str, dict[PhotoId, Features]] = {}
        self.neighbours = MemoryNeighbours(self._features_by_row)
        self.saved_searches = MemorySavedSearches(clock)
        self.model_choice = MemoryModelChoice()
        self._shapes: dict[str, Shapes] = {}

    def add(self, photos: Sequence[NewPhoto], model: str) -> list[Added]:
        """Store photos and a job for each."""
        with self._open():
            for photo in photos:
                records.check_new(photo)
            return [self._add(photo, model) for photo in photos]

    def get(self, photo_id: PhotoId) -> Photo:
        """Return a photo."""
        with self._open():
            if photo_id not in self._photos:
                raise not_found(photo_id)
            return self._photos[photo_id]

    def at(self, row: int) -> Photo:
        """Return the photo in a row."""
        with self._open():
            for photo in self._photos.values():
                if photo.row == row:
                    return photo
            raise no_row(row)

    def rows(self, state: PhotoState | None = None) -> Rows:
        """Return rows, ascending."""
        with self._open():
            return np.array(
                sorted(photo.row for photo in self._photos.values() if state in (None, photo.state)), np.int64
            )

    def photo_facts(self) -> PhotoFactColumns:
        """Return what all photos say about themselves."""
        with self._open():
            return columns_of(sorted(self._photos.values(), key=lambda photo: photo.row))

    def read_bytes(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return the bytes as uploaded."""
        with self._open():
            return self._bytes[self.get(photo_id).id][0]

    def read_thumbnail(self, photo_id: PhotoId) -> bytes:
        """Return the thumbnail."""
        with self._open():
            return self._bytes[self.get(photo_id).id][1]

    def delete(self, photo_id: PhotoId) -> Photo:
        """Remove a photo."""
        with self._open():
            gone = self.get(photo_id)
            del self._photos[photo_id], self._bytes[photo_id]
            self._jobs.pop(photo_id, None)
            for features in self._features.values():
                features.pop(photo_id, None)
            return gone

    def features(self, photo_id: PhotoId, model: str) -> Features | None:
        """Return what a model says of a photo."""
        with self._open():
            return self._features.get(model, {}).get(self.get(photo_id).id)

    def models(self) -> dict[str, Shapes]:
        """Return the models that have said something of photos, with the shapes of it."""
        with self._open():
            return dict(self._shapes)

    def feature_blocks(
        self, model: str, rows_per_block: int = BLOCK_ROWS, among: Rows | None = None
    ) -> Iterator[FeatureTable]:
        """Yield all features of a model."""
        with self._open():
            photo_ids = sorted(self._features.get(model, {}), key=self._row_of)
            if among is not None:
                photo_ids = [photo_id for photo_id in photo_ids if self._row_of(photo_id) in among]
        for start in range(0, len(photo_ids), rows_per_block):
            with self._open():
                known = self._features[model]
                living = [photo_id for photo_id in photo_ids[start : start + rows_per_block] if photo_id in known]
                rows = np.array([self._row_of(photo_id) for photo_id in living], np.int64)
                found = [known[photo_id] for photo_id in living]
            if living:
                yield table_of(rows, found)

    def embeddings_of(self, rows: Rows, model: str) -> Float32:
        """Return rows' embeddings."""
        with self._open():
            (width,) = self._shapes[model]["embedding"] if model in self._shapes else (0,)
            found = np.zeros((len(rows), width), np.float32)
            known = self._features_by_row(model)
            for at, row in enumerate(rows.tolist()):
                if row in known:
                    found[at] = known[row].embedding
            return found

    def jobs(self, due: datetime | None = None, limit: int | None = None) -> list[Job]:
        """Return pending jobs, oldest photo first."""
        with self._open():
            waiting = [job for job in self._jobs.values() if due is None or job.not_before <= due]
            return sorted(waiting, key=lambda job: self._photos[job.photo_id].row)[:limit]

    def start(self, photo_ids: Sequence[PhotoId]) -> None:
        """Show photos as processing."""
        with self._open():
            for photo_id in self._living(photo_ids):
                self._change(photo_id, PhotoState.PROCESSING, self._photos[photo_id].error)

    def finish(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features and drop the jobs."""
        with self._open():
            living = self._living(list(features))
            self.add_features(model, features)
            for photo_id in living:
                self._jobs.pop(photo_id, None)
                self._change(photo_id, PhotoState.READY, None)
            return [self._photos[photo_id] for photo_id in living]

    def add_features(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features and leave states and jobs."""
        with self._open():
            living = self._living(list(features))
            for photo_id in living:
                shapes = self._shapes.get(model) or shapes_of(features[photo_id])
                check(model, shapes, [features[photo_id]])
            for photo_id in living:
                self._keep(model, photo_id, features[photo_id])
            return [self._photos[photo_id] for photo_id in living]

    def drop_features(self, model: str) -> int:
        """Forget what a model says of photos."""
        with self._open():
            dropped = self._features.pop(model, {})
            for photo_id in dropped:
                if self._photos[photo_id].state is PhotoState.PROCESSING:
                    self._change(photo_id, PhotoState.STORED, None)
            return len(dropped)

    def postpone(self, photo_ids: Sequence[PhotoId], not_before: datetime, error: str) -> None:
        """Count an attempt and put the jobs off."""
        with self._open():
            for photo_id in self._living(photo_ids):
                job = self._jobs.get(photo_id)
                if job is not None:
                    self._jobs[photo_id] = replace(
                        job, attempts=job.attempts + 1, not_before=not_before, last_error=error
                    )
                    self._change(photo_id, PhotoState.STORED, None)

    def fail(self, photo_id: PhotoId, error: str) -> None:
        """Give a photo's job up."""
        with self._open():
            for living in self._living([photo_id]):
                self._jobs.pop(living, None)
                self._change(living, PhotoState.FAILED, error)

    def retry(self, photo_id: PhotoId, model: str) -> Photo:
        """Queue a photo's job anew."""
        with self._open():
            self.get(photo_id)
            self._jobs[photo_id] = Job(photo_id, model, 0, self._clock(), None)
            self._change(photo_id, PhotoState.STORED, None)
            return self._photos[photo_id]

    def restart(self) -> None:
        """Show photos that were being processed as stored again, as a store that was closed and opened does."""
        with self._open():
            for photo_id, photo in self._photos.items():
                if photo.state is PhotoState.PROCESSING:
                    self._change(photo_id, PhotoState.STORED, None)

    def info(self) -> StoreInfo:
        """Return facts about the store."""
        with self._open():
            return StoreInfo(
                path=Path("memory"),
                size_bytes=sum(len(data) + len(thumbnail) for data, thumbnail in self._bytes.values()),
                format_version=0,
                photos=len(self._photos),
                by_state={state: len(self.rows(state)) for state in PhotoState},
                pending_jobs=len(self._jobs),
            )

    def close(self) -> None:
        """Refuse further calls."""
        self._closed = True

    def _open(self) -> threading.RLock:
        if self._closed:
            raise StoreError("The store was closed; open it again.")
        return self._lock

    def _add(self, new: NewPhoto, model: str) -> Added:
        if new.id in self._photos:
            return Added(self._photos[new.id], duplicate=True)
        now = self._clock()
        photo = Photo(
            row=self._next_row,
            id=new.id,
            name=new.name,
            size_bytes=len(new.data),
            facts=new.facts,
            added_at=now,
            state=PhotoState.STORED,
        )
        self._next_row += 1
        self._photos[new.id] = photo
        self._bytes[new.id] = new.data, new.thumbnail
        self._jobs[new.id] = Job(new.id, model, 0, now, None)
        if new.known is not None:
            self._take_over(new.id, new.known)
        return Added(self._photos[new.id], duplicate=False)

    def _take_over(self, photo_id: PhotoId, known: Known) -> None:
        if known.state is not PhotoState.STORED:
            del self._jobs[photo_id]
        for model, features in known.features.items():
            self._keep(model, photo_id, features)
        self._photos[photo_id] = replace(
            self._photos[photo_id], added_at=known.added_at, state=known.state, error=known.error
        )

    def _keep(self, model: str, photo_id: PhotoId, features: Features) -> None:
        self._features.setdefault(model, {})[photo_id] = features
        self._shapes.setdefault(model, shapes_of(features))

    def _features_by_row(self, model: str) -> dict[int, Features]:
        with self._open():
            return {self._row_of(photo_id): one for photo_id, one in self._features.get(model, {}).items()}

    def _row_of(self, photo_id: PhotoId) -> int:
        return self._photos[photo_id].row

    def _living(self, photo_ids: Sequence[PhotoId]) -> list[PhotoId]:
        return [photo_id for photo_id in photo_ids if photo_id in self._photos]

    def _change(self, photo_id: PhotoId, state: PhotoState, error: str | None) -> None:
        self._photos[photo_id] = replace(self._photos[photo_id], state=state, error=error)
