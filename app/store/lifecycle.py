"""How a photo's row changes on its way: each function returns a row's next version."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain import PhotoState
from app.store import records, schema
from app.store.base import Known
from app.store.segments import Extent
from app.store.table import Entry


def taken_over(entry: Entry, known: Known, bits: Iterable[int]) -> Entry:
    """Give a new photo's row what was known of it, its features being by the models of `bits`."""
    idle = known.state is not PhotoState.STORED
    settled = replace(_idle(entry) if idle else entry, error=known.error)
    return settled.with_fields(
        added_at=records.microseconds(known.added_at),
        state=records.STATE_NUMBERS[known.state],
        features=sum(1 << bit for bit in bits),
    )


def waiting(entry: Entry, model: str, not_before: int) -> Entry:
    """Queue a photo anew for a model, nothing counted against it; `not_before` in microseconds since 1970."""
    queued = replace(entry, error=None, job_model=model, job_error=None)
    return queued.with_fields(state=schema.STORED, job_attempts=0, job_not_before=not_before)


def postponed(entry: Entry, not_before: int, error: str) -> Entry:
    """Count an attempt that failed for now."""
    later = replace(entry, job_error=error)
    return later.with_fields(
        state=schema.STORED, job_attempts=int(entry["job_attempts"]) + 1, job_not_before=not_before
    )


def failed(entry: Entry, error: str) -> Entry:
    """Give a photo up."""
    return replace(_idle(entry), error=error).with_fields(state=schema.FAILED)


def ready(entry: Entry, bit: int) -> Entry:
    """Note that the model of this bit has computed the photo's features."""
    done = replace(_idle(entry), error=None)
    return with_features(done, bit).with_fields(state=schema.READY)


def with_features(entry: Entry, bit: int) -> Entry:
    """Note that the model of this bit has computed the photo's features too."""
    return entry.with_fields(features=int(entry["features"]) | 1 << bit)


def has_features(entry: Entry, bit: int) -> bool:
    """Tell whether the model of this bit has computed the photo's features."""
    return bool(int(entry["features"]) >> bit & 1)


def without_features(entry: Entry, bit: int) -> Entry:
    """Note that the features by the model of this bit are of no use any more."""
    return entry.with_fields(features=int(entry["features"]) & ~(1 << bit))


def moved(entry: Entry, data: Extent, thumbnail: Extent) -> Entry:
    """Note the places where a photo's bytes and its thumbnail stand now."""
    return entry.with_fields(
        segment=data.segment,
        offset=data.offset,
        thumbnail_segment=thumbnail.segment,
        thumbnail_offset=thumbnail.offset,
    )


def mended(entry: Entry, place: Extent, thumbnail_crc32: int, details_crc32: int, details_length: int) -> Entry:
    """Note a new thumbnail with camera details behind it, which together stand at a place."""
    return entry.with_fields(
        thumbnail_segment=place.segment,
        thumbnail_offset=place.offset,
        thumbnail_length=place.length - details_length,
        thumbnail_crc32=thumbnail_crc32,
        details_length=details_length,
        details_crc32=details_crc32,
    )


def _idle(entry: Entry) -> Entry:
    idle = replace(entry, job_model=None, job_error=None)
    return idle.with_fields(job_attempts=0, job_not_before=0)
