"""Each photo's list of the photos most alike, in memory: 400 bytes a photo."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.ranking import Ranked
from app.search.rows import Rows

KEPT = 50
NOBODY = -1
_LOOKED_THROUGH_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class Lists:
    """The photos most alike to each of n photos, best first, equal ones by row.

    rows: int64 (n,), whose lists they are. neighbours: int32 (n, KEPT), NOBODY where there are fewer. similarities:
    float32 (n, KEPT), 0 where there are fewer. stamps: uint32 (n,), what the caller wants to be kept with each list.
    """

    rows: Rows
    neighbours: NDArray[np.int32]
    similarities: Float32
    stamps: NDArray[np.uint32]

    @classmethod
    def empty(cls, rows: Rows, stamps: NDArray[np.uint32]) -> "Lists":
        """Return lists that name nobody yet, to be filled."""
        shape = (len(rows), KEPT)
        return cls(rows, np.full(shape, NOBODY, np.int32), np.zeros(shape, np.float32), stamps)

    def followed_by(self, other: "Lists") -> "Lists":
        """Return these lists and other ones."""
        return Lists(**{name: np.concatenate([column, vars(other)[name]]) for name, column in vars(self).items()})


class NeighbourTable:
    """The lists of all photos that have one, its members. Not for several threads at once."""

    def __init__(self) -> None:
        self._lists = Lists.empty(np.zeros(0, np.int64), np.zeros(0, np.uint32))
        self._members: NDArray[np.bool_] = np.zeros(0, bool)
        self.end = 0
        """One past the highest row that ever had a list."""

    @property
    def members(self) -> NDArray[np.bool_]:
        """Return whether each row has a list, bool (end,), as a view."""
        return self._members[: self.end]

    def put(self, lists: Lists) -> None:
        """Take in lists, those of new members and new ones of present members."""
        if len(lists.rows):
            self._grow(int(lists.rows.max()) + 1)
            self._lists.neighbours[lists.rows] = lists.neighbours
            self._lists.similarities[lists.rows] = lists.similarities
            self._lists.stamps[lists.rows] = lists.stamps
            self._members[lists.rows] = True

    def drop(self, rows: Rows) -> None:
        """Forget the lists of rows; those without one are passed over. Other lists may name the rows still."""
        self._members[rows[rows < self.end]] = False

    def are_members(self, rows: Rows) -> NDArray[np.bool_]:
        """Tell which of `rows` have a list: bool (n,)."""
        inside = rows < self.end
        found: NDArray[np.bool_] = inside.copy()
        found[inside] = self._members[rows[inside]]
        return found

    def lists_of(self, rows: Rows) -> Lists:
        """Return copies of members' lists."""
        lists = self._lists
        return Lists(rows, lists.neighbours[rows], lists.similarities[rows], lists.stamps[rows])

    def least(self) -> Float32:
        """Return what a photo's similarity must reach to be in each list: float32 (end,).

        -inf for lists that aren't full, inf for rows without a list.
        """
        full = self._lists.neighbours[: self.end, -1] != NOBODY
        least = np.where(full, self._lists.similarities[: self.end, -1], np.float32(-np.inf))
        least[~self.members] = np.inf
        return least

    def naming(self, rows: Rows) -> Rows:
        """Return the members whose lists name any of `rows`: int64 (n,), ascending."""
        named = np.zeros(max(self.end, int(rows.max(initial=-1)) + 1) + 1, bool)
        named[rows] = True
        return self._members_naming(named)

    def naming_others(self) -> Rows:
        """Return the members whose lists name rows that have no list: int64 (n,), ascending."""
        others = np.ones(max(self.end, int(self._lists.neighbours.max(initial=-1)) + 1) + 1, bool)
        others[: self.end] = ~self.members
        others[NOBODY] = False
        return self._members_naming(others)

    def ranked(self, row: int) -> Ranked:
        """Return a member's list."""
        count = int(np.count_nonzero(self._lists.neighbours[row] != NOBODY))
        return Ranked(
            self._lists.neighbours[row, :count].astype(np.int64),
            self._lists.similarities[row, :count].astype(np.float64),
        )

    def _members_naming(self, named: NDArray[np.bool_]) -> Rows:
        """Return the members with a named neighbour; `named` ends with the flag of NOBODY."""
        found = np.zeros(self.end, bool)
        for start, stop in pairwise([*range(0, self.end, _LOOKED_THROUGH_AT_ONCE), self.end]):
            found[start:stop] = named[self._lists.neighbours[start:stop]].any(axis=1)
        return np.flatnonzero(found & self.members).astype(np.int64)

    def _grow(self, end: int) -> None:
        self.end = max(self.end, end)
        if self.end <= len(self._members):
            return
        capacity = max(self.end, len(self._members) * 3 // 2)
        larger = Lists.empty(np.zeros(capacity, np.int64), np.zeros(capacity, np.uint32))
        held = len(self._members)
        for name, column in vars(self._lists).items():
            vars(larger)[name][:held] = column
        self._lists = larger
        self._members = np.concatenate([self._members, np.zeros(capacity - held, bool)])
