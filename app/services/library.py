"""Photos in and out: uploads, lists, single photos, deletion."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app import imaging
from app.domain import LEAST_CONFIDENCE, Bytes8, Photo, PhotoDetails, PhotoId, PhotoPage, PhotoState, UploadResult
from app.errors import BadInput, BadParameter, PhotoDamaged, PhotoNotFound, UploadTooLarge
from app.services.ingest import Ingest
from app.services.looker import Looker
from app.services.outlooks import Outlooks
from app.services.photo_ids import photo_id_of
from app.services.prepared import PreparedInputs
from app.store.base import Known, NewPhoto, Rows, Store

log = logging.getLogger(__name__)

THUMBNAIL_SIZES_PX = (256, 512, 1024)
STORED_THUMBNAIL_PX = 512
PAGE_SIZE = 60


@dataclass(frozen=True)
class Upload:
    """One file as it was sent."""

    filename: str
    data: bytes
    known: Known | None = None
    """What another gallery knew of the photo."""


@dataclass(frozen=True)
class Limits:
    """What an upload may measure."""

    max_upload_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class _Checked:
    """An upload that may be stored, and what its decoding gave already for the model."""

    photo: NewPhoto
    model_input: Bytes8


class Library:
    """All photos of the gallery."""

    def __init__(
        self,
        store: Store,
        outlooks: Outlooks,
        looker: Callable[[], Looker],
        ingest: Ingest,
        prepared: PreparedInputs,
        limits: Limits,
    ) -> None:
        """`looker` returns the model that new photos come to first."""
        self._store = store
        self._outlooks = outlooks
        self._looker = looker
        self._ingest = ingest
        self._prepared = prepared
        self._limits = limits

    def check_size(self, filename: str, size_bytes: int) -> None:
        """Raise UploadTooLarge if a file of this size is over the limit."""
        limit = self._limits.max_upload_bytes
        if size_bytes > limit:
            raise UploadTooLarge(
                f"{filename[:80]!r} has {size_bytes:,} bytes; {limit:,} are allowed. Send a smaller copy, or raise "
                "GALLERY_MAX_UPLOAD_BYTES.",
                size_bytes=size_bytes,
                limit_bytes=limit,
            )

    def upload(self, uploads: Sequence[Upload]) -> list[UploadResult]:
        """Store what can be stored, durably and in one go; return what became of each, in order.

        Raises StoreFull if the disk is full; then none of them was stored.
        """
        results: list[UploadResult | None] = []
        accepted: list[_Checked] = []
        for upload in uploads:
            try:
                accepted.append(self._check(upload))
                results.append(None)
            except BadInput as error:
                results.append(UploadResult(upload.filename, error=error))
        stored = iter(self._store_all(accepted))
        return [result or next(stored) for result in results]

    def page(
        self,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
        label: str | None = None,
        state: PhotoState | None = None,
    ) -> PhotoPage:
        """Return a stretch of the photos, newest first; raise BadParameter for a cursor or label that can't be."""
        rows = self.rows(label, state)
        below = np.searchsorted(rows, _row_of(cursor)) if cursor is not None else len(rows)
        chosen = rows[max(0, below - limit) : below][::-1]
        photos = tuple(photo for row in chosen if (photo := self._at(int(row))) is not None)
        next_cursor = str(chosen[-1]) if len(chosen) and below > limit else None
        return PhotoPage(photos, total=len(rows), next_cursor=next_cursor)

    def rows(self, label: str | None = None, state: PhotoState | None = None) -> Rows:
        """Return the rows of the photos with a label and in a state, ascending; raise BadParameter for a label."""
        rows = self._store.rows(state)
        return rows if label is None else np.intersect1d(rows, self._rows_with(label), assume_unique=True)

    def details(self, photo_id: PhotoId) -> PhotoDetails:
        """Return all that is known of a photo; raise PhotoNotFound."""
        photo = self._as_far(self._store.get(photo_id))
        now = self._outlooks.now
        features = now.stored.of(photo_id)
        if features is None:
            return PhotoDetails(photo, objects=(), tags=(), models=())
        names = tuple(card.name for card in now.models.cards.values())
        return PhotoDetails(photo, now.maker.objects(features), now.maker.tags(features), models=names)

    def original(self, photo_id: PhotoId, *, damaged: bool = False) -> tuple[Photo, bytes]:
        """Return a photo and its bytes as uploaded; raise PhotoNotFound, or PhotoDamaged.

        With `damaged`, bytes that aren't what was uploaded are returned too, as long as there are any.
        """
        return self._store.get(photo_id), self._store.read_bytes(photo_id, damaged=damaged)

    def thumbnail(self, photo_id: PhotoId, size_px: int) -> bytes:
        """Return a WebP thumbnail whose longer side is the next of 256, 512, 1024 pixels; raise PhotoNotFound."""
        size_px = next((size for size in THUMBNAIL_SIZES_PX if size >= size_px), THUMBNAIL_SIZES_PX[-1])
        stored = self._stored_thumbnail(photo_id) if size_px <= STORED_THUMBNAIL_PX else None
        if stored is not None and size_px == STORED_THUMBNAIL_PX:
            return stored
        source = self._store.read_bytes(photo_id) if stored is None else stored
        large = max(size_px, imaging.KEPT_LONG_PX)
        return imaging.decode(source, max_pixels=self._limits.max_pixels, long_side_px=large).thumbnail(size_px)

    def _stored_thumbnail(self, photo_id: PhotoId) -> bytes | None:
        """Return the thumbnail as stored, or None if it is damaged; raise PhotoNotFound."""
        try:
            return self._store.read_thumbnail(photo_id)
        except PhotoDamaged as error:
            log.warning("%s It is made of the photo for now; `gallery verify` mends it.", error.message)
            return None

    def delete(self, photo_id: PhotoId) -> Photo:
        """Remove a photo for good; raise PhotoNotFound."""
        photo = self._store.delete(photo_id)
        self._outlooks.remove(photo.row)
        self._prepared.take(photo_id)
        return photo

    def retry(self, photo_id: PhotoId) -> Photo:
        """Look at a photo again; raise PhotoNotFound."""
        photo = self._store.retry(photo_id, self._looker().name)
        self._ingest.wake()
        return photo

    def retry_failed(self) -> int:
        """Look at all failed photos again; return how many there were."""
        failed = [photo for row in self._store.rows(PhotoState.FAILED) if (photo := self._at(int(row))) is not None]
        for photo in failed:
            self._store.retry(photo.id, self._looker().name)
        self._ingest.wake()
        return len(failed)

    def _check(self, upload: Upload) -> _Checked:
        """Return an upload ready for the store; raise BadInput if it can't go there."""
        name = imaging.check_name(upload.filename)
        self.check_size(name, len(upload.data))
        picture = imaging.decode(upload.data, max_pixels=self._limits.max_pixels)
        thumbnail = picture.thumbnail(STORED_THUMBNAIL_PX)
        card = self._looker().card
        return _Checked(
            NewPhoto(photo_id_of(upload.data), name, upload.data, picture.facts, thumbnail, upload.known),
            picture.model_input(card.input_width_px, card.input_height_px),
        )

    def _store_all(self, accepted: Sequence[_Checked]) -> list[UploadResult]:
        if not accepted:
            return []
        added = self._store.add([checked.photo for checked in accepted], self._looker().name)
        self._let_be_found([one.photo for one in added if not one.duplicate])
        for checked, one in zip(accepted, added, strict=True):
            if not one.duplicate and one.photo.state is PhotoState.STORED:
                self._prepared.put(checked.photo.id, checked.model_input)
        self._ingest.wake()
        return [
            UploadResult(checked.photo.name, one.photo, one.duplicate)
            for checked, one in zip(accepted, added, strict=True)
        ]

    def _let_be_found(self, photos: Sequence[Photo]) -> None:
        """Have searches know what new photos say about themselves."""
        index = self._outlooks.now.index
        index.come(photos)
        for photo in photos:
            if self._at(photo.row) is None:  # Deleted meanwhile: who did that may have come before us.
                index.remove(photo.row)

    def _rows_with(self, label: str) -> Rows:
        now = self._outlooks.now
        labels = now.models.card.labels
        if label not in labels:
            raise BadParameter(f"No object is called {label[:80]!r}. Labels are: {', '.join(labels)}.")
        return now.index.rows_with_object(labels.index(label) + 1, LEAST_CONFIDENCE)

    def _as_far(self, photo: Photo) -> Photo:
        """Return a photo that says it is ready only once searches find it, a moment after its features are stored."""
        if photo.state is not PhotoState.READY:
            return photo
        if self._ingest.has_in_hand(photo.id) or photo.row not in self._outlooks.now.index:
            return replace(photo, state=PhotoState.PROCESSING)
        return photo

    def _at(self, row: int) -> Photo | None:
        try:
            return self._as_far(self._store.at(row))
        except PhotoNotFound:
            return None  # deleted since its row was read


def _row_of(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 15):
        raise BadParameter(f"cursor must be the `next_cursor` of the page before, not {cursor[:80]!r}.")
    return int(cursor)
