"""Gives unused room back to the file system and empties thin segments, while work goes on."""

from app.errors import StoreFull
from app.store import lifecycle, records
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.journal import Fresh
from app.store.segments import Extent, Segments
from app.store.table import PhotoTable
from app.store.verify import Progress


def compact(commits: CommitQueue, photos: PhotoTable, segments: Segments, progress: Progress) -> None:
    """Punch what is free, then move photos out of the last segments as long as earlier ones have room for them.

    Each photo moves in a commit of its own, so a crash leaves it at one place or the other.
    """
    segments.punch_unused()
    tried: set[int] = set()
    while thin := [number for number in segments.thin_ones() if number not in tried]:
        tried.add(thin[0])
        segments.withdraw(thin[0])
        try:
            _empty(thin[0], commits, photos, segments, progress)
        except StoreFull:
            return
        finally:
            segments.readmit(thin[0])


def _empty(number: int, commits: CommitQueue, photos: PhotoTable, segments: Segments, progress: Progress) -> None:
    inside = photos.in_segment(number)
    for done, row in enumerate(inside):
        if not _move(row, number, commits, photos, segments):
            return
        progress(done + 1, len(inside))


def _move(row: int, number: int, commits: CommitQueue, photos: PhotoTable, segments: Segments) -> bool:
    """Copy what a photo keeps in a segment, and let its row point to the copy; return False if nothing has room."""
    entry = photos.entry(row)
    if entry is None:
        return True
    old = records.both_extents(entry)
    copies: dict[Extent, tuple[Extent, Fresh]] = {}
    moved = False
    try:
        for extent in old:
            if extent.segment == number:
                copy = segments.copy(extent)
                if copy is None:
                    return False
                copies[extent] = copy
        moved = commits.run(lambda changes: _point_to(changes, row, old, copies))
        return True
    finally:
        if not moved:
            for copied, _ in copies.values():
                segments.give_back(copied)


def _point_to(changes: Changes, row: int, old: list[Extent], copies: dict[Extent, tuple[Extent, Fresh]]) -> bool:
    """Stage the move of a row; return False if the photo was deleted or moved meanwhile."""
    entry = changes.entry(row)
    if entry is None or records.both_extents(entry) != old:
        return False
    data, thumbnail = (copies[extent][0] if extent in copies else extent for extent in old)
    changes.entries[row] = lifecycle.moved(entry, data, thumbnail)
    changes.written += [fresh for _, fresh in copies.values()]
    changes.freed += list(copies)
    return True
