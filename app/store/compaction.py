"""Gives unused room back to the file system and empties thin segments, while work goes on.

The file's logical size stays: HDF5 gives up only what stands at the very end, where rows, its indexes and what it
forgot at a restart keep it. Segments without photos are holes, which take no room, and new photos go there first.
"""

import contextlib

from app.errors import StoreFull
from app.store import lifecycle, records
from app.store.changes import Changes
from app.store.commits import CommitQueue
from app.store.journal import Fresh
from app.store.segments import Extent, Segments
from app.store.table import PhotoTable
from app.store.verify import Progress


def compact(commits: CommitQueue, photos: PhotoTable, segments: Segments, progress: Progress) -> None:
    """Punch what is free, then move photos out of the last segments as far as earlier ones have room for them.

    Each photo moves in a commit of its own, so a crash leaves it at one place or the other. Progress is told of all
    moves together.
    """
    segments.punch_unused()
    numbers = segments.to_empty()
    for number in numbers:
        # All at once, so that no photo moves to where it must leave again.
        segments.withdraw(number)
    try:
        moves = [(number, row) for number in numbers for row in photos.in_segment(number)]
        steps = max(1, len(moves))
        with contextlib.suppress(StoreFull):
            for done, (number, row) in enumerate(moves):
                progress(done, steps)
                _move(row, number, commits, photos, segments)
        progress(steps, steps)
    finally:
        for number in numbers:
            segments.readmit(number)


def _move(row: int, number: int, commits: CommitQueue, photos: PhotoTable, segments: Segments) -> None:
    """Copy what a photo keeps in a segment, and let its row point to the copy, unless nothing has room."""
    entry = photos.entry(row)
    if entry is None:
        return
    old = records.both_extents(entry)
    copies: dict[Extent, tuple[Extent, Fresh]] = {}
    moved = False
    try:
        for extent in old:
            if extent.segment == number:
                copy = segments.copy(extent)
                if copy is None:
                    return
                copies[extent] = copy
        moved = commits.run(lambda changes: _point_to(changes, row, old, copies))
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
