"""Keyword search in galleries like real ones: `classic` against FAISS, `late` against `classic`, and over HTTP.

Run as `python -m benchmarks.keyword_search` for JSON. All ways search in turn, so that whatever else the machine does
slows all of them; times are medians over all queries and repeats. What they find is compared with what the plain
definitions of `app/text/scoring.py` say of every photo.
"""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from inspect import signature
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import requests
from werkzeug.serving import make_server

from app import create_app
from app.domain import Photo, PhotoFacts, PhotoId, PhotoState
from app.search.label_index import LabelIndex
from app.search.label_table import LabelTable, surest_objects, together
from app.search.ranking import Ranked, top
from app.search.word_index import WordIndex
from app.services.feature_index import WORD_DIMENSIONS, FeatureIndex
from app.services.gallery import Gallery
from app.services.keyword_search import KeywordSearch
from app.services.searches import Searches
from app.settings import Settings
from app.store.base import FeatureTable
from app.text.keywords import KeywordMatcher, UnderstoodQuery
from app.text.late import LateScorer
from app.text.scoring import classic_scores
from app.text.word_vectors import WordVectors
from benchmarks.report import Measurement
from benchmarks.synthetic import synthetic_features
from model_server.catalogue import load_card

PHOTOS = 1_000_000
HTTP_PHOTOS = 100_000
REPEATS = 7
HTTP_REPEATS = 10
LIMIT = 60
QUERIES = ("cat", "kitty", "vehicle", "instrument", "dessert", "guitar", "animal", "zebra", "sofa", "bird", "fruit")
HTTP_QUERIES = ("kitty", "vehicle", "person bicycle", "dog -person", "instrument")
TIMES_FASTER_THAN_FAISS = 2.0
TOLERANCE = 1e-6
CARD = load_card("gallery_default")


@dataclass(frozen=True)
class Result:
    """Median times of a search each way, and whether it found what the plain definitions say."""

    photos: int
    faiss_ms: float
    faiss_threads: int
    classic_ms: float
    late_ms: float
    index_s: float
    exact: bool


@dataclass(frozen=True)
class HttpResult:
    """Median times of a request over HTTP and of the search in it."""

    photos: int
    request_ms: float
    search_ms: float


class _Photos:
    """The same photos in every form that is compared."""

    def __init__(self, count: int) -> None:
        self.labels, self.words = LabelIndex(), WordIndex(WORD_DIMENSIONS, classic_scores)
        self.faiss = faiss.IndexFlatIP(WORD_DIMENSIONS)
        self.index_s = 0.0
        tables, vectors = [], []
        for block in synthetic_features(count, embeddings=False):
            started = time.perf_counter()
            tables.append(_label_table(block))
            self.labels.add_later(tables[-1])
            self.words.add(block.rows, block.word_vectors)
            self.index_s += time.perf_counter() - started
            vectors.append(block.word_vectors)
            lengths = np.linalg.norm(block.word_vectors, axis=1, keepdims=True)
            self.faiss.add(block.word_vectors / np.maximum(lengths, 1e-12))
        started = time.perf_counter()
        self.labels.snapshot()
        self.index_s += time.perf_counter() - started
        self.table, self.word_vectors = together(tables), np.concatenate(vectors)


def measure(count: int = PHOTOS) -> Result:
    """Compare the ways to search `count` made-up photos."""
    photos, matcher = _Photos(count), _matcher()
    queries = [matcher.understand(text) for text in QUERIES]
    threads = _best_faiss_threads(photos, matcher.vector(queries[0]))
    times: dict[str, list[float]] = {"faiss": [], "classic": [], "late": []}
    for query in queries * REPEATS:
        vector = matcher.vector(query)
        unit = (vector / np.linalg.norm(vector))[None]
        started = time.perf_counter()
        photos.faiss.search(unit, LIMIT)
        searched = time.perf_counter()
        photos.words.top(vector, LIMIT)
        compared = time.perf_counter()
        photos.labels.snapshot().best(LateScorer(query.wanted, query.excluded), LIMIT)
        times["faiss"].append(searched - started)
        times["classic"].append(compared - searched)
        times["late"].append(time.perf_counter() - compared)
    faiss_ms, classic_ms, late_ms = (1000 * float(np.median(one)) for one in times.values())
    exact = all(_is_exact(photos, matcher, query) for query in queries)
    return Result(count, faiss_ms, threads, classic_ms, late_ms, photos.index_s, exact)


def measure_http(count: int = HTTP_PHOTOS) -> HttpResult:
    """Search `count` made-up photos by words through a server, one request after the other."""
    searches, searched = [], []
    with _served(count) as url, requests.Session() as session:
        for query in HTTP_QUERIES * HTTP_REPEATS:
            started = time.perf_counter()
            answer = session.get(f"{url}/api/v1/search", params={"q": query, "limit": str(LIMIT)}, timeout=30)
            searches.append(1000 * (time.perf_counter() - started))
            answer.raise_for_status()
            searched.append(float(answer.json()["elapsed_ms"]))
    return HttpResult(count, float(np.median(searches)), float(np.median(searched)))


