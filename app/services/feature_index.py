"""All photos' features in memory, ready for every kind of search; kept in step with the store."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.domain import Features, Photo
from app.search.approximate import EXACT_UP_TO, ApproximateIndex
from app.search.conditions import ObjectTable
from app.search.embedding import EmbeddingIndex, VectorSource
from app.search.facts import FactTable
from app.search.label_index import LabelIndex, LabelSnapshot
from app.search.label_table import LabelTable, surest_objects
from app.search.layout import LayoutIndex
from app.search.objects import grouped_objects
from app.search.rows import HeldRows
from app.search.ssd import SsdIndex
from app.search.word_index import WordIndex
from app.search.workers import InTurn
from app.store.base import FeatureTable, PhotoFactColumns, Rows
from app.store.photo_facts import columns_of
from app.text.scoring import classic_scores
from model_server.catalogue import ModelCard

WORD_DIMENSIONS = 50
LOADED_AT_ONCE = 1 << 16
"""Photos: so many of a class share the work that there is for each class."""


class FeatureIndex:
    """The indexes of all methods; searches may run while photos come and go."""

    def __init__(
        self,
        card: ModelCard,
        source: VectorSource | None = None,
        exact_up_to: int = EXACT_UP_TO,
        facts: FactTable | None = None,
    ) -> None:
        """Start empty; embeddings are kept in memory as they are unless `source` can read them by row.

        Beyond `exact_up_to` photos `nearest` is approximate. `facts`, which say nothing of models, may be shared.
        """
        self._label_count = len(card.labels)
        self._writing = threading.Lock()
        self._labels = LabelIndex()
        self.words = WordIndex(WORD_DIMENSIONS, classic_scores)
        self.embeddings = EmbeddingIndex(card.embedding_width, source)
        self.nearest = ApproximateIndex(self.embeddings, exact_up_to)
        self.objects = SsdIndex()
        self.layouts = LayoutIndex()
        self.things = ObjectTable()
        self.facts = FactTable() if facts is None else facts
        self._complete = HeldRows()

    def __len__(self) -> int:
        """Return how many photos can be searched."""
        return len(self._labels)

    def __contains__(self, row: int) -> bool:
        """Tell whether every kind of search finds a photo."""
        return row in self._complete

    def holds(self, rows: Rows) -> NDArray[np.bool_]:
        """Tell for each of some rows whether every kind of search finds its photo: bool (n,)."""
        return self._complete.holds(rows)

    def reserve(self, photos: int) -> None:
        """Make room for so many photos in all, so that filling up to there copies little."""
        self.embeddings.reserve(photos)

    def labels(self) -> LabelSnapshot:
        """Return what each photo is said to show, as it stands now."""
        return self._labels.snapshot()

    def rows_with_object(self, class_id: int, least_confidence: float) -> Rows:
        """Return the rows of the photos that hold an object of a class at least so surely: int64 (n,), ascending."""
        return self.labels().rows_with_object(class_id - 1, least_confidence)

    def load_facts(self, facts: PhotoFactColumns) -> None:
        """Take in what all photos say about themselves."""
        self.facts.add(facts.rows, facts.widths, facts.heights, facts.days, facts.colours)

    def come(self, photos: Sequence[Photo]) -> None:
        """Take in what new photos say about themselves; the models' say comes later."""
        self.load_facts(columns_of(photos))

    def load(self, tables: Iterable[FeatureTable]) -> None:
        """Take in features of a model, as the store holds them: small tables, which are indexed while more are read.

        Embeddings are worth indexing while they are in the processor's cache, all else many photos at once.
        """
        loaded: list[Rows] = [np.zeros(0, np.int64)]
        with self._writing, InTurn() as vectors, InTurn() as others:
            waiting: list[FeatureTable] = []
            for table in tables:
                loaded.append(table.rows)
                vectors.do(partial(self._add_embeddings, table))
                # An empty view would keep all of it in memory.
                waiting.append(replace(table, embeddings=np.zeros((len(table.rows), 0), np.float32)))
                if sum(len(one.rows) for one in waiting) >= LOADED_AT_ONCE:
                    self._add_together(waiting, vectors, others)
                    waiting = []
            self._add_together(waiting, vectors, others)
        with self._writing:
            self._complete.add(np.concatenate(loaded))
        self.nearest.refresh()

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        """Take in the features of each of `photos`, which replace what was known of it."""
        if not photos:
            return
        table = FeatureTable(
            rows=np.array([photo.row for photo in photos], dtype=np.int64),
            detections=np.stack([one.detections for one in features]),
            word_vectors=np.stack([one.word_vector for one in features]),
            embeddings=np.stack([one.embedding for one in features]),
            tag_ids=np.stack([one.tag_ids for one in features]),
            tag_probabilities=np.stack([one.tag_probabilities for one in features]),
            label_scores=np.stack([one.label_scores for one in features]),
        )
        with self._writing:
            self._add_embeddings(table)
            self.words.add(table.rows, table.word_vectors)
            self._labels.add(self._add_objects(table))
            self._complete.add(table.rows)
        self.nearest.refresh()

    def remove(self, row: int) -> None:
        """Forget a photo; nothing happens if it isn't held."""
        with self._writing:
            for index in (self.embeddings, self.words, self.objects, self.layouts, self.things, self._labels):
                index.remove([row])
            self.facts.remove([row])
            self._complete.discard(np.array([row]))

    def _add_embeddings(self, table: FeatureTable) -> None:
        self.embeddings.add(table.rows, table.embeddings)
        self.nearest.add(table.rows, table.embeddings)

    def _add_together(self, tables: list[FeatureTable], vectors: InTurn, others: InTurn) -> None:
        """Add all but the embeddings of some tables at once, on two threads."""
        if tables:
            columns = {name: np.concatenate([vars(one)[name] for one in tables]) for name in vars(tables[0])}
            table = FeatureTable(**columns)
            vectors.do(partial(self.words.add, table.rows, table.word_vectors))
            others.do(lambda: self._labels.add_later(self._add_objects(table)))

    def _add_objects(self, table: FeatureTable) -> LabelTable:
        """Add what was detected; return what goes by labels."""
        objects = grouped_objects(table.rows, table.detections)
        self.objects.add_grouped(objects)
        self.layouts.add_grouped(objects)
        self.things.add_grouped(objects)
        surest = surest_objects(table.detections, self._label_count)
        return LabelTable(table.rows, table.label_scores, surest, table.tag_ids, table.tag_probabilities)
