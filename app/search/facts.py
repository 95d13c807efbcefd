"""What photos say about themselves, by row: their shape, the day on which they were taken, their colour."""

import threading
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Colour, Orientation
from app.search.colours import COLOURS, colour_numbers
from app.search.relations import Flags
from app.search.rows import Rows, checked_rows

SQUARE_PERCENT = 5
"""By how much of the longer side the shorter one may fall short of a square."""
_MIN_CAPACITY = 1024


@dataclass(frozen=True)
class FactSnapshot:
    """A state of the table; all arrays, and all results, are (one past the highest row,).

    held: bool, whether the photo is known. widths, heights: int32, pixels. days: datetime64[D]. colours: uint8, which
    of `colours.COLOURS`.
    """

    held: Flags
    widths: NDArray[np.int32]
    heights: NDArray[np.int32]
    days: NDArray[np.datetime64]
    colours: NDArray[np.uint8]

    def shaped(self, orientation: Orientation) -> Flags:
        """Tell which photos have a shape; every photo has just one of the three."""
        longer = np.maximum(self.widths, self.heights).astype(np.int64)
        shorter = np.minimum(self.widths, self.heights).astype(np.int64)
        square = 100 * (longer - shorter) <= SQUARE_PERCENT * longer
        if orientation is Orientation.SQUARE:
            return self.held & square
        portrait = self.heights > self.widths
        return self.held & ~square & (portrait if orientation is Orientation.PORTRAIT else ~portrait)

    def taken(self, first: date | None, last: date | None) -> Flags:
        """Tell which photos were taken from one day on to another, both included; None leaves an end open."""
        found = self.held.copy()
        if first is not None:
            found &= self.days >= np.datetime64(first, "D")
        if last is not None:
            found &= self.days <= np.datetime64(last, "D")
        return found

    def coloured(self, colour: Colour) -> Flags:
        """Tell which photos have most of a colour."""
        result: Flags = self.held & (self.colours == COLOURS.index(colour))
        return result

    def newest(self, wanted: Flags, limit: int) -> Rows:
        """Return the `limit` newest of the known photos that are wanted, bool (m,): int64 (n,), newest first.

        The latest day comes first, and of one day the photo that came last.
        """
        end = min(len(wanted), len(self.held))
        rows = np.flatnonzero(wanted[:end] & self.held[:end])
        order = self.days[rows].astype(np.int64) * end + rows
        if limit < len(rows):
            last = np.argpartition(order, -limit)[len(rows) - limit :]
            rows, order = rows[last], order[last]
        return rows[np.argsort(-order)]


class FactTable:
    """The facts of all photos. Searches may run while photos come and go."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._end = 0
        self._columns = _blank(0)

    def add(
        self, rows: ArrayLike, widths: ArrayLike, heights: ArrayLike, days: ArrayLike, colours: NDArray[np.uint8]
    ) -> None:
        """Take photos in; what is known of a row already is replaced.

        rows: int (n,), each once. widths, heights: int (n,), pixels. days: datetime64[D] (n,). colours: uint8 (n, 3),
        red, green and blue. Raises ValueError for rows that can't be.
        """
        numbers = checked_rows(rows)
        if not len(numbers):
            return
        names = colour_numbers(colours)
        with self._writing:
            self._make_room(int(numbers.max()) + 1)
            columns = self._columns
            columns.widths[numbers], columns.heights[numbers] = widths, heights
            columns.days[numbers], columns.colours[numbers] = days, names
            columns.held[numbers] = True
            self._end = max(self._end, int(numbers.max()) + 1)

    def remove(self, rows: ArrayLike) -> None:
        """Forget photos; rows that aren't held are passed over."""
        numbers: Rows = checked_rows(rows)
        with self._writing:
            held = self._columns.held.copy()
            held[numbers[numbers < len(held)]] = False
            self._columns = replace(self._columns, held=held)

    def snapshot(self) -> FactSnapshot:
        """Return the present state. Photos that come later may show in it; those that go don't vanish from it."""
        columns, end = self._columns, self._end
        return _first(columns, min(end, len(columns.held)))

    def _make_room(self, end: int) -> None:
        """Copy all into larger arrays if they are too small; readers keep the old ones."""
        if len(self._columns.held) >= end:
            return
        larger = _blank(max(end, 2 * len(self._columns.held), _MIN_CAPACITY))
        for name, column in vars(self._columns).items():
            vars(larger)[name][: len(column)] = column
        self._columns = larger


def _blank(capacity: int) -> FactSnapshot:
    return FactSnapshot(
        held=np.zeros(capacity, dtype=bool),
        widths=np.zeros(capacity, dtype=np.int32),
        heights=np.zeros(capacity, dtype=np.int32),
        days=np.zeros(capacity, dtype="datetime64[D]"),
        colours=np.zeros(capacity, dtype=np.uint8),
    )


def _first(columns: FactSnapshot, end: int) -> FactSnapshot:
    return FactSnapshot(**{name: column[:end] for name, column in vars(columns).items()})
