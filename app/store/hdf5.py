"""The store on an HDF5 file: the contract of `base.Store` on top of rows, segments and features."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from app.domain import Features, Float32, Job, Photo, PhotoId, PhotoState
from app.errors import PhotoDamaged
from app.store import features as feature_rows
from app.store import gallery_file, lifecycle, photo_bytes, records, rows, schema
from app.store.adding import add_photo, bits_of_known
from app.store.backup import back_up
from app.store.base import BLOCK_ROWS, Added, FeatureTable, NewPhoto, PhotoFactColumns, Rows, Shapes, StoreInfo
from app.store.changes import Changes, damaged_bytes, damaged_features, not_found
from app.store.commits import CommitQueue, Ticket
from app.store.compaction import compact
from app.store.dead_rows import free_dead_rows
from app.store.device import Device
from app.store.dropping import drop_features
from app.store.feature_reading import FeatureReader
from app.store.gallery_file import GalleryFile
from app.store.keeping import compute_anew, keep_features
from app.store.model_choice import Hdf5ModelChoice
from app.store.neighbors import Hdf5Neighbours
from app.store.photo_facts import fact_columns
from app.store.records import Blobs
from app.store.saved_searches import Hdf5SavedSearches
from app.store.segments import Extent, Segments
from app.store.table import Entry, PhotoTable
from app.store.verify import Damage, Progress, Verified, rows_to_compute_anew, verify


def _now() -> datetime:
    return datetime.now(UTC)


class Hdf5Store:
    """Implements `base.Store`; see there for what each method promises."""

    def __init__(self, device: Device, layout: schema.Layout, clock: Callable[[], datetime]) -> None:
        """Own and open the file on `device`; raise StoreLocked or StoreFormatError."""
        self._file = GalleryFile(device, layout.spare_bytes)
        self._layout = layout
        self._clock = clock
        self._commits = CommitQueue(self._commit)
        self._photos = PhotoTable()
        self._features = FeatureReader(self._file, self._photos, self._datasets)
        self.neighbours = Hdf5Neighbours(self._file, self._commits, self._photos, self._features, layout.chunk_rows)
        try:
            self._load()
        except BaseException:
            self._file.abandon()
            raise

    def _load(self) -> None:
        with self._file.lock:
            rows.check_same_length(self._file.hdf5)
            rows.load(self._file.hdf5, self._photos, self._file.blocks)
            self._segments = Segments(self._file, self._layout)
            self.saved_searches = Hdf5SavedSearches(self._file, self._commits, self._clock)
            self.model_choice = Hdf5ModelChoice(self._file, self._commits)
            self._look_up()
        self._segments.find_free(self._photos.extents())

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        layout: schema.Layout | None = None,
        clock: Callable[[], datetime] = _now,
        application_version: str = "",
    ) -> Self:
        """Open a gallery file, or make an empty one; raise StoreError, StoreLocked or StoreFormatError."""
        sizes = layout or schema.Layout()
        if create and not path.exists():
            gallery_file.create(path, sizes, application_version)
        device = gallery_file.open_device(path)
        try:
            return cls(device, sizes, clock)
        except BaseException:
            device.close()
            raise

    # ---- photos ----

    def add(self, photos: Sequence[NewPhoto], model: str) -> list[Added]:
        """Store photos and a job for each; see the contract."""
        self._file.expect_open()
        for photo in photos:
            records.check_new(photo)
        written: dict[PhotoId, Blobs] = {}
        kept: set[PhotoId] = set()
        try:
            while True:
                new: dict[PhotoId, NewPhoto] = {}
                for photo in photos:
                    if photo.id not in written and self._photos.row_of(photo.id) is None:
                        new.setdefault(photo.id, photo)
                written.update(photo_bytes.write(self._segments, list(new.values())))
                added = self._commits.run(lambda changes: self._add(changes, photos, model, written))
                if added is not None:
                    kept = {one.photo.id for one in added if not one.duplicate}
                    return added
        finally:
            for photo_id in written.keys() - kept:
                for extent in written[photo_id].extents:
                    self._segments.give_back(extent)

    def get(self, photo_id: PhotoId) -> Photo:
        """Return a photo."""
        return self._photo(*self._find(photo_id))

    def at(self, row: int) -> Photo:
        """Return the photo in a row."""
        self._file.expect_open()
        return self._photo(row, Changes(self._photos).expect_entry(row))

    def rows(self, state: PhotoState | None = None) -> Rows:
        """Return rows, ascending."""
        self._file.expect_open()
        if state is None:
            return self._photos.alive()
        if state is PhotoState.PROCESSING:
            return self._photos.processing()
        return self._photos.in_state(records.STATE_NUMBERS[state])

    def photo_facts(self) -> PhotoFactColumns:
        """Return what all photos say about themselves."""
        self._file.expect_open()
        return fact_columns(self._photos)

    def read_bytes(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return the bytes as uploaded."""
        try:
            return self._read(photo_id, records.photo_extent, "crc32", "photo")
        except PhotoDamaged:
            _, entry = self._find(photo_id)
            if damaged and (data := self._segments.read_unchecked(records.photo_extent(entry))):
                return data
            raise

    def read_thumbnail(self, photo_id: PhotoId) -> bytes:
        """Return the thumbnail."""
        return self._read(photo_id, records.thumbnail_extent, "thumbnail_crc32", "thumbnail of the photo")

    def delete(self, photo_id: PhotoId) -> Photo:
        """Remove a photo."""

        def change(changes: Changes) -> Photo:
            row = changes.expect_row_of(photo_id)
            entry = changes.expect_entry(row)
            gone = self._photo(row, entry)
            changes.remove(row)
            changes.freed += records.both_extents(entry)
            return gone

        return self._commits.run(change, use_spare=True)

    # ---- features ----

    def features(self, photo_id: PhotoId, model: str) -> Features | None:
        """Return what a model says of a photo."""
        row, entry = self._find(photo_id)
        if not self._features.has(model, row):
            return None
        found = self._features.one(model, row)
        if found is None:
            raise damaged_features(photo_id, entry.name, model)
        return found

    def models(self) -> dict[str, Shapes]:
        """Return the models that have said something of photos, with the shapes of it."""
        self._file.expect_open()
        return {model: datasets.shapes for model, datasets in self._datasets().items()}

    def feature_blocks(
        self, model: str, rows_per_block: int = BLOCK_ROWS, among: Rows | None = None
    ) -> Iterator[FeatureTable]:
        """Yield all features of a model; damaged ones are left out and queued to be computed anew."""
        self._file.expect_open()
        for block, damaged in self._features.blocks(model, rows_per_block, among):
            if len(damaged):
                self._compute_anew(model, damaged.tolist())
            if len(block.rows):
                yield block

    def embeddings_of(self, rows: Rows, model: str) -> Float32:
        """Return rows' embeddings."""
        self._file.expect_open()
        return self._features.embeddings(model, rows)

    # ---- jobs ----

    def jobs(self, due: datetime | None = None, limit: int | None = None) -> list[Job]:
        """Return pending jobs, oldest photo first."""
        self._file.expect_open()
        waiting = self._photos.pending(None if due is None else records.microseconds(due), limit)
        entries = [self._photos.entry(row) for row in waiting]
        return [records.job(entry) for entry in entries if entry is not None and entry.job_model is not None]

    def start(self, photo_ids: Sequence[PhotoId]) -> None:
        """Show photos as processing."""
        self._file.expect_open()
        self._photos.set_processing(photo_ids)

    def finish(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features and drop the jobs."""
        return self._keep(model, features, lifecycle.ready)

    def add_features(self, model: str, features: Mapping[PhotoId, Features]) -> list[Photo]:
        """Store features and leave states and jobs."""
        return self._keep(model, features, lifecycle.with_features)

    def drop_features(self, model: str) -> int:
        """Forget what a model says of photos."""
        self._file.expect_open()
        known = self._datasets().get(model)
        dropped = 0 if known is None else drop_features(self._commits, self._photos, known.bit)
        self._commits.run(self._free_dead_rows)
        return dropped

    def postpone(self, photo_ids: Sequence[PhotoId], not_before: datetime, error: str) -> None:
        """Count an attempt and put the jobs off."""
        later = records.microseconds(not_before)

        def change(changes: Changes) -> None:
            for row, entry in changes.living(photo_ids):
                if entry.job_model is not None:
                    changes.entries[row] = lifecycle.postponed(entry, later, error)

        self._commits.run(change, use_spare=True)

    def fail(self, photo_id: PhotoId, error: str) -> None:
        """Give a photo's job up."""

        def change(changes: Changes) -> None:
            for row, entry in changes.living([photo_id]):
                changes.entries[row] = lifecycle.failed(entry, error)

        self._commits.run(change, use_spare=True)

    def retry(self, photo_id: PhotoId, model: str) -> Photo:
        """Queue a photo's job anew."""

        def change(changes: Changes) -> int:
            row = changes.expect_row_of(photo_id)
            now = records.microseconds(self._clock())
            changes.entries[row] = lifecycle.waiting(changes.expect_entry(row), model, now)
            return row

        return self.at(self._commits.run(change, use_spare=True))

    # ---- the file ----

    def info(self) -> StoreInfo:
        """Return facts about the file."""
        self._file.expect_open()
        by_state = {state: len(self.rows(state)) for state in PhotoState}
        return StoreInfo(
            path=self._file.path,
            size_bytes=self._file.device.allocated_bytes(),
            format_version=schema.FORMAT_VERSION,
            photos=sum(by_state.values()),
            by_state=by_state,
            pending_jobs=len(self._photos.pending(None, None)),
            commits=self._commits.count,
        )

    def verify(self, progress: Progress = lambda done, of: None) -> Verified:
        """Check every byte against its checksum and name what is damaged."""
        return verify(self._file, self._photos, self._segments, self._features, list(self._datasets()), progress)

    def repair(self, damages: Sequence[Damage]) -> int:
        """Queue damaged features to be computed anew; return how many photos that concerns."""
        rows_of = rows_to_compute_anew(self._photos, damages)
        for model, damaged in rows_of.items():
            self._compute_anew(model, damaged)
        return len({row for damaged in rows_of.values() for row in damaged})

    def mend(self, photo_id: PhotoId, thumbnail: bytes, exif: Mapping[str, str]) -> None:
        """Put a thumbnail (WebP) and camera details in the place of damaged ones; raise PhotoNotFound, StoreFull."""
        photo_bytes.mend(self._commits, self._segments, photo_id, thumbnail, exif)

    def compact(self, progress: Progress = lambda done, of: None) -> int:
        """Give unused room back to the file system while work goes on; return how many bytes that was."""
        self._file.expect_open()
        before = self._file.device.allocated_bytes()
        compact(self._commits, self._photos, self._segments, progress)
        self._commits.run(self._free_dead_rows)
        return max(0, before - self._file.device.allocated_bytes())

    def backup(self, path: Path, progress: Progress = lambda done, of: None) -> None:
        """Make a consistent copy while work goes on; raise StoreError or StoreFull."""
        self._file.expect_open()
        back_up(self._file, path, progress)

    def close(self) -> None:
        """Make everything durable and give the file back."""
        self._file.close()

    def _commit(self, tickets: list[Ticket]) -> None:
        """Gather changes, write them, make them durable, and only then show them to everybody."""
        self._file.expect_open()
        changes = Changes(self._photos)
        for ticket in tickets:
            ticket.stage(changes)
        if changes.entries or changes.also:
            use_spare, new_features = all(ticket.use_spare for ticket in tickets), any(changes.features.values())
            with self._features.writing(new_features), self._file.change(use_spare=use_spare) as written:
                written += changes.written
                self._write(changes)
            self._photos.put(changes.entries)
        for extent in changes.freed:
            self._segments.give_back(extent)

    def _write(self, changes: Changes) -> None:
        models = self._datasets()
        if changes.entries:
            self._rows.write(changes.entries, changes.deleted)
        for model, shapes in changes.new_models.items():
            models[model] = feature_rows.add_model(
                self._file.hdf5, model, shapes, len(models), self._layout.chunk_rows
            )
        for model, features in changes.features.items():
            if features:
                models[model].write(features, self._rows.count)
        for write in changes.also:
            write()

    def _add(
        self, changes: Changes, photos: Sequence[NewPhoto], model: str, written: Mapping[PhotoId, Blobs]
    ) -> list[Added] | None:
        """Stage new photos; return None if a photo that was a duplicate was deleted before its turn came."""
        if any(photo.id not in written and changes.row_of(photo.id) is None for photo in photos):
            return None
        bits = bits_of_known(changes, self._datasets(), photos)
        added = []
        for photo in photos:
            row = changes.row_of(photo.id)
            if row is not None:
                added.append(Added(self._photo(row, changes.expect_entry(row)), duplicate=True))
            else:
                added.append(add_photo(changes, photo, written[photo.id], model, bits, self._clock()))
        return added

    def _free_dead_rows(self, _: Changes) -> None:
        """Run with no commit under way, so that nothing is written meanwhile where no row has anything yet."""
        models = self._datasets().items()
        by_model = {name: self._photos.with_features(known.bit) for name, known in models}
        free_dead_rows(self._file, by_model, self._photos.alive(), self._photos.count)

    def _compute_anew(self, model: str, damaged: Sequence[int]) -> None:
        known, now = self._datasets()[model], records.microseconds(self._clock())
        self._commits.run(lambda changes: compute_anew(changes, known, damaged, now), use_spare=True)

    def _keep(
        self, model: str, features: Mapping[PhotoId, Features], changed: Callable[[Entry, int], Entry]
    ) -> list[Photo]:
        kept = self._commits.run(lambda changes: keep_features(changes, self._datasets(), model, features, changed))
        return [self._photo(row, entry) for row, entry in kept]

    def _datasets(self) -> dict[str, feature_rows.ModelFeatures]:
        """Return the models' datasets, found anew after a change failed."""
        with self._file.lock:
            if self._opening != self._file.openings:
                self._look_up()
            return self._models

    def _look_up(self) -> None:
        self._opening = self._file.openings
        self._rows = rows.PhotoRows(self._file.hdf5, self._file.blocks)
        self._models = feature_rows.models(self._file.hdf5)

    def _find(self, photo_id: PhotoId) -> tuple[int, Entry]:
        self._file.expect_open()
        row = self._photos.row_of(photo_id)
        entry = None if row is None else self._photos.entry(row)
        if row is None or entry is None:
            raise not_found(photo_id)
        return row, entry

    def _photo(self, row: int, entry: Entry) -> Photo:
        behind = self._segments.read(records.details_extent(entry), int(entry["details_crc32"]))
        return records.photo(row, entry, records.exif(behind), self._photos.is_processing(row))

    def _read(self, photo_id: PhotoId, place: Callable[[Entry], Extent], crc32: str, what: str) -> bytes:
        _, entry = self._find(photo_id)
        data = self._segments.read(place(entry), int(entry[crc32]))
        while data is None:
            # Deleted or moved between the look at its row and the read: the pages may be another photo's by now.
            before, (_, entry) = entry, self._find(photo_id)
            if place(before) == place(entry):
                raise damaged_bytes(what, photo_id, entry.name)
            data = self._segments.read(place(entry), int(entry[crc32]))
        return data
