"""The photos that score best for words, without scoring all.

What photos can score at most is known for a few neighbours at once, from the highest values that any of them has. The
neighbours that can score most are looked at first; how well they do leaves only those that can still be among the
best. Of these the photos' own bounds are taken, and exact scores last.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.label_block import TOGETHER, LabelBlock
from app.search.ranking import Ranked, ranked
from app.search.rows import Rows
from app.search.workers import Workers

LEAST_SCORE = 1e-5
"""Scores are at least this, or 0."""
ROUNDING = 4e-6
"""More than the rounding errors of a score."""
MOST_SHARE = 0.5
"""Where more of a block's photos can be among the best than this, it is quicker to take them all."""
FEW = 4096
"""The exact scores of so many photos are quick to compute."""
SECOND_ROUND = 16
"""So many times as many neighbours are looked at next, and then all that are left."""
BLOCKS_AT_ONCE = 8
SEEDS = 4
"""So many times as many photos as are wanted show what the best ones score."""

Item = TypeVar("Item")
Flags = NDArray[np.bool_]
Slots = NDArray[np.int64]
Part = tuple[LabelBlock, Slots]
"""Photos at some places of a block, int64 (k,)."""


class BlockScorer(Protocol):
    """Scores the photos of blocks; a score is 0 or at least LEAST_SCORE."""

    def most(self, blocks: Sequence[LabelBlock], /) -> Float32:
        """Return what each TOGETHER photos' scores can be at most, all blocks' one after the other: float32 (p,)."""

    def uppers(self, block: LabelBlock, slots: Slots | None = None, /) -> Float32:
        """Return what the scores of all photos, or of those at `slots`, int64 (k,), can be at most: float32 (k,)."""

    def scores(self, block: LabelBlock, /) -> Float32:
        """Return all scores, exact to a few rounding errors: float32 (n,)."""

    def exact(self, parts: Sequence[Part], /) -> Float32:
        """Return the exact scores of some photos, part by part, of which there is at least one: float32 (k,)."""


@dataclass(frozen=True)
class Candidates:
    """Photos of a block that can be among the best. slots: int64 (k,), ascending. uppers: float32 (k,)."""

    block: LabelBlock
    slots: Slots
    uppers: Float32

    def of(self, chosen: Flags) -> "Candidates":
        """Return those that are chosen, bool (k,)."""
        return Candidates(self.block, self.slots[chosen], self.uppers[chosen])


def best(
    blocks: Sequence[LabelBlock], scorer: BlockScorer, limit: int, allowed: Flags | None, workers: Workers
) -> Ranked:
    """Return the `limit` photos of all blocks that score best, above 0; equal ones by row.

    allowed: bool (m,), the only rows that count, rows past its end don't; None for all.
    """
    search = _Search(scorer, limit, allowed, workers)
    if limit < 1 or not blocks:
        return search.found
    rows = None if allowed is None or np.count_nonzero(allowed) > FEW else np.flatnonzero(allowed)
    if rows is not None:
        search.score([(block, block.slots(rows)) for block in blocks])
    else:
        search.look_through(blocks)
    return search.found


