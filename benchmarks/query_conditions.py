"""Conditions of queries in a gallery of many photos: how long they take to judge, against photo by photo."""

import json
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.domain import Float32
from app.search.conditions import ObjectTable
from app.search.conditions_reference import placed, seen, sized
from app.search.facts import FactTable
from app.services.query_conditions import QueryConditions, compared
from app.store.base import PhotoFactColumns
from app.text.detectable import DetectorWords
from app.text.keywords import KeywordMatcher
from app.text.query_tree import Condition, CountCondition, PlaceCondition, SizeCondition
from app.text.word_vectors import WordVectors
from benchmarks.report import Measurement
from benchmarks.synthetic import synthetic_features
from model_server.catalogue import load_card

PHOTOS = 1_000_000
SAMPLE = 1_000
"""So many photos are judged one by one as well; the time for all is theirs, scaled."""
REPEATS = 7
OBJECT_QUERIES = (
    "dog>=2",
    "animal>=2",
    "big:person",
    "person left-of:dog",
    "person inside:car",
    "person left-of:person",
    "person left-of:vehicle above:animal",
)
FACT_QUERIES = ("is:portrait", "color:red", "after:2023-05 before:2024")
TARGET_MS = 100.0


class Gallery:
    """A made-up gallery; sample: float32 (SAMPLE, 20, 6), the detections of its first photos."""

    def __init__(self, photos: int) -> None:
        card, words = load_card("gallery_default"), WordVectors.load()
        self.matcher = KeywordMatcher(card.labels, [tag.name for tag in card.tag_classes], words)
        self.words = DetectorWords(card.labels, words, self.matcher.meaning)
        self.objects, self.facts = ObjectTable(), FactTable()
        self.conditions = QueryConditions(card.labels, self.words, self.objects, self.facts)
        self.sample: Float32 = np.zeros((0, 20, 6), dtype=np.float32)
        for block in synthetic_features(photos, embeddings=False):
            self.objects.add(block.rows, block.detections)
            if not len(self.sample):
                self.sample = block.detections[:SAMPLE].copy()
        self.facts.add(**vars(made_up_facts(photos)))

    def one_by_one(self, condition: Condition) -> list[bool]:
        """Judge the sample by the plain definition."""
        match condition:
            case CountCondition(term=term, sign=sign, number=number):
                classes = self.words.class_ids(term)
                counts = np.array([len(seen(photo, classes)) for photo in self.sample])
                return list(compared(counts, sign, number))
            case SizeCondition(size=size, term=term):
                classes = self.words.class_ids(term)
                return [sized(photo, classes, size) is not None for photo in self.sample]
            case PlaceCondition(subject=subject, links=links):
                classes = self.words.class_ids(subject)
                wanted = [(link.relation, self.words.class_ids(link.other)) for link in links]
                return [placed(photo, classes, wanted) is not None for photo in self.sample]
        raise ValueError(f"{condition} isn't about objects.")


def made_up_facts(photos: int, seed: int = 0) -> PhotoFactColumns:
    """Return facts of photos of all shapes and colours, taken over ten years."""
    random = np.random.default_rng(seed)
    days: NDArray[np.datetime64] = np.datetime64("2015-01-01", "D") + random.integers(0, 3650, photos)
    return PhotoFactColumns(
        rows=np.arange(photos),
        widths=random.integers(2000, 6000, photos).astype(np.int32),
        heights=random.integers(2000, 6000, photos).astype(np.int32),
        days=days,
        colours=random.integers(0, 256, (photos, 3)).astype(np.uint8),
    )


def measure(photos: int = PHOTOS) -> dict[str, dict[str, float]]:
    """Return of each query the median milliseconds, and the ratio to judging photo by photo where that was done."""
    gallery = Gallery(photos)
    results = {}
    for query in (*OBJECT_QUERIES, *FACT_QUERIES):
        conditions = gallery.matcher.understand(query).conditions
        median_ms, mask = timed(lambda conditions=conditions: gallery.conditions.mask(conditions))  # type: ignore[misc]
        results[query] = {"ms": median_ms, "found": float(np.count_nonzero(mask))}
        if query in OBJECT_QUERIES:
            started_s = time.perf_counter()
            plain = gallery.one_by_one(conditions[0])
            plain_ms = 1000 * (time.perf_counter() - started_s) * photos / len(plain)
            if mask[: len(plain)].tolist() != plain:
                raise AssertionError(f"{query} is judged otherwise than by the plain definition.")
            results[query]["times_faster"] = plain_ms / median_ms
    return results


def timed(judge: Callable[[], NDArray[np.bool_]]) -> tuple[float, NDArray[np.bool_]]:
    """Return the median time in milliseconds, and what was judged."""
    times_ms = []
    for _ in range(REPEATS):
        started_s = time.perf_counter()
        mask = judge()
        times_ms.append(1000 * (time.perf_counter() - started_s))
    return float(np.median(times_ms)), mask


def measurements() -> list[Measurement]:
    """Return what the README shows."""
    results = measure()
    slowest = max(results, key=lambda query: results[query]["ms"])
    slowest_ms = results[slowest]["ms"]
    least = min(result["times_faster"] for result in results.values() if "times_faster" in result)
    return [
        Measurement(
            f"a query's conditions among {PHOTOS:,} photos",
            f"{slowest_ms:.0f} ms",
            f"the slowest of {len(results)}, `{slowest}`; at least {least:,.0f} times faster than photo by photo",
            f"under {TARGET_MS:.0f} ms",
            slowest_ms < TARGET_MS,
        )
    ]


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
