"""Between the domain's photos and the store's rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain import Job, Photo, PhotoFacts, PhotoId, PhotoState
from app.errors import BadFileName, StoreError
from app.store import schema
from app.store.base import NewPhoto
from app.store.journal import Fresh
from app.store.segments import Extent
from app.store.table import Entry, filled

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = {
    schema.STORED: PhotoState.STORED,
    schema.READY: PhotoState.READY,
    schema.FAILED: PhotoState.FAILED,
}
STATE_NUMBERS = {state: number for number, state in _STATES.items()}


def microseconds(moment: datetime) -> int:
    """Return a moment as whole microseconds since 1970 UTC; a moment without a zone is taken as UTC."""
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (zoned - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds_since_1970: int) -> datetime:
    """Return the moment (UTC) of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def details(exif_facts: Mapping[str, str]) -> bytes:
    """Return what stands behind the thumbnail: JSON with the EXIF facts."""
    return json.dumps({"exif": exif_facts}, ensure_ascii=False).encode()


def exif(data: bytes | None) -> dict[str, str]:
    """Return the EXIF facts of `details`; none if the bytes were damaged, for they can be read anew."""
    if data is None:
        return {}
    facts: dict[str, str] = json.loads(data)["exif"]
    return facts


def check_new(photo: NewPhoto) -> None:
    """Refuse what a row can't hold; raise BadFileName or StoreError."""
    if len(photo.name.encode()) > schema.NAME_BYTES or "\0" in photo.name:
        raise BadFileName(f"The name {photo.name[:60]!r} is longer than {schema.NAME_BYTES} bytes or holds a NUL.")
    if len(photo.id) != 32 or len(photo.facts.media_type) > 32 or len(photo.facts.dominant_colour) > 7:
        raise StoreError(f"The photo {photo.id!r} ({photo.name}) has facts that don't fit into the gallery file.")


@dataclass(frozen=True)
class Blobs:
    """What was written of a new photo: its bytes, and its thumbnail with the details behind."""

    data: Extent
    thumbnail: Extent
    data_crc32: int
    thumbnail_crc32: int
    details_crc32: int
    fresh: list[Fresh]

    @property
    def extents(self) -> list[Extent]:
        """Return both places."""
        return [self.data, self.thumbnail]


def new_entry(photo: NewPhoto, written: Blobs, model: str, now: datetime) -> Entry:
    """Return the row of a new photo with its job."""
    facts = photo.facts
    data, thumbnail = written.data, written.thumbnail
    record = filled(
        id=photo.id.encode(),
        segment=data.segment,
        offset=data.offset,
        length=data.length,
        crc32=written.data_crc32,
        thumbnail_segment=thumbnail.segment,
        thumbnail_offset=thumbnail.offset,
        thumbnail_length=len(photo.thumbnail),
        thumbnail_crc32=written.thumbnail_crc32,
        details_length=thumbnail.length - len(photo.thumbnail),
        details_crc32=written.details_crc32,
        width=facts.width,
        height=facts.height,
        added_at=microseconds(now),
        state=schema.STORED,
        dominant_colour=facts.dominant_colour.encode(),
        media_type=facts.media_type.encode(),
        taken_at=facts.taken_at.isoformat().encode() if facts.taken_at else b"",
        job_not_before=microseconds(now),
    )
    return Entry(record, name=photo.name, job_model=model)


def photo(row: int, entry: Entry, exif_facts: dict[str, str], processing: bool) -> Photo:
    """Return what the domain calls a photo."""
    taken_at = entry.text("taken_at")
    facts = PhotoFacts(
        media_type=entry.text("media_type"),
        width=int(entry["width"]),
        height=int(entry["height"]),
        dominant_colour=entry.text("dominant_colour"),
        taken_at=_time(taken_at),
        exif=exif_facts,
    )
    return with_facts(row, entry, facts, processing)


def with_facts(row: int, entry: Entry, facts: PhotoFacts, processing: bool) -> Photo:
    """Return what the domain calls a photo, its facts being known already."""
    return Photo(
        row=row,
        id=PhotoId(entry.text("id")),
        name=entry.name,
        size_bytes=int(entry["length"]),
        facts=facts,
        added_at=moment(int(entry["added_at"])),
        state=PhotoState.PROCESSING if processing else _STATES.get(int(entry["state"]), PhotoState.FAILED),
        error=entry.error,
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:  # A damaged row; verify names it.
        return None


def job(entry: Entry) -> Job:
    """Return the job that an entry has."""
    return Job(
        photo_id=PhotoId(entry.text("id")),
        model=entry.job_model or "",
        attempts=int(entry["job_attempts"]),
        not_before=moment(int(entry["job_not_before"])),
        last_error=entry.job_error,
    )


def photo_extent(entry: Entry) -> Extent:
    """Return where a photo's bytes stand."""
    return _extent(entry, "segment", "offset", int(entry["length"]))


def thumbnail_extent(entry: Entry) -> Extent:
    """Return where a photo's thumbnail stands."""
    return _extent(entry, "thumbnail_segment", "thumbnail_offset", int(entry["thumbnail_length"]))


def details_extent(entry: Entry) -> Extent:
    """Return where a photo's EXIF facts stand."""
    thumbnail = thumbnail_extent(entry)
    return Extent(thumbnail.segment, thumbnail.offset + thumbnail.length, int(entry["details_length"]))


def both_extents(entry: Entry) -> list[Extent]:
    """Return all that a photo occupies in segments."""
    thumbnail = thumbnail_extent(entry)
    behind = thumbnail.length + int(entry["details_length"])
    return [photo_extent(entry), Extent(thumbnail.segment, thumbnail.offset, behind)]


def _extent(entry: Entry, segment: Any, offset: Any, length: int) -> Extent:
    return Extent(int(entry[segment]), int(entry[offset]), length)