class _Search:
    """One search, with the best photos that it has found so far."""

    def __init__(self, scorer: BlockScorer, limit: int, allowed: Flags | None, workers: Workers) -> None:
        self._scorer = scorer
        self._limit = limit
        self._allowed = allowed
        self._workers = workers
        self.found = ranked(np.zeros(0, dtype=np.int64), np.zeros(0), limit)

    def look_through(self, blocks: Sequence[LabelBlock]) -> None:
        """Find the best photos of all blocks."""
        most = np.concatenate(
            self._workers.each(lambda part: self._scorer.most(blocks[part]), len(blocks), BLOCKS_AT_ONCE)
        )
        first_rows = np.concatenate([block.rows[::TOGETHER] for block in blocks])
        for share in (1, SECOND_ROUND, len(most)):
            chosen = self._promising(most, first_rows, share * self._limit)
            self._look_at(list(_split(blocks, chosen)))
            most[chosen] = -1

    def _promising(self, most: Float32, first_rows: Rows, count: int) -> Slots:
        """Return up to `count` parts that can score most, of those that can have one of the best: ascending."""
        entering = most >= self._floor
        if len(self.found) == self._limit:
            # Equal ones come by row.
            entering &= (most > self._floor) | (first_rows < self.found.rows[-1])
        parts = np.flatnonzero(entering)
        return parts[_highest(most[parts], first_rows[parts], count)]

    def score(self, parts: Sequence[Part]) -> None:
        """Take in photos with their exact scores."""
        parts = [(block, slots) for block, slots in parts if len(slots)]
        if not parts:
            return
        scores = self._scorer.exact(parts)
        rows = np.concatenate([self.found.rows, *(block.rows[slots] for block, slots in parts)])
        scores = np.concatenate([self.found.scores.astype(np.float32), scores])
        scoring = scores >= np.float32(LEAST_SCORE)
        self.found = ranked(rows[scoring], scores[scoring], self._limit)

    def _look_at(self, parts: Sequence[Part]) -> None:
        """Score those members of parts that can be among the best; parts: int64 (k,) of each block."""
        if sum(len(own) for _, own in parts) * TOGETHER <= FEW:
            members = [(block, _members(block, own)) for block, own in parts]
            self.score([(block, slots[self._counts(block, slots)]) for block, slots in members])
            return
        candidates = self._each(lambda part: self._candidates(*part), parts)
        likely = _nth_highest(candidates, SEEDS * self._limit)
        self._score(candidates, lambda one: one.uppers >= likely)
        candidates = [one.of((one.uppers >= self._floor) & (one.uppers < likely)) for one in candidates]
        if sum(len(one.slots) for one in candidates) > FEW:
            candidates = self._each(self._scored, candidates)
        self._score(candidates, lambda one: one.uppers >= self._floor)

    def _candidates(self, block: LabelBlock, parts: Slots) -> Candidates:
        """Return the members of some parts of a block that can be among the best."""
        if len(parts) * TOGETHER > MOST_SHARE * len(block):
            uppers = self._scorer.uppers(block)
            among_parts = np.zeros(block.most_labels.shape[1], dtype=bool)
            among_parts[parts] = True
            slots = np.flatnonzero(uppers >= self._floor)
            slots = slots[among_parts[slots // TOGETHER]]
            uppers = uppers[slots]
        else:
            slots = _members(block, parts)
            uppers = self._scorer.uppers(block, slots)
        candidates = Candidates(block, slots, uppers)
        return candidates.of((uppers >= self._floor) & self._counts(block, slots))

    def _scored(self, candidates: Candidates) -> Candidates:
        """Return candidates with bounds as close to their scores as rounding allows."""
        uppers = self._scorer.scores(candidates.block)[candidates.slots] + np.float32(ROUNDING)
        return Candidates(candidates.block, candidates.slots, uppers)

    def _score(self, candidates: Sequence[Candidates], chosen: Callable[[Candidates], Flags]) -> None:
        self.score([(one.block, one.slots[chosen(one)]) for one in candidates])

    def _counts(self, block: LabelBlock, slots: Slots) -> Flags:
        """Tell which photos count in this search, bool (k,)."""
        held = block.held[slots]
        if self._allowed is None:
            return held
        rows = block.rows[slots]
        known = rows < len(self._allowed)
        return np.asarray(held & known & self._allowed[np.where(known, rows, 0)])

    @property
    def _floor(self) -> np.float32:
        """What a photo must score to be among the best."""
        return np.float32(self.found.scores[-1] if len(self.found) == self._limit else LEAST_SCORE)

    def _each(self, work: Callable[[Item], Candidates], items: Sequence[Item]) -> list[Candidates]:
        def part_work(part: slice) -> list[Candidates]:
            return [work(item) for item in items[part]]

        return [one for many in self._workers.each(part_work, len(items), 1) for one in many]


def _highest(most: Float32, first_rows: Rows, count: int) -> Slots:
    """Return the indexes of the `count` highest of `most`, float32 (p,), equal ones by first row: ascending."""
    if count >= len(most):
        return np.arange(len(most))
    least = np.partition(most, -count)[-count]
    higher, equal = np.flatnonzero(most > least), np.flatnonzero(most == least)
    missing = count - len(higher)
    if missing < len(equal):
        equal = equal[np.argpartition(first_rows[equal], missing)[:missing]]
    return np.sort(np.concatenate([higher, equal]))


def _split(blocks: Sequence[LabelBlock], parts: Slots) -> Iterator[tuple[LabelBlock, Slots]]:
    """Yield each block that has some of `parts`, int64 (k,) ascending, counted over all blocks, and its own ones."""
    start = 0
    for block in blocks:
        end = start + block.most_labels.shape[1]
        own = parts[slice(*np.searchsorted(parts, (start, end)))]
        if len(own):
            yield block, own - start
        start = end


def _members(block: LabelBlock, parts: Slots) -> Slots:
    """Return the places of the photos of some parts, int64 (k,) ascending."""
    slots = (parts[:, None] * TOGETHER + np.arange(TOGETHER)).ravel()
    return slots[: np.searchsorted(slots, len(block))]


def _nth_highest(candidates: Sequence[Candidates], n: int) -> float:
    """Return the n-th highest bound, -inf if there are fewer."""
    uppers = np.concatenate([np.zeros(0, dtype=np.float32), *(one.uppers for one in candidates)])
    return float(np.partition(uppers, -n)[-n]) if len(uppers) >= n else -np.inf
