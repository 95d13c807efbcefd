"""What all photos show, by label: scores for the picture, objects and tags, for searches by words.

Photos stand in blocks that never change, each a tenth of a search's work or less, so that searches read a whole
state without waiting while photos come and go, and all processors can work on one search. New photos make small
blocks, which are joined as they add up.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import Float32
from app.search.label_best import BlockScorer, best
from app.search.label_block import MOST_PHOTOS, LabelBlock
from app.search.label_table import LabelTable, in_order, together
from app.search.ranking import Ranked
from app.search.rows import Rows, checked_rows
from app.search.workers import Workers

GROWTH = 4
"""A block is joined with the one before it unless that is so many times as large."""

ScoreBlock = Callable[[LabelBlock], Float32]


@dataclass(frozen=True)
class LabelSnapshot:
    """A state of the index that never changes; end: one past the highest row."""

    end: int
    blocks: tuple[LabelBlock, ...]
    workers: Workers

    def __len__(self) -> int:
        return sum(int(np.count_nonzero(block.held)) for block in self.blocks)

    def scores(self, scorer: BlockScorer) -> Float32:
        """Return how well each photo scores, float32 (end,), by row, 0 for rows that aren't held."""
        return self._by_row(scorer.scores, 0.0)

    def best(self, scorer: BlockScorer, limit: int, allowed: NDArray[np.bool_] | None = None) -> Ranked:
        """Return the `limit` photos that score best, above 0; equal ones by row.

        allowed: bool (end,), the only rows that count. It is what sorting all exact scores would give.
        """
        return best(self.blocks, scorer, limit, allowed, self.workers)

    def _by_row(self, of: ScoreBlock, missing: float) -> Float32:
        """Return what `of` makes of each block, by row: float32 (end,), `missing` for rows that aren't held."""
        result = np.full(self.end, missing, dtype=np.float32)

        def work(part: slice) -> None:
            for block in self.blocks[part]:
                _put(result, block, of(block))

        self.workers.each(work, len(self.blocks), 1)
        return result

    def parts(self, rows: Rows) -> Iterator[tuple[LabelBlock, NDArray[np.int64], NDArray[np.intp]]]:
        """Yield each block that holds some of `rows`, int64 (n,), the slots of these, and their places in `rows`."""
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        for block in self.blocks:
            part = slice(*np.searchsorted(ascending, (block.rows[0], block.rows[-1] + 1)))
            slots = block.slots(ascending[part])
            if len(slots):
                yield block, slots, order[np.searchsorted(ascending, block.rows[slots])]

    def table(self, rows: Rows) -> LabelTable:
        """Return what photos are said to show; those of `rows`, int64 (n,), that aren't held are left out."""
        tables = [block.table(slots) for block, slots, _ in self.parts(rows)]
        return together(tables) if tables else _nothing()

    def rows_with_object(self, label: int, least_confidence: float) -> Rows:
        """Return the rows of photos with an object of a label at least so surely: int64 (n,), ascending."""
        found = [np.zeros(0, dtype=np.int64)]
        for block in self.blocks:
            slots, confidences = block.objects.of(label)
            chosen = slots[confidences >= least_confidence]
            found.append(block.rows[chosen[block.held[chosen]]])
        return np.sort(np.concatenate(found))


class LabelIndex:
    """What all photos are said to show; searches may run while photos come and go."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._snapshot = LabelSnapshot(0, (), Workers())
        self._later: list[LabelTable] = []

    def __len__(self) -> int:
        return len(self.snapshot())

    def snapshot(self) -> LabelSnapshot:
        """Return the present state; it waits only where photos were to be added later."""
        if self._later:
            with self._writing:
                self._add_waiting()
        return self._snapshot

    def add(self, table: LabelTable) -> None:
        """Add photos, or replace those whose row is held already; raise ValueError for rows below 0 or repeated."""
        checked_rows(table.rows)
        with self._writing:
            self._add_waiting()
            self._add(table)

    def add_later(self, table: LabelTable) -> None:
        """Add photos like `add`, but not before they are many or someone searches: much quicker for many tables."""
        checked_rows(table.rows)
        with self._writing:
            self._later.append(table)
            if sum(map(len, self._later)) >= MOST_PHOTOS:
                self._add_waiting()

    def remove(self, rows: ArrayLike) -> None:
        """Take photos out; rows that aren't held are passed over."""
        numbers = np.sort(checked_rows(rows))
        with self._writing:
            self._add_waiting()
            self._snapshot = replace(self._snapshot, blocks=tuple(self._without(numbers)))

    def _add_waiting(self) -> None:
        waiting, self._later = self._later, []
        distinct = len(np.unique(np.concatenate([table.rows for table in waiting]))) if waiting else 0
        if distinct == sum(map(len, waiting)):
            waiting = [together(waiting)] if waiting else []
        for table in waiting:
            self._add(table)

    def _add(self, table: LabelTable) -> None:
        if not len(table):
            return
        ordered = in_order(table)
        parts = [ordered.of(slice(at, at + MOST_PHOTOS)) for at in range(0, len(table), MOST_PHOTOS)]
        blocks = [*self._without(ordered.rows), *map(LabelBlock.of, parts)]
        end = max(self._snapshot.end, int(ordered.rows[-1]) + 1)
        self._snapshot = replace(self._snapshot, end=end, blocks=tuple(_joined(blocks)))

    def _without(self, rows: Rows) -> Iterator[LabelBlock]:
        for block in self._snapshot.blocks:
            part = slice(*np.searchsorted(rows, (block.rows[0], block.rows[-1] + 1)))
            kept = block.without(rows[part])
            if kept.held.any():
                yield _dense(kept)


def _dense(block: LabelBlock) -> LabelBlock:
    """Return the block, without the photos that don't count once these are more than half."""
    living = np.flatnonzero(block.held)
    return block if 2 * len(living) >= len(block) else LabelBlock.of(block.table(living))


def _joined(blocks: list[LabelBlock]) -> list[LabelBlock]:
    """Return blocks of which each is GROWTH times as large as the next one, or they don't fit into one."""
    joined = list(blocks)
    while len(joined) > 1:
        last, before = joined[-1], joined[-2]
        if len(before) >= GROWTH * len(last) or len(before) + len(last) > MOST_PHOTOS:
            break
        tables = [block.table(np.flatnonzero(block.held)) for block in (before, last)]
        joined[-2:] = [LabelBlock.of(together(tables))]
    return joined


def _put(result: Float32, block: LabelBlock, scores: Float32) -> None:
    """Write a block's scores, float32 (n,), by row, where photos count."""
    first, end = int(block.rows[0]), int(block.rows[-1]) + 1
    if end - first == len(block) and block.held.all():
        result[first:end] = scores
    elif end - first == len(block):
        np.copyto(result[first:end], scores, where=block.held)
    else:
        result[block.rows[block.held]] = scores[block.held]


def _nothing() -> LabelTable:
    none = np.zeros((0, 0), dtype=np.float32)
    return LabelTable(np.zeros(0, dtype=np.int64), none, none, np.zeros((0, 0), dtype=np.uint16), none)
