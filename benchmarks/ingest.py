"""Ingest end to end, from an upload over HTTP to `ready`, against the bare model and bare decoding on the same cores.

An upload's picture is decoded once, for its check, its thumbnail and the model's input alike. Decoding and the model
share the machine's cores, so neither of their own speeds can be reached: the limit of both together, 1 / (1 / model +
1 / decoding), is what the ingest is held to.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from app import imaging
from benchmarks import bare_model
from benchmarks.report import Measurement
from benchmarks.stack import ServedGallery, running_gallery

CLIENTS = 3
FILES_PER_REQUEST = 8
KINDS = {".jpg", ".jpeg", ".png", ".webp"}
READY_LIMIT_S = 600.0
TARGET_SHARE = 0.6
MEMORY_PHOTOS = 1000
MEMORY_TARGET_BYTES = 250 * 1000 * 1000
LARGE_PHOTOS = 1000
LARGE_SIZE_PX = (4000, 3000)
LARGE_DIFFERENT = 20
LIMIT_TARGET_SHARE = 0.9
DECODED_PER_CORE = 40


def measurements(photos: int = LARGE_PHOTOS) -> list[Measurement]:
    """Ingest photos of 12 megapixels, made of freely licensed ones."""
    files = large_jpegs(LARGE_DIFFERENT)
    rates = bare_model.measure()
    best_size = max(rates, key=lambda size: rates[size])
    decoding = decode_rate(files)
    with tempfile.TemporaryDirectory() as scratch, running_gallery(Path(scratch)) as gallery:
        rate = ingest_rate(gallery, distinct(files, photos), photos)
    model = rates[best_size]
    limit = 1 / (1 / model + 1 / decoding)
    return [
        Measurement(
            f"ingest of {photos:,} JPEGs of 12 megapixels, HTTP upload to `ready`",
            f"{rate / limit:.0%} ({rate:.1f} images/s)",
            f"the limit of model and decoding on the same {cores()} cores ({limit:.1f} images/s)",
            f"at least {LIMIT_TARGET_SHARE:.0%}",
            rate >= LIMIT_TARGET_SHARE * limit,
        ),
        Measurement(
            "the same against the bare model",
            f"{rate / model:.0%}",
            f"batches of {best_size}, nothing else on the cores ({model:.1f} images/s)",
            "-",
            True,
        ),
        Measurement(
            "the same against bare decoding",
            f"{rate / decoding:.0%}",
            f"all cores decoding for check, thumbnail and input, nothing else ({decoding:.1f} images/s)",
            "-",
            True,
        ),
    ]


def large_jpegs(count: int) -> list[bytes]:
    """Return JPEGs of 12 megapixels, enlarged from photos that scikit-image and scikit-learn carry, with grain."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    sources = [data.astronaut(), data.chelsea(), data.coffee(), *load_sample_images().images]
    random = np.random.default_rng(0)
    files = []
    for number in range(count):
        large = Image.fromarray(sources[number % len(sources)]).resize(LARGE_SIZE_PX, Image.Resampling.BICUBIC)
        grain = random.normal(0, 4, (LARGE_SIZE_PX[1], LARGE_SIZE_PX[0], 1)).astype(np.int16)
        buffer = BytesIO()
        Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
        files.append(buffer.getvalue())
    return files


def distinct(files: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Yield so many different files: JPEG readers pass over what follows the picture, and it makes another photo."""
    return (files[number % len(files)] + b"%d" % number for number in range(count))


def decode_rate(files: Sequence[bytes]) -> float:
    """Return photos/s of all cores doing to pictures what an upload does, and nothing else."""
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(decode_some, [files[:1]] * cores()))  # the processes start and load
        started = time.perf_counter()
        done = sum(pool.map(decode_some, [list(distinct(files, DECODED_PER_CORE))] * cores()))
        return done / (time.perf_counter() - started)


def decode_some(files: Sequence[bytes]) -> int:
    """Decode files and make thumbnails and model inputs; return how many."""
    for data in files:
        picture = imaging.decode(data)
        picture.thumbnail(512)
        picture.model_input(300, 300)
    return len(files)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(folder: Path) -> list[Measurement]:
    """Ingest the photos of a folder into a new gallery."""
    rates = bare_model.measure()
    best_size = max(rates, key=lambda size: rates[size])
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    with tempfile.TemporaryDirectory() as scratch, running_gallery(Path(scratch)) as gallery:
        rate = ingest_rate(gallery, (path.read_bytes() for path in photos), len(photos))
        memory_bytes = gallery.web_memory_bytes()
        if len(photos) < MEMORY_PHOTOS:
            missing = MEMORY_PHOTOS - len(photos)
            ingest_rate(gallery, distinct([path.read_bytes() for path in photos], missing), missing)
            memory_bytes = gallery.web_memory_bytes()
    share = rate / rates[best_size]
    return [
        Measurement(
            f"ingest of {len(photos)} photos, HTTP upload to `ready`",
            f"{share:.0%} ({rate:.0f} images/s)",
            f"the bare model at its best batch size, {best_size} ({rates[best_size]:.0f} images/s)",
            f"at least {TARGET_SHARE:.0%}",
            share >= TARGET_SHARE,
        ),
        Measurement(
            f"memory of the web process with {max(len(photos), MEMORY_PHOTOS):,} photos",
            f"{memory_bytes / 1e6:.0f} MB",
            "resident, after the ingest",
            f"under {MEMORY_TARGET_BYTES / 1e6:.0f} MB",
            memory_bytes < MEMORY_TARGET_BYTES,
        ),
    ]


def ingest_rate(gallery: ServedGallery, files: Iterable[bytes], count: int) -> float:
    """Upload `count` files with a few clients at once and wait until all are ready; return photos/s."""
    before = ready_count(gallery)
    remaining = iter(files)  # made as they are sent: a thousand large photos together are gigabytes
    started = time.perf_counter()
    lock = threading.Lock()

    def send() -> None:
        while True:
            with lock:
                group = list(islice(remaining, FILES_PER_REQUEST))
            if not group:
                return
            upload(gallery, group)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for client in [pool.submit(send) for _ in range(CLIENTS)]:
            client.result()
    deadline = time.perf_counter() + READY_LIMIT_S
    while ready_count(gallery) - before < count:
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{ready_count(gallery) - before} of {count} photos were ready in time.")
        time.sleep(0.05)
    return count / (time.perf_counter() - started)


def upload(gallery: ServedGallery, files: Sequence[bytes]) -> None:
    """Send files in one request; raise if one is refused or known already."""
    parts = [("file", (f"{number}.jpg", data)) for number, data in enumerate(files)]
    answer = requests.post(f"{gallery.url}/api/v1/images", files=parts, timeout=60)
    answer.raise_for_status()
    if refused := [item for item in answer.json()["items"] if item.get("error") or item["duplicate"]]:
        raise RuntimeError(f"The gallery didn't take {refused[0]}.")


def ready_count(gallery: ServedGallery) -> int:
    """Return how many photos are ready."""
    answer = requests.get(f"{gallery.url}/api/v1/images", params={"limit": "1", "state": "ready"}, timeout=30)
    return int(answer.json()["total"])
