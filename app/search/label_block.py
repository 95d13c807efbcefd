"""Up to 65,536 photos' labels, ready to be searched by label; a block never changes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.label_table import LabelTable
from app.search.rows import Rows

MOST_PHOTOS = 1 << 16
"""As many as numbers of two bytes can tell apart."""

TOGETHER = 32
"""Of so many photos each, one after the other, the highest values are known."""

ROWS_TURNED_AT_ONCE = 256


@dataclass(frozen=True)
class Postings:
    """For each key the photos that have it, and how much of it.

    starts: int64 (keys + 1,). entries: uint32 (m,), ascending, each MOST_PHOTOS times a key plus the photo's place in
    the block. values: float32 (m,). Those of key k stand from starts[k] to starts[k + 1].
    """

    starts: NDArray[np.int64]
    entries: NDArray[np.uint32]
    values: Float32

    def of(self, key: int) -> tuple[NDArray[np.int64], Float32]:
        """Return the places of the photos that have a key, int64 (k,), each once, and the values, float32 (k,)."""
        if key + 1 >= len(self.starts):
            return np.zeros(0, dtype=np.int64), self.values[:0]
        part = slice(self.starts[key], self.starts[key + 1])
        return self.entries[part].astype(np.uint16).astype(np.int64), self.values[part]

    def of_all(self, keys: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.integer], Float32]:
        """Return the entries of `keys`, int (k,): places, int64 (m,), keys, int (m,), and values, float32 (m,)."""
        known = keys[keys + 1 < len(self.starts)]
        parts = [slice(*bounds) for bounds in zip(self.starts[known], self.starts[known + 1], strict=True)]
        entries = np.concatenate([self.entries[:0], *(self.entries[part] for part in parts)])
        values = np.concatenate([self.values[:0], *(self.values[part] for part in parts)])
        counts = self.starts[known + 1] - self.starts[known]
        return entries.astype(np.uint16).astype(np.int64), np.repeat(known, counts), values

    def at(self, keys: NDArray[np.integer], slots: NDArray[np.integer]) -> Float32:
        """Return the values that photos at `slots`, int (k,), have of `keys`, int (m,): float32 (m, k), or zeros."""
        wanted = (keys.astype(np.uint32)[:, None] * np.uint32(MOST_PHOTOS)) + slots.astype(np.uint32)
        if not len(self.entries):
            return np.zeros(wanted.shape, dtype=np.float32)
        places = np.minimum(np.searchsorted(self.entries, wanted), len(self.entries) - 1)
        return np.where(self.entries[places] == wanted, self.values[places], np.float32(0))

    def count(self, keys: NDArray[np.integer]) -> int:
        """Return how many entries `keys`, int (k,), have together."""
        known = keys[keys + 1 < len(self.starts)]
        return int((self.starts[known + 1] - self.starts[known]).sum())


@dataclass(frozen=True)
class LabelBlock:
    """What n photos are said to show.

    rows: int64 (n,), ascending. held: bool (n,), whether the photo still counts. labels: float32 (labels, n), each
    label's probability. objects: by label, the confidence of the surest object. tags: by tag, its probability.
    tag_ids: uint16 (n, tags). tag_probabilities: float32 (n, tags).
    most_labels, most_objects: float32 (labels, p), the highest of each TOGETHER photos' values; those of photos that
    don't count any more may be among them. most_tags: what the square roots of a photo's tags add up to at most.
    """

    rows: Rows
    held: NDArray[np.bool_]
    labels: Float32
    objects: Postings
    tags: Postings
    tag_ids: NDArray[np.uint16]
    tag_probabilities: Float32
    most_labels: Float32
    most_objects: Float32
    most_tags: float

    @classmethod
    def of(cls, table: LabelTable) -> "LabelBlock":
        """Prepare photos in the order of their rows, up to MOST_PHOTOS of them."""
        labels, objects = _columns(table.label_scores), np.ascontiguousarray(table.object_confidences.T)
        return cls(
            rows=table.rows.astype(np.int64),
            held=np.ones(len(table), dtype=bool),
            labels=labels,
            objects=_object_postings(objects),
            tags=_tag_postings(table.tag_ids, table.tag_probabilities),
            tag_ids=table.tag_ids.astype(np.uint16),
            tag_probabilities=np.array(table.tag_probabilities, dtype=np.float32),
            most_labels=most_together(labels),
            most_objects=most_together(objects),
            most_tags=float(np.sqrt(table.tag_probabilities).sum(axis=1).max(initial=0)),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, rows: Rows) -> "LabelBlock":
        """Return the block in which the photos `rows` don't count; those that it doesn't hold are passed over."""
        slots = self.slots(rows)
        if not len(slots):
            return self
        held = self.held.copy()
        held[slots] = False
        return replace(self, held=held)

    def slots(self, rows: Rows) -> NDArray[np.int64]:
        """Return the places of those of `rows`, int64 (k,) ascending, that count here."""
        places = np.searchsorted(self.rows, rows)
        inside = places < len(self)
        places, wanted = places[inside], rows[inside]
        return np.asarray(places[(self.rows[places] == wanted) & self.held[places]])

    def label_scores(self, label: int) -> Float32:
        """Return a label's probability for each photo, float32 (n,)."""
        return np.asarray(self.labels[label])

    def label_scores_at(self, labels: NDArray[np.integer], slots: NDArray[np.integer]) -> Float32:
        """Return the probabilities of `labels`, int (m,), for the photos at `slots`, int (k,): float32 (m, k)."""
        return np.asarray(self.labels[labels[:, None], slots])

    def objects_at(self, labels: NDArray[np.integer], slots: NDArray[np.integer]) -> Float32:
        """Return the surest objects' confidences of `labels`, int (m,), at `slots`, int (k,): float32 (m, k)."""
        return self.objects.at(labels, slots)

    def highest(self, values: Float32) -> Float32:
        """Return the highest of each TOGETHER photos' `values`, float32 (n,): float32 (p,)."""
        return np.asarray(most_together(values[None])[0])

    def spread(self, values: Float32, slots: NDArray[np.integer] | None) -> Float32:
        """Return for each photo, or for those at `slots`, int (k,), its neighbours' one of `values`, float32 (p,)."""
        if slots is None:
            return np.repeat(values, TOGETHER)[: len(self)]
        return np.asarray(values.take(slots // TOGETHER))

    def table(self, slots: NDArray[np.integer]) -> LabelTable:
        """Return what the photos at `slots`, int (k,), are said to show, as it came."""
        return LabelTable(
            rows=self.rows[slots],
            label_scores=self.labels[:, slots].T,
            object_confidences=self.objects_at(np.arange(len(self.labels)), slots).T,
            tag_ids=self.tag_ids[slots],
            tag_probabilities=self.tag_probabilities[slots],
        )


def most_together(values: Float32) -> Float32:
    """Return the highest of each TOGETHER neighbours of `values`, float32 (m, n): float32 (m, n by that, up)."""
    starts = np.arange(0, values.shape[1], TOGETHER)
    return np.asarray(np.maximum.reduceat(values, starts, axis=1))


def _object_postings(columns: Float32) -> Postings:
    """Return the postings of the surest objects, float32 (labels, n), zeros for none."""
    places = np.flatnonzero(columns)
    counts = np.count_nonzero(columns, axis=1)
    labels = np.repeat(np.arange(len(columns)), counts)
    entries = places + labels * (MOST_PHOTOS - columns.shape[1])
    return Postings(_starts(counts), entries.astype(np.uint32), columns.ravel()[places])


def _tag_postings(tag_ids: NDArray[np.integer], probabilities: Float32) -> Postings:
    """Return the postings of tags, int (n, k), with their probabilities, float32 (n, k)."""
    flat = tag_ids.ravel().astype(np.uint16)
    order = np.argsort(flat, kind="stable")
    order = order[probabilities.ravel()[order] > 0]
    entries = flat[order].astype(np.int64) * MOST_PHOTOS + order // max(1, tag_ids.shape[1])
    return Postings(_starts(np.bincount(flat[order])), entries.astype(np.uint32), probabilities.ravel()[order])


def _starts(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where the entries of each key begin, and the end, from their counts, int (keys,): int64 (keys + 1,)."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _columns(rows: Float32) -> Float32:
    """Return float32 (n, labels) label by label, (labels, n)."""
    columns = np.empty(rows.shape[::-1], dtype=np.float32)
    # So many rows at once stay in the processor's cache.
    for start in range(0, len(rows), ROWS_TURNED_AT_ONCE):
        part = slice(start, start + ROWS_TURNED_AT_ONCE)
        columns[:, part] = rows[part].T
    return columns
