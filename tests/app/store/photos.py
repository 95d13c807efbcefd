"""Photos and features made from a number, and ways into a gallery file that bypass the store."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py
import numpy as np

from app.domain import Features, PhotoFacts, PhotoId
from app.store.base import NEIGHBOURS_KEPT, FeatureTable, Known, NeighbourLists, NewPhoto, Store
from app.store.schema import Layout

MODEL = "gallery_default"
START = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
SMALL = Layout(
    segment_bytes=64 * 1024,
    thumbnail_segment_bytes=32 * 1024,
    chunk_rows=16,
    journal_bytes=64 * 1024,
    spare_bytes=16 * 1024,
)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def photo(number: int, size: int = 5000) -> NewPhoto:
    random = np.random.default_rng(number)
    data = random.integers(0, 256, size, np.uint8).tobytes()
    return NewPhoto(
        id=id_of(data),
        name=f"Ürlaub {number}.jpg",
        data=data,
        facts=PhotoFacts(
            media_type="image/jpeg",
            width=640 + number,
            height=480,
            dominant_colour="#a0b0c0",
            taken_at=datetime(2024, 5, 6, 7, 8, 9),
            exif={"Camera": "Ä 7", "Aperture": "f/2.8"},
        ),
        thumbnail=random.integers(0, 256, 300 + number % 7, np.uint8).tobytes(),
    )


def moving(new: NewPhoto, known: Known) -> NewPhoto:
    """Return a photo that brings what another gallery knew of it."""
    return replace(new, known=known)


def id_of(data: bytes) -> PhotoId:
    return PhotoId(hashlib.sha256(data).hexdigest()[:32])


def features(number: int, width: int = 8) -> Features:
    random = np.random.default_rng(number + 1_000_000)
    return Features(
        detections=random.random((20, 6), np.float32),
        word_vector=random.random(50, np.float32),
        embedding=random.random(width, np.float32),
        tag_ids=random.integers(0, 1000, 10).astype(np.int32),
        tag_probabilities=random.random(10, np.float32),
        label_scores=random.random(80, np.float32),
    )


def only(whole: Features, *parts: str) -> Features:
    """Return features of which but some parts are said."""
    return Features(**{name: value if name in parts else value[:0] for name, value in vars(whole).items()})


def neighbours(store: Store, rows: Sequence[int], seed: int) -> NeighbourLists:
    """Make lists up for rows of a store, from their features as they are now."""
    lists = NeighbourLists(
        rows=np.array(rows, np.int64),
        neighbours=np.zeros((len(rows), NEIGHBOURS_KEPT), np.int32),
        similarities=np.zeros((len(rows), NEIGHBOURS_KEPT), np.float32),
        versions=np.zeros(len(rows), np.uint32),
    )
    for at, row in enumerate(rows):
        random = np.random.default_rng([seed, row])
        lists.neighbours[at] = random.integers(-1, 1_000_000, NEIGHBOURS_KEPT)
        lists.similarities[at] = random.random(NEIGHBOURS_KEPT, np.float32)
        lists.versions[at] = store.neighbours.versions(np.array([row]), MODEL)[0]
    return lists


def same_features(one: Features, other: Features | None) -> bool:
    return other is not None and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in Features.__dataclass_fields__
    )


def feature_table(store: Store, model: str = MODEL) -> FeatureTable:
    """Return all features of a model at once, whatever the blocks in which the store gives them."""
    blocks = list(store.feature_blocks(model, rows_per_block=7))
    if not blocks:
        nothing = np.zeros(0, np.float32)
        return FeatureTable(np.zeros(0, np.int64), nothing, nothing, nothing, np.zeros(0, np.int32), nothing, nothing)
    return FeatureTable(**{name: np.concatenate([vars(block)[name] for block in blocks]) for name in vars(blocks[0])})


def damage(path: Path, data: bytes, fields: Iterable[int] = (0,)) -> None:
    """Flip bits in the file where `data` stands."""
    content = path.read_bytes()
    place = content.index(data)
    with path.open("r+b") as file:
        for offset in fields:
            file.seek(place + offset)
            file.write(bytes([data[offset] ^ 0x55]))


def blob(file: h5py.File, row: int, prefix: str = "") -> bytes:
    """Read a photo's bytes the way the file's attributes say, with nothing but h5py."""
    image = file["images"][row]
    segment, offset, length = (int(image[prefix + name]) for name in ("segment", "offset", "length"))
    return bytes(file[f"segments/{segment:06d}"][offset : offset + length].tobytes())
