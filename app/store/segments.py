"""Photos and thumbnails as bytes: contiguous datasets of which each photo has whole pages to itself.

HDF5 is asked once where a segment stands; from then on bytes are read and written at that place, without HDF5 and
by any number of threads. Bytes are only ever written where no committed row refers to.
"""

import contextlib
import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.errors import StoreError
from app.store.free_space import FreeSpace, whole_pages
from app.store.gallery_file import GalleryFile
from app.store.journal import Fresh
from app.store.schema import PAGE, Layout, describe, reserve


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

    def find_free(self, used: Iterable[tuple[int, int, int]]) -> None:
        """Learn which pages are free from segment, offset and length of everything in use."""
        ends = {number: _first_page(segment) for number, segment in self._segments.items()}
        for number, start, length in sorted(used):
            segment = self._segments.get(number)
            if segment is None:
                continue
            if start > ends[number]:
                self._free[segment.content].give(number, ends[number], start - ends[number])
            ends[number] = max(ends[number], start + whole_pages(length))
        for number, end in ends.items():
            segment = self._segments[number]
            if end < _last_page(segment):
                self._free[segment.content].give(number, end, _last_page(segment) - end)

    def write(self, content: Content, data: bytes) -> Extent:
        """Put bytes on pages that nothing uses; they count once a row refers to them. Raise StoreFull."""
        extent = self._take(content, len(data))
        try:
            self._device.pwrite(data, self._place(extent))
        except BaseException:
            self.give_back(extent)
            raise
        return extent

    def read(self, extent: Extent, crc32: int) -> bytes | None:
        """Return bytes, or None if they don't match their checksum or the segment is missing."""
        if extent.segment not in self._segments:
            return None
        data = self._device.pread(extent.length, self._place(extent))
        return data if len(data) == extent.length and zlib.crc32(data) == crc32 else None

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
            self._free[segment.content].give(extent.segment, extent.offset, length)

    def fresh(self, extent: Extent, crc32: int) -> Fresh:
        """Return what a commit must know of an extent whose row it brings."""
        return Fresh(self._place(extent), extent.length, crc32)

    def _place(self, extent: Extent) -> int:
        return self._segments[extent.segment].place + extent.offset

    def _take(self, content: Content, length: int) -> Extent:
        pages = whole_pages(length)
        with self._lock:
            found = self._free[content].take(pages)
        while found is None:
            self._make(content, pages)
            with self._lock:
                found = self._free[content].take(pages)
        return Extent(found[0], found[1], length)

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


def _open_segment(dataset: Any) -> _Segment:
    place = dataset.id.get_offset()
    if place is None:
        raise StoreError(f"The dataset {dataset.name} has no place in the file, so its photos can't be read.")
    return _Segment(Content(dataset.attrs["content"]), int(place), int(dataset.shape[0]))


def _first_page(segment: _Segment) -> int:
    return -segment.place % PAGE


def _last_page(segment: _Segment) -> int:
    first = _first_page(segment)
    return first + (segment.length - first) // PAGE * PAGE
