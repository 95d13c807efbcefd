"""Keyword search in a gallery of many photos: how long the best of them take to find."""

import json
import time

import numpy as np

from app.domain import KeywordMode
from app.search.ranking import top
from app.services.feature_index import FeatureIndex
from app.services.keyword_search import KeywordSearch
from app.store.base import FeatureTable
from app.text.word_vectors import WordVectors
from benchmarks.report import Measurement
from model_server.catalogue import load_card

PHOTOS = 100_000
REPEATS = 20
QUERIES = ("kitty", "vehicle", "person bicycle", "dog -person")
TARGET_MS = 100.0


def synthetic_table(photos: int, seed: int = 0) -> FeatureTable:
    """Return features of made-up photos: each shows a few labels, most of them people, and has ten tags."""
    random = np.random.default_rng(seed)
    card = load_card("gallery_default")
    labels = len(card.labels)
    popularity = 1 / np.arange(1, labels + 1)
    shown = random.choice(labels, size=(photos, 3), p=popularity / popularity.sum())
    scores = (0.02 * random.random((photos, labels))).astype(np.float32)
    scores[np.arange(photos)[:, None], shown] = random.random((photos, 3))
    detections = np.zeros((photos, 20, 6), dtype=np.float32)
    detections[:, :3, 0] = shown + 1
    detections[:, :3, 1] = np.sort(random.random((photos, 3)))[:, ::-1]
    detections[:, :3, 2:4] = 150 * random.random((photos, 3, 2))
    detections[:, :3, 4:6] = 150 + 150 * random.random((photos, 3, 2))
    return FeatureTable(
        rows=np.arange(photos),
        detections=detections,
        word_vectors=random.normal(size=(photos, 50)).astype(np.float32),
        embeddings=np.eye(1, card.embedding_width, dtype=np.float32).repeat(photos, axis=0),
        tag_ids=random.integers(0, len(card.tag_classes), (photos, 10)).astype(np.int32),
        tag_probabilities=np.sort(random.random((photos, 10), dtype=np.float32) / np.float32(10))[:, ::-1],
        label_scores=scores,
    )


def measure() -> dict[str, float]:
    """Return the median time of a search by words in milliseconds, for each query."""
    card = load_card("gallery_default")
    index = FeatureIndex(card)
    index.load(synthetic_table(PHOTOS))
    search = KeywordSearch(card, index, WordVectors.load())
    medians = {}
    for query in QUERIES:
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            top(search.match(query, KeywordMode.LATE).scores, 60)
            times.append(1000 * (time.perf_counter() - started))
        medians[query] = float(np.median(times))
    return medians


def measurements() -> list[Measurement]:
    """Return what the README shows."""
    medians = measure()
    slowest = max(medians.values())
    return [
        Measurement(
            f"keyword search (`late`) among {PHOTOS:,} photos",
            f"{slowest:.0f} ms",
            f"the slowest of {len(QUERIES)} queries, median of {REPEATS}",
            f"under {TARGET_MS:.0f} ms",
            slowest < TARGET_MS,
        )
    ]


if __name__ == "__main__":
    print(json.dumps(measure()))
