"""Four ways to keep the same photos: our file, SQLite, a folder of files, and plain h5py without a promise."""

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from app.domain import PhotoFacts, PhotoId
from app.store.base import NewPhoto
from app.store.device import sync_folder
from app.store.hdf5 import Hdf5Store

MODEL = "benchmark"
_MEAN_BYTES = 150_000


def made_up_photos(count: int, seed: int = 0, mean_bytes: int = _MEAN_BYTES) -> list[NewPhoto]:
    """Return photos of random bytes, half to one and a half times the mean in size."""
    rng = np.random.default_rng(seed)
    facts = PhotoFacts("image/jpeg", 1600, 1200, "#808080", exif={"Camera": "made up", "Aperture": "f/2.8"})
    photos = []
    for number in range(count):
        data = rng.bytes(int(mean_bytes * (0.5 + rng.random())))
        photo_id = PhotoId(hashlib.sha256(data).hexdigest()[:32])
        photos.append(NewPhoto(photo_id, f"photo {number}.jpg", data, facts, rng.bytes(min(12_000, mean_bytes))))
    return photos


class PhotoStore(Protocol):
    """What is measured."""

    name: str

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Store photos, whole or not at all, durably where the store can."""

    def read(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes."""

    def close(self) -> None:
        """Finish."""


class OurFile:
    """The gallery file."""

    name = "gallery file"

    def __init__(self, folder: Path) -> None:
        self.store = Hdf5Store.open(folder / "gallery.h5")

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Store photos."""
        self.store.add(photos, MODEL)

    def read(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes."""
        return self.store.read_bytes(photo_id)

    def close(self) -> None:
        """Finish."""
        self.store.close()


class Sqlite:
    """SQLite in WAL mode with synchronous=FULL: the same blobs and rows, a connection for each thread."""

    name = "SQLite, WAL, FULL"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "gallery.db"
        self._connections: dict[int, sqlite3.Connection] = {}
        self._connection().executescript(
            "create table photos (id text primary key, name text, facts text, data blob, thumbnail blob);"
            "create table jobs (id text primary key, model text, attempts integer, not_before integer)"
        )

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Store photos."""
        connection = self._connection()
        connection.execute("begin immediate")
        connection.executemany(
            "insert into photos values (?, ?, ?, ?, ?)",
            [(one.id, one.name, repr(one.facts), one.data, one.thumbnail) for one in photos],
        )
        connection.executemany("insert into jobs values (?, ?, 0, 0)", [(one.id, MODEL) for one in photos])
        connection.execute("commit")

    def read(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes."""
        (data,) = self._connection().execute("select data from photos where id = ?", (photo_id,)).fetchone()
        return bytes(data)

    def close(self) -> None:
        """Finish."""
        self._connection().execute("pragma wal_checkpoint(truncate)")
        for connection in self._connections.values():
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        thread = threading.get_ident()
        if thread not in self._connections:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=60, check_same_thread=False)
            connection.execute("pragma journal_mode=WAL")
            connection.execute("pragma synchronous=FULL")
            self._connections[thread] = connection
        return self._connections[thread]


class Files:
    """A folder of files, each written aside, synced and renamed."""

    name = "folder of files"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files"
        self._folder.mkdir()

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Store photos."""
        for photo in photos:
            for suffix, data in (
                (".jpg", photo.data),
                (".webp", photo.thumbnail),
                (".txt", repr(photo.facts).encode()),
            ):
                aside = self._folder / f".{photo.id}{suffix}"
                with aside.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                aside.rename(self._folder / f"{photo.id}{suffix}")
        sync_folder(self._folder)

    def read(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes."""
        return (self._folder / f"{photo_id}.jpg").read_bytes()

    def close(self) -> None:
        """Finish."""


class PlainH5py:
    """A group a photo in plain h5py, flushed and synced: no promise, a crash can cost the whole file."""

    name = "plain h5py (unsafe)"

    def __init__(self, folder: Path) -> None:
        path = folder / "plain.h5"
        self._file: Any = h5py.File(path, "x")
        self._fd = os.open(path, os.O_RDONLY)

    def add(self, photos: Sequence[NewPhoto]) -> None:
        """Store photos."""
        for photo in photos:
            group = self._file.create_group(photo.id)
            group["data"] = np.frombuffer(photo.data, np.uint8)
            group["thumbnail"] = np.frombuffer(photo.thumbnail, np.uint8)
            group.attrs["name"], group.attrs["facts"] = photo.name, repr(photo.facts)
        self._file.flush()
        os.fsync(self._fd)

    def read(self, photo_id: PhotoId) -> bytes:
        """Return a photo's bytes."""
        return bytes(self._file[photo_id]["data"][()].tobytes())

    def close(self) -> None:
        """Finish."""
        self._file.close()
        os.close(self._fd)


Kind = type[OurFile] | type[Sqlite] | type[Files] | type[PlainH5py]
ALL: tuple[Kind, ...] = (OurFile, PlainH5py, Sqlite, Files)


@contextlib.contextmanager
def closing(store: PhotoStore) -> Any:
    """Close a store in the end."""
    try:
        yield store
    finally:
        store.close()
