"""Which pages of the segments no photo uses."""

from bisect import bisect_left, insort
from typing import NamedTuple

from app.store.schema import PAGE


class Gap(NamedTuple):
    """A run of unused bytes; all three numbers in bytes, `start` relative to the segment's dataset."""

    length: int
    segment: int
    start: int


class FreeSpace:
    """The unused runs of one kind of segment: the smallest that fits is taken, neighbours grow together."""

    def __init__(self) -> None:
        self._by_length: list[Gap] = []
        self._by_start: dict[tuple[int, int], Gap] = {}
        self._by_end: dict[tuple[int, int], Gap] = {}

    def give(self, segment: int, start: int, length: int) -> None:
        """Add a run that became free."""
        before = self._by_end.get((segment, start))
        after = self._by_start.get((segment, start + length))
        if before is not None:
            self._remove(before)
            start, length = before.start, before.length + length
        if after is not None:
            self._remove(after)
            length += after.length
        self._add(Gap(length, segment, start))

    def take(self, length: int) -> tuple[int, int] | None:
        """Take `length` bytes from the smallest run that has them; return segment and start, or None."""
        at = bisect_left(self._by_length, Gap(length, -1, -1))
        if at == len(self._by_length):
            return None
        gap = self._by_length[at]
        self._remove(gap)
        if gap.length > length:
            self._add(Gap(gap.length - length, gap.segment, gap.start + length))
        return gap.segment, gap.start

    def take_all(self, segment: int) -> list[tuple[int, int]]:
        """Take every run of a segment; return start and length of each."""
        taken = [gap for gap in self._by_length if gap.segment == segment]
        for gap in taken:
            self._remove(gap)
        return [(gap.start, gap.length) for gap in taken]

    def gaps(self) -> list[Gap]:
        """Return the runs, shortest first."""
        return list(self._by_length)

    def _add(self, gap: Gap) -> None:
        insort(self._by_length, gap)
        self._by_start[gap.segment, gap.start] = gap
        self._by_end[gap.segment, gap.start + gap.length] = gap

    def _remove(self, gap: Gap) -> None:
        del self._by_length[bisect_left(self._by_length, gap)]
        del self._by_start[gap.segment, gap.start]
        del self._by_end[gap.segment, gap.start + gap.length]


def whole_pages(length: int) -> int:
    """Round a length in bytes up to whole pages, at least one."""
    return max(1, -(-length // PAGE)) * PAGE
