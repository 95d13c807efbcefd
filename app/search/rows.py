"""The rows that an index holds, and what all indexes do with them."""

import threading
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.search.workers import Workers

Rows = NDArray[np.int64]


class HeldRows:
    """Which rows are in an index; a byte a row. For the index's writer only."""

    def __init__(self) -> None:
        self._held: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self.end = 0
        """One past the highest row that was ever held."""

    def add(self, rows: Rows) -> None:
        """Note that `rows` are held from now on."""
        if not len(rows):
            return
        self.end = max(self.end, int(rows.max()) + 1)
        if self.end > len(self._held):
            larger = np.zeros(max(self.end, 2 * len(self._held)), dtype=bool)
            larger[: len(self._held)] = self._held
            self._held = larger
        self._held[rows] = True

    def __contains__(self, row: int) -> bool:
        """Tell whether a row is held; any thread may ask."""
        held = self._held
        return 0 <= row < len(held) and bool(held[row])

    def holds(self, rows: Rows) -> NDArray[np.bool_]:
        """Tell for each of `rows` whether it is held: bool (n,); any thread may ask."""
        held = self._held
        inside = rows < len(held)
        found: NDArray[np.bool_] = inside & held[np.where(inside, rows, 0)] if len(held) else inside
        return found

    def discard(self, rows: Rows) -> Rows:
        """Forget `rows`; return those of them that were held."""
        known = rows[rows < len(self._held)]
        held = known[self._held[known]]
        self._held[held] = False
        return held

    def mask(self) -> NDArray[np.bool_]:
        """Return a copy, bool (end,): whether each row is held."""
        return self._held[: self.end].copy()

    def count(self) -> int:
        """Return how many rows are held."""
        return int(np.count_nonzero(self._held))


class RowIndex(ABC):
    """What all indexes share: writers take turns, and each publishes a whole snapshot at its end."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._held = HeldRows()
        self._workers = Workers()

    def remove(self, rows: ArrayLike) -> None:
        """Take photos out; rows that aren't held are passed over."""
        numbers = checked_rows(rows)
        with self._writing:
            self._drop(numbers)
            self._publish()

    def __len__(self) -> int:
        return self._held.count()

    @abstractmethod
    def _drop(self, rows: Rows) -> None:
        """Take `rows` out of `_held` and of what stands beside it; those that aren't held are passed over."""

    @abstractmethod
    def _publish(self) -> None:
        """Let searches read the present state from now on."""


def checked_rows(rows: ArrayLike) -> Rows:
    """Return `rows` as int64 (n,); raise ValueError for negative or repeated ones."""
    checked = np.asarray(rows, dtype=np.int64)
    if checked.ndim != 1:
        raise ValueError(f"Rows have the shape (n,), not {checked.shape}.")
    if len(checked) and checked.min() < 0:
        raise ValueError(f"Rows are counted from 0; {int(checked.min())} is none.")
    rising = len(checked) < 2 or bool((checked[1:] > checked[:-1]).all())
    if not rising and len(np.unique(checked)) != len(checked):
        raise ValueError("A row may stand only once in one call.")
    return checked


def among(rows: NDArray[np.integer], chosen: Rows, end: int) -> NDArray[np.bool_]:
    """Tell for each of `rows`, all below `end`, whether it is one of `chosen`."""
    flags = np.zeros(end, dtype=bool)
    flags[chosen] = True
    found: NDArray[np.bool_] = flags[rows]
    return found