def measurements() -> list[Measurement]:
    """Measure, and return what the README shows."""
    result, http = measure(), measure_http()
    equal = "same results as the plain definition" if result.exact else "other results than the plain definition"
    faster = result.faiss_ms / result.classic_ms
    return [
        Measurement(
            f"keyword search `classic` among {result.photos:,} photos",
            f"{faster:.1f} times faster ({result.classic_ms:.1f} ms), {equal}",
            f"FAISS IndexFlatIP, {result.faiss_ms:.1f} ms with its best number of threads, {result.faiss_threads}",
            f"{TIMES_FASTER_THAN_FAISS:.0f} times, to {TOLERANCE:.0e}",
            faster >= TIMES_FASTER_THAN_FAISS and result.exact,
        ),
        Measurement(
            f"keyword search `late` among {result.photos:,} photos",
            f"{result.classic_ms / result.late_ms:.1f} times faster ({result.late_ms:.1f} ms), {equal}",
            f"`classic`, {result.classic_ms:.1f} ms",
            "faster",
            result.late_ms < result.classic_ms and result.exact,
        ),
        Measurement(
            f"keyword search over HTTP among {http.photos:,} photos",
            f"{http.search_ms:.1f} ms of a request's {http.request_ms:.1f} ms are the search",
            "the whole request",
            "less than half",
            http.search_ms < http.request_ms / 2,
        ),
    ]


def _is_exact(photos: _Photos, matcher: KeywordMatcher, query: UnderstoodQuery) -> bool:
    """Tell whether both ways find what sorting all plain scores finds."""
    late = photos.labels.snapshot().best(LateScorer(query.wanted, query.excluded), LIMIT)
    classic = photos.words.top(matcher.vector(query), LIMIT)
    return _same(late, top(matcher.late(query, photos.table), LIMIT)) and _same(
        classic, top(matcher.classic(query, photos.word_vectors), LIMIT)
    )


def _same(found: Ranked, plain: Ranked) -> bool:
    return found.rows.tolist() == plain.rows.tolist() and bool(
        (np.abs(found.scores - plain.scores) <= TOLERANCE).all()
    )


def _best_faiss_threads(photos: _Photos, vector: Any) -> int:
    """Let FAISS use as many threads as serve it best for one query, and return how many."""
    medians = {}
    for threads in range(1, faiss.omp_get_max_threads() + 1):
        faiss.omp_set_num_threads(threads)
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            photos.faiss.search(vector[None], LIMIT)
            times.append(time.perf_counter() - started)
        medians[threads] = float(np.median(times))
    best = min(medians, key=lambda threads: medians[threads])
    faiss.omp_set_num_threads(best)
    return best


def _matcher() -> KeywordMatcher:
    return KeywordMatcher(CARD.labels, [tag.name for tag in CARD.tag_classes], WordVectors.load())


def _label_table(block: FeatureTable) -> LabelTable:
    confidences = surest_objects(block.detections, len(CARD.labels))
    return LabelTable(block.rows, block.label_scores, confidences, block.tag_ids, block.tag_probabilities)


class _MadeUpStore:
    """Gives the photos that a search asks for."""

    def at(self, row: int) -> Photo:
        """Return a photo."""
        facts = PhotoFacts("image/jpeg", 640, 480, "#808080")
        return Photo(row, PhotoId(f"{row:032x}"), f"{row}.jpg", 1, facts, datetime.now(UTC), PhotoState.READY)


@contextmanager
def _served(count: int) -> Iterator[str]:
    """Serve searches by words among made-up photos by HTTP until the block ends; yield the address."""
    index = FeatureIndex(CARD)
    for block in synthetic_features(count, embeddings=False):
        index.load([replace(block, embeddings=np.zeros((len(block.rows), CARD.embedding_width), np.float32))])
    parts = {
        "store": _MadeUpStore(),
        "index": index,
        "words": KeywordSearch(CARD, index, WordVectors.load(), lambda photo_id: None),
    }
    searches = Searches(**{name: parts.get(name) for name in signature(Searches).parameters})  # type: ignore[arg-type]
    nothing: dict[str, Any] = {field.name: None for field in fields(Gallery)}
    gallery = Gallery(**nothing | {"outlooks": SimpleNamespace(now=SimpleNamespace(searches=searches))})
    server = make_server("127.0.0.1", 0, create_app(Settings(), gallery), threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    print(json.dumps({"in_process": asdict(measure()), "http": asdict(measure_http())}, indent=2))
