"""Photos and thumbnails as bytes: contiguous datasets of which each photo has whole pages to itself.

HDF5 is asked once where a segment stands; from then on bytes are read and written at that place, without HDF5 and
by any number of threads. Bytes are only ever written where no committed row refers to.
"""

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import StoreError
from app.store.crc import crc32_of
from app.store.device import PIECES_AT_ONCE
from app.store.free_space import FreeSpace, whole_pages
from app.store.gallery_file import GalleryFile
from app.store.journal import Fresh
from app.store.schema import MIB, PAGE, Layout, describe, reserve

_AT_ONCE_BYTES = MIB
"""So much goes to the disk in one write; much larger ones are slower, and the disk would begin late."""
_WORTH_STARTING_BYTES = 64 * 1024
_PADDING = bytes(PAGE)


class Content(StrEnum):
    """What a segment holds; the value is its attribute `content`."""

    PHOTO = "photo"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True)
class Extent:
    """Where bytes stand: `offset` is relative to the segment's dataset; lengths in bytes."""

    segment: int
    offset: int
    length: int


@dataclass(frozen=True)
class _Segment:
    content: Content
    place: int
    """Offset of the dataset in the file, in bytes."""
    length: int


class Segments:
    """The segments of an open file. Making one is a commit of its own, before any byte goes in."""

    def __init__(self, file: GalleryFile, layout: Layout) -> None:
        self._file = file
        self._device = file.device
        self._lock = threading.Lock()
        self._new_bytes = {
            Content.PHOTO: layout.segment_bytes,
            Content.THUMBNAIL: layout.thumbnail_segment_bytes,
        }
        self._segments = {int(name): _open_segment(dataset) for name, dataset in file.hdf5["segments"].items()}
        self._free = {content: FreeSpace() for content in Content}
        self._withdrawn: dict[int, list[tuple[int, int]]] = {}

    def find_free(self, used: NDArray[np.int64]) -> None:
        """Learn which pages are free from what is in use: int64 (n, 3), segment, offset and length in bytes."""
        used = used[np.lexsort((used[:, 1], used[:, 0]))]
        for number, segment in self._segments.items():
            first, stop = np.searchsorted(used[:, 0], (number, number + 1))
            for start, end in _gaps(segment, used[first:stop, 1], used[first:stop, 2]):
                self._free[segment.content].give(number, start, end - start)

    def write(self, content: Content, pieces: Sequence[bytes]) -> list[Extent]:
        """Put each piece on pages that nothing uses; they count once a row refers to them. Raise StoreFull."""
        taken: list[Extent] = []
        try:
            for data in pieces:
                extent = self._take_or_make(content, len(data))
                taken.append(extent)
            for first, stop in _neighbours(taken):
                self._fill(taken[first:stop], pieces[first:stop])
        except BaseException:
            for extent in taken:
                self.give_back(extent)
            raise
        return taken

    def copy(self, extent: Extent) -> tuple[Extent, Fresh] | None:
        """Copy bytes, damaged ones too, to other pages that are free; return None if no segment has them."""
        data = self._device.pread(extent.length, self._place(extent))
        new = self._take(self._segments[extent.segment].content, extent.length)
        if new is None:
            return None
        try:
            self._fill([new], [data])
        except BaseException:
            self.give_back(new)
            raise
        return new, self.fresh(new, crc32_of(data))

    def read(self, extent: Extent, crc32: int) -> bytes | None:
        """Return bytes, or None if they don't match their checksum or the segment is missing."""
        data = self.read_unchecked(extent)
        return data if len(data) == extent.length and crc32_of(data) == crc32 else None

    def read_unchecked(self, extent: Extent) -> bytes:
        """Return what stands in an extent; nothing if the segment is missing."""
        segment = self._segments.get(extent.segment)
        return b"" if segment is None else self._device.pread(extent.length, segment.place + extent.offset)

    def give_back(self, extent: Extent) -> None:
        """Let others use an extent's pages that no committed row refers to any more."""
        segment = self._segments.get(extent.segment)
        if segment is None:
            return
        length = whole_pages(extent.length)
        with contextlib.suppress(StoreError):
            # A disk that can't take the pages back now has kept them free for other photos all the same.
            self._device.punch(length, self._place(extent))
        with self._lock:
            if extent.segment in self._withdrawn:
                self._withdrawn[extent.segment].append((extent.offset, length))
            else:
                self._free[segment.content].give(extent.segment, extent.offset, length)

    def to_empty(self) -> list[int]:
        """Return the segments whose bytes find room in those before them in the file, the last first."""
        with self._lock:
            return [number for content in Content for number in self._to_empty(content)]

    def _to_empty(self, content: Content) -> list[int]:
        free = self._free_bytes(content)
        numbers = [number for number in self._in_file_order() if self._segments[number].content is content]
        room, moving, chosen = sum(free.values()), 0, list[int]()
        for number in reversed(numbers[1:]):
            used = _usable(self._segments[number]) - free.get(number, 0)
            room -= free.get(number, 0)
            if moving + used > room:
                break
            if used:
                moving += used
                chosen.append(number)
        return chosen

    def _in_file_order(self) -> list[int]:
        return sorted(self._segments, key=lambda number: self._segments[number].place)

    def withdraw(self, number: int) -> None:
        """Don't hand out pages of a segment until `readmit`."""
        with self._lock:
            self._withdrawn[number] = self._free[self._segments[number].content].take_all(number)

    def readmit(self, number: int) -> None:
        """Hand out a withdrawn segment's pages again, with those that became free meanwhile."""
        with self._lock:
            for start, length in self._withdrawn.pop(number):
                self._free[self._segments[number].content].give(number, start, length)

    def punch_unused(self) -> None:
        """Give all free pages back to the file system; a crash can have left some."""
        with self._lock:
            for content in Content:
                for gap in self._free[content].gaps():
                    self._device.punch(gap.length, self._segments[gap.segment].place + gap.start)

    def fresh(self, extent: Extent, crc32: int) -> Fresh:
        """Return what a commit must know of an extent whose row it brings."""
        return Fresh(self._place(extent), extent.length, crc32)

    def _free_bytes(self, content: Content) -> dict[int, int]:
        free: dict[int, int] = {}
        for gap in self._free[content].gaps():
            free[gap.segment] = free.get(gap.segment, 0) + gap.length
        return free

    def _place(self, extent: Extent) -> int:
        return self._segments[extent.segment].place + extent.offset

    def _take_or_make(self, content: Content, length: int) -> Extent:
        extent = self._take(content, length)
        while extent is None:
            self._make(content, whole_pages(length))
            extent = self._take(content, length)
        return extent

    def _take(self, content: Content, length: int) -> Extent | None:
        with self._lock:
            found = self._free[content].take(whole_pages(length))
        return None if found is None else Extent(found[0], found[1], length)

    def _fill(self, extents: Sequence[Extent], pieces: Sequence[bytes]) -> None:
        """Write pieces whose extents stand one behind the other."""
        place, padded = self._place(extents[0]), list[bytes]()
        for extent, data in zip(extents, pieces, strict=True):
            padded += (data, _PADDING[: whole_pages(extent.length) - extent.length])
        length = extents[-1].offset + extents[-1].length - extents[0].offset
        self._device.pwrite_all(padded[:-1], place)
        if length >= _WORTH_STARTING_BYTES:
            self._device.start_writing(length, place)

    def _make(self, content: Content, need: int) -> None:
        with self._file.lock:
            with self._lock:
                if any(gap.length >= need for gap in self._free[content].gaps()):
                    return
            number = max(self._segments, default=-1) + 1
            segment = self._reserve_segment(number, content, max(self._new_bytes[content], need) + PAGE)
            with self._lock:
                self._segments[number] = segment
                start = _first_page(segment)
                self._free[content].give(number, start, _last_page(segment) - start)

    def _reserve_segment(self, number: int, content: Content, length: int) -> _Segment:
        name = f"{number:06d}"
        with self._file.change():
            group = self._file.hdf5["segments"]
            place = reserve(group, name, length)
            describe(group[name], meaning=f"Bytes of {content}s; where they start and end is in `images`.")
            group[name].attrs["content"] = str(content)
            self._file.blocks.leave_hole(place, place + length)
        return _Segment(content, place, length)


