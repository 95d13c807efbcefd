"""How long a gallery of a million photos takes from its file to all indexes in memory.

The file is written by the store itself, with made-up features and next to nothing for photos, and is read by a
process of its own, which finds it in the system's cache, as after a restart of the gallery.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.domain import Features
from app.services.feature_index import FeatureIndex
from app.store.base import FeatureTable
from app.store.hdf5 import Hdf5Store
from benchmarks.photo_stores import made_up_photos
from benchmarks.report import Measurement
from benchmarks.synthetic import synthetic_features
from model_server.catalogue import load_card

PROJECT = Path(__file__).resolve().parent.parent
PHOTOS = 1_000_000
PHOTOS_A_COMMIT = 1 << 13
PHOTO_BYTES = 16
MODEL = "gallery_default"
TARGET_S = 10.0


def measurements(photos: int = PHOTOS) -> list[Measurement]:
    """Return what the README shows."""
    found = measure(photos)
    target_s = TARGET_S * photos / PHOTOS
    return [
        Measurement(
            f"start-up of all indexes from a file of {photos:,} photos",
            f"{found['seconds']:.1f} s",
            f"of which opening the file {found['open_seconds']:.1f} s",
            f"under {target_s:.0f} s",
            found["seconds"] < target_s,
        )
    ]


def measure(photos: int) -> dict[str, float]:
    """Return the seconds that opening and all together took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.h5"
        fill(path, photos)
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.start_up", str(path)],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def fill(path: Path, photos: int) -> None:
    """Write a gallery of made-up photos with made-up features."""
    store = Hdf5Store.open(path)
    for table in synthetic_features(photos):
        for start in range(0, len(table.rows), PHOTOS_A_COMMIT):
            part = FeatureTable(
                **{name: column[start : start + PHOTOS_A_COMMIT] for name, column in vars(table).items()}
            )
            made_up = made_up_photos(len(part.rows), seed=int(part.rows[0]), mean_bytes=PHOTO_BYTES)
            added = store.add(made_up, MODEL)
            store.finish(MODEL, {one.photo.id: _features(part, i) for i, one in enumerate(added)})
    store.close()


def start_up(path: Path) -> dict[str, float]:
    """Open a gallery and fill its indexes."""
    card = load_card(MODEL)
    started = time.perf_counter()
    store = Hdf5Store.open(path, create=False)
    opened = time.perf_counter()
    index = FeatureIndex(card, lambda rows: store.embeddings_of(rows, card.name))
    index.reserve(store.info().photos)
    index.load_facts(store.photo_facts())
    index.load(store.feature_blocks(card.name))
    done = time.perf_counter()
    store.close()
    return {"seconds": done - started, "open_seconds": opened - started}


def _features(table: FeatureTable, place: int) -> Features:
    return Features(
        detections=table.detections[place],
        word_vector=table.word_vectors[place],
        embedding=table.embeddings[place],
        tag_ids=table.tag_ids[place],
        tag_probabilities=table.tag_probabilities[place],
        label_scores=table.label_scores[place],
    )


if __name__ == "__main__":
    print(json.dumps(start_up(Path(sys.argv[1]))))
