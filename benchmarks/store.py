"""The gallery file against SQLite with the same promise, and what opening 100,000 photos takes."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.domain import Features
from app.store.hdf5 import Hdf5Store
from benchmarks.photo_stores import MODEL, Files, OurFile, PhotoStore, Sqlite, closing, made_up_photos
from benchmarks.report import Measurement

PROJECT = Path(__file__).resolve().parent.parent
ROUNDS = 7
CLIENTS = 8
READS = 2000
MANY = 100_000
GROUPS = ((1, 24, 1.0), (8, 64, 2.0), (32, 128, 4.0))
"""Photos to a commit, photos in a round, and how many times as fast as SQLite we want to be."""


def measurements() -> list[Measurement]:
    """Measure writing, reading and opening."""
    found = [_grouped(size, count, target) for size, count, target in GROUPS]
    return [*found, _clients(), *_reading(), *_opening()]


def _rates(write: Callable[[PhotoStore, int], int]) -> tuple[float, float, float]:
    """Run rounds on both stores in turn; return photos/s of ours and of SQLite, and the median ratio."""
    ours, theirs = list[float](), list[float]()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(OurFile(Path(folder))) as our_file,
        closing(Sqlite(Path(folder))) as sqlite,
    ):
        for round_ in range(ROUNDS):
            for store, rates in ((our_file, ours), (sqlite, theirs)):
                started = time.perf_counter()
                count = write(store, round_)
                rates.append(count / (time.perf_counter() - started))
    # The first round warms both up.
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    return statistics.median(ours[1:]), statistics.median(theirs[1:]), statistics.median(ratios)


def _grouped(size: int, count: int, target: float) -> Measurement:
    rounds = [made_up_photos(count, seed=round_) for round_ in range(ROUNDS)]

    def write(store: PhotoStore, round_: int) -> int:
        for start in range(0, count, size):
            store.add(rounds[round_][start : start + size])
        return count

    ours, theirs, ratio = _rates(write)
    return Measurement(
        f"durable uploads, {size} to a commit",
        f"{ratio:.1f} times ({ours:.0f} photos/s)",
        f"SQLite, WAL, synchronous=FULL ({theirs:.0f} photos/s)",
        f"at least {target:.0f} times",
        ratio >= target,
    )


def _clients() -> Measurement:
    rounds = [made_up_photos(CLIENTS * 8, seed=round_) for round_ in range(ROUNDS)]

    def write(store: PhotoStore, round_: int) -> int:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda photo: store.add([photo]), rounds[round_]))
        return len(rounds[round_])

    ours, theirs, ratio = _rates(write)
    return Measurement(
        f"durable uploads, {CLIENTS} clients, one photo a request",
        f"{ratio:.1f} times ({ours:.0f} photos/s)",
        f"SQLite, WAL, synchronous=FULL ({theirs:.0f} photos/s)",
        "at least 2 times",
        ratio >= 2,
    )


def _reading() -> list[Measurement]:
    photos = made_up_photos(256)
    ids = [photos[number].id for number in np.random.default_rng(1).integers(0, len(photos), READS)]
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        stores: list[PhotoStore] = [OurFile(Path(folder)), Sqlite(Path(folder)), Files(Path(folder))]
        for store in stores:
            store.add(photos)
        for photo_id in ids:
            # In turn, so that what else the machine does hits all alike.
            for store in stores:
                started = time.perf_counter()
                store.read(photo_id)
                times.setdefault(store.name, []).append(time.perf_counter() - started)
        for store in stores:
            store.close()
    ours, sqlite, file = (statistics.median(times[store.name]) * 1e6 for store in stores)
    return [
        Measurement(
            "one photo's bytes read warm, checksum included",
            f"{ours / sqlite:.2f} times ({ours:.0f} µs)",
            f"SQLite, no checksum ({sqlite:.0f} µs)",
            "less than 1",
            ours < sqlite,
        ),
        Measurement(
            "one photo's bytes read warm, checksum included",
            f"{ours / file:.2f} times ({ours:.0f} µs)",
            f"a plain file, no checksum ({file:.0f} µs)",
            "at most 2",
            ours <= 2 * file,
        ),
    ]


def _opening() -> list[Measurement]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.h5"
        feature_bytes = _fill(path)
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.store", str(path)],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(answer.stdout)
    extra_bytes = found["memory_bytes"] - feature_bytes
    return [
        Measurement(
            f"opening {MANY:,} photos up to the first search",
            f"{found['seconds']:.1f} s",
            f"of which the file {found['open_seconds']:.1f} s; the search is one matrix product",
            "under 3 s",
            found["seconds"] < 3,
        ),
        Measurement(
            f"memory of {MANY:,} open photos beyond their features",
            f"{extra_bytes / MANY:.0f} bytes a photo",
            f"{feature_bytes / MANY:.0f} bytes of features a photo; a photo has 150,000 and more",
            "under 1,000 bytes a photo",
            extra_bytes < 1000 * MANY,
        ),
    ]


def _fill(path: Path) -> int:
    """Fill a gallery with tiny photos and features of the default model's shapes; return the features' bytes."""
    rng = np.random.default_rng(0)
    group = 2000
    store = Hdf5Store.open(path)
    for start in range(0, MANY, group):
        photos = made_up_photos(group, seed=start, mean_bytes=64)
        store.add(photos, MODEL)
        detections = rng.random((group, 20, 6), np.float32)
        embeddings = rng.standard_normal((group, 1280), np.float32)
        found = {
            photo.id: Features(
                detections=detections[i],
                word_vector=embeddings[i, :50],
                embedding=embeddings[i],
                tag_ids=np.arange(10, dtype=np.int32),
                tag_probabilities=embeddings[i, :10],
                label_scores=embeddings[i, :80],
            )
            for i, photo in enumerate(photos)
        }
        store.finish(MODEL, found)
    store.close()
    return MANY * 4 * (20 * 6 + 50 + 1280 + 10 + 10 + 80)


def _open_and_search(path: Path) -> dict[str, float]:
    """Open a gallery and find the photo nearest to the first."""
    before_bytes, started = _memory_bytes(), time.perf_counter()
    store = Hdf5Store.open(path, create=False)
    opened = time.perf_counter()
    embeddings = np.concatenate([block.embeddings for block in store.feature_blocks(MODEL)])
    int(np.argmax(embeddings @ embeddings[0]))
    store.jobs(due=datetime.now(UTC), limit=16)
    done = time.perf_counter()
    found = {
        "seconds": done - started,
        "open_seconds": opened - started,
        "memory_bytes": _memory_bytes() - before_bytes,
    }
    store.close()
    return found


def _memory_bytes() -> int:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    print(json.dumps(_open_and_search(Path(sys.argv[1]))))