def _neighbours(extents: Sequence[Extent]) -> list[tuple[int, int]]:
    """Split extents into runs that stand one behind the other and are small enough for one write: first and stop."""
    if not extents:
        return []
    edges, length = [0], 0
    for i, (before, extent) in enumerate(pairwise(extents), 1):
        length += whole_pages(before.length)
        follows = extent.segment == before.segment and extent.offset == before.offset + whole_pages(before.length)
        too_many = 2 * (i - edges[-1]) >= PIECES_AT_ONCE  # Each piece comes with its padding.
        if not follows or length >= _AT_ONCE_BYTES or too_many:
            edges.append(i)
            length = 0
    return list(pairwise([*edges, len(extents)]))


def _usable(segment: _Segment) -> int:
    return _last_page(segment) - _first_page(segment)


def _open_segment(dataset: Any) -> _Segment:
    place = dataset.id.get_offset()
    if place is None:
        raise StoreError(f"The dataset {dataset.name} has no place in the file, so its photos can't be read.")
    return _Segment(Content(dataset.attrs["content"]), int(place), int(dataset.shape[0]))


def _gaps(segment: _Segment, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return where unused runs of a segment start and end, given ascending starts and the lengths of what is used."""
    first, last = _first_page(segment), _last_page(segment)
    pages = np.maximum(-(-lengths // PAGE), 1)
    ends = np.maximum.accumulate(np.concatenate([[first], starts + pages * PAGE]))
    next_starts = np.append(np.minimum(starts, last), last)
    found = next_starts > ends
    return list(zip(ends[found].tolist(), next_starts[found].tolist(), strict=True))


def _first_page(segment: _Segment) -> int:
    return -segment.place % PAGE


def _last_page(segment: _Segment) -> int:
    first = _first_page(segment)
    return first + (segment.length - first) // PAGE * PAGE
