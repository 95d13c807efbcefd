"""Which row the photo of an id is in, for a million photos without an object for each.

A key is the 16 bytes that an id writes in hexadecimal digits. Those of photos that were loaded stand sorted in
columns of numbers, which takes a fifth of a dictionary's memory; those that came since are in a dictionary.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.store.base import Rows

KEY_BYTES = 16
_GONE = -1
_HALF = KEY_BYTES // 2


@dataclass(frozen=True)
class _Sorted:
    """Keys, their first halves ascending. halves: uint64 (2, n). rows: int64 (n,), _GONE where the photo is gone."""

    halves: NDArray[np.uint64]
    rows: Rows

    def place(self, key: bytes) -> int | None:
        """Return where a key stands, or None."""
        if len(key) != KEY_BYTES:
            return None
        first, second = (np.uint64(int.from_bytes(half, "big")) for half in (key[:_HALF], key[_HALF:]))
        at = int(np.searchsorted(self.halves[0], first))
        while at < len(self.rows) and self.halves[0, at] == first:
            if self.halves[1, at] == second:
                return at
            at += 1
        return None


class IdRows:
    """Rows by key. Writers take turns by themselves; any thread may look up meanwhile."""

    def __init__(self) -> None:
        self._since: dict[bytes, int] = {}
        self._unsorted: list[tuple[bytes, Rows]] = []
        self._sorting = threading.Lock()
        self._sorted = _Sorted(np.zeros((2, 0), np.uint64), np.zeros(0, np.int64))

    def load(self, keys: bytes, rows: Rows) -> None:
        """Add photos before anything else is added or looked up: their keys one after the other, and int64 (n,)."""
        self._unsorted.append((keys, rows))

    def get(self, key: bytes) -> int | None:
        """Return the row of a key, or None."""
        row = self._since.get(key)
        if row is not None:
            return row
        known = self._settled()
        place = known.place(key)
        return None if place is None or known.rows[place] == _GONE else int(known.rows[place])

    def put(self, key: bytes, row: int) -> None:
        """Set the row of a key that has none."""
        self._since[key] = row

    def drop(self, key: bytes) -> None:
        """Forget a key; nothing happens if it isn't known."""
        if self._since.pop(key, None) is None:
            known = self._settled()
            place = known.place(key)
            if place is not None:
                known.rows[place] = _GONE

    def _settled(self) -> _Sorted:
        """Return the loaded keys, which are sorted when one is asked for first."""
        if self._unsorted:
            with self._sorting:
                if self._unsorted:
                    self._sorted = _sorted(self._unsorted)
                    self._unsorted = []
        return self._sorted


def _sorted(loaded: list[tuple[bytes, Rows]]) -> _Sorted:
    halves = np.frombuffer(b"".join(keys for keys, _ in loaded), ">u8").reshape(-1, 2).T.astype(np.uint64)
    order = np.argsort(halves[0])
    return _Sorted(halves[:, order], np.concatenate([rows for _, rows in loaded])[order])
