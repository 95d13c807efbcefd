"""The embeddings of a made-up gallery in memory, with what an index needs to search them."""

import numpy as np

from app.domain import Float32
from app.search.embedding import EmbeddingIndex, VectorSource
from app.store.base import Rows
from benchmarks.synthetic import synthetic_features

WIDTH = 1280


def indexed_embeddings(photos: int) -> tuple[EmbeddingIndex, VectorSource]:
    """Return an index of all photos' embeddings, and what it reads them with."""
    # Half the bytes of 32-bit numbers, so that a million fit beside the index.
    kept = np.empty((photos, WIDTH), np.float16)

    def read(rows: Rows) -> Float32:
        return kept[rows].astype(np.float32)

    index = EmbeddingIndex(WIDTH, read)
    index.reserve(photos)
    for table in synthetic_features(photos):
        kept[table.rows] = table.embeddings
        index.add(table.rows, read(table.rows))
    return index, read
