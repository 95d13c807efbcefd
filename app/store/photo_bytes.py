"""What photos keep in segments: their bytes, and a thumbnail with the camera details behind it."""

from collections.abc import Mapping, Sequence

from app.domain import PhotoId
from app.store import lifecycle, records
from app.store.base import NewPhoto
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.crc import crc32_of
from app.store.records import Blobs
from app.store.segments import Content, Extent, Segments


def write(segments: Segments, photos: Sequence[NewPhoto]) -> dict[PhotoId, Blobs]:
    """Write new photos, their thumbnails and details in their final place; raise StoreFull."""
    data = segments.write(Content.PHOTO, [photo.data for photo in photos])
    try:
        behind = [records.details(photo.facts.exif) for photo in photos]
        thumbnails = segments.write(
            Content.THUMBNAIL, [one.thumbnail + more for one, more in zip(photos, behind, strict=True)]
        )
    except BaseException:
        for extent in data:
            segments.give_back(extent)
        raise
    places = zip(photos, behind, data, thumbnails, strict=True)
    return {one.id: _blobs(one, more, segments, *both) for one, more, *both in places}


def _blobs(photo: NewPhoto, behind: bytes, segments: Segments, data: Extent, thumbnail: Extent) -> Blobs:
    data_crc32, thumbnail_crc32 = crc32_of(photo.data), crc32_of(photo.thumbnail)
    both_crc32 = crc32_of(behind, thumbnail_crc32)
    fresh = [segments.fresh(data, data_crc32), segments.fresh(thumbnail, both_crc32)]
    return Blobs(data, thumbnail, data_crc32, thumbnail_crc32, crc32_of(behind), fresh)


def mend(
    commits: CommitQueue, segments: Segments, photo_id: PhotoId, thumbnail: bytes, exif: Mapping[str, str]
) -> None:
    """Put a thumbnail and camera details in the place of damaged ones, in one commit; see `Hdf5Store.mend`."""
    behind = records.details(exif)
    (extent,) = segments.write(Content.THUMBNAIL, [thumbnail + behind])
    mended = False

    def change(changes: Changes) -> bool:
        row = changes.expect_row_of(photo_id)
        entry = changes.expect_entry(row)
        changes.entries[row] = lifecycle.mended(entry, extent, crc32_of(thumbnail), crc32_of(behind), len(behind))
        changes.written.append(segments.fresh(extent, crc32_of(thumbnail + behind)))
        changes.freed.append(records.both_extents(entry)[1])
        return True

    try:
        mended = commits.run(change)
    finally:
        if not mended:
            segments.give_back(extent)
