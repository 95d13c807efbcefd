"""Ingest end to end, from an upload over HTTP to `ready`, against the bare model; and the memory that it takes."""

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from benchmarks import bare_model
from benchmarks.report import Measurement
from benchmarks.stack import ServedGallery, running_gallery

CLIENTS = 2
FILES_PER_REQUEST = 8
KINDS = {".jpg", ".jpeg", ".png", ".webp"}
READY_LIMIT_S = 600.0
TARGET_SHARE = 0.6
MEMORY_PHOTOS = 1000
MEMORY_TARGET_BYTES = 250 * 1000 * 1000


def measure(folder: Path) -> list[Measurement]:
    """Ingest the photos of a folder into a new gallery."""
    rates = bare_model.measure()
    best_size = max(rates, key=lambda size: rates[size])
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    with tempfile.TemporaryDirectory() as scratch, running_gallery(Path(scratch)) as gallery:
        rate = ingest_rate(gallery, [path.read_bytes() for path in photos])
        memory_bytes = gallery.web_memory_bytes()
        if len(photos) < MEMORY_PHOTOS:
            # JPEG readers pass over what follows the picture, and the bytes make it another photo.
            further = [photos[n % len(photos)].read_bytes() + b"%d" % n for n in range(MEMORY_PHOTOS - len(photos))]
            ingest_rate(gallery, further)
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


def ingest_rate(gallery: ServedGallery, files: Sequence[bytes]) -> float:
    """Upload files with a few clients at once and wait until all are ready; return photos/s."""
    before = ready_count(gallery)
    groups = [files[start : start + FILES_PER_REQUEST] for start in range(0, len(files), FILES_PER_REQUEST)]
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in pool.map(lambda group: upload(gallery, group), groups):
            pass
    deadline = time.perf_counter() + READY_LIMIT_S
    while ready_count(gallery) - before < len(files):
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{ready_count(gallery) - before} of {len(files)} photos were ready in time.")
        time.sleep(0.05)
    return len(files) / (time.perf_counter() - started)


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
