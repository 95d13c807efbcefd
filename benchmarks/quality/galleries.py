"""Galleries filled with labelled photos, kept in a folder so that the next run needs no model server."""

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain import PhotoId, PhotoState
from app.inference.base import ModelClient
from app.opening import open_gallery
from app.services.gallery import Gallery
from app.services.library import Upload
from app.services.photo_ids import photo_id_of
from app.settings import ROOT, Settings
from app.text.word_vectors import DATA
from benchmarks.quality.photos import LabelledPhoto

UPLOADS_AT_ONCE = 16
READY_LIMIT_S = 900.0
KEY_DIGITS = 16
WHAT_MAKES_FEATURES = (
    "model_server/catalogue/gallery_default.toml",
    "model_server/weights/gallery_default.npz",
    "model_server/gallery_default.py",
    "model_server/ssd/*.py",
)
"""A change in any of these files makes the kept galleries worthless, and so does one of the word vectors."""


@dataclass(frozen=True)
class Collection:
    """Labelled photos of one kind in a gallery of their own; the same bytes twice are one photo, the first."""

    name: str
    gallery: Gallery
    photos: dict[PhotoId, LabelledPhoto]


@contextmanager
def collected(
    name: str, photos: Sequence[LabelledPhoto], kept_in: Path, client: ModelClient | None = None
) -> Iterator[Collection]:
    """Open the gallery of these photos; they are looked at first, through `client` if given, unless it is kept.

    Raises RuntimeError if a photo can't be read or looked at.
    """
    path = kept_gallery(name, [photo.path for photo in photos], kept_in, client)
    by_id: dict[PhotoId, LabelledPhoto] = {}
    for photo in photos:
        by_id.setdefault(photo_id_of(photo.path.read_bytes()), photo)
    gallery = open_gallery(Settings(data=path), client, working=False)
    try:
        yield Collection(name, gallery, by_id)
    finally:
        gallery.close()


def kept_gallery(name: str, photos: Sequence[Path], kept_in: Path, client: ModelClient | None = None) -> Path:
    """Return the file of the gallery that holds exactly these photos, made now unless it is kept already."""
    path = (kept_in / f"{name.replace('/', '-')}-{_key(photos)}.h5").resolve()
    if path.exists():
        return path
    print(f"Looking at {len(photos):,} photos ({name}); the next run reads {path}.", file=sys.stderr, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written under another name, so that a file of the right name is always whole.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / "gallery.h5"
        gallery = open_gallery(Settings(data=unfinished), client)
        try:
            _fill(gallery, photos)
        finally:
            gallery.close()
        unfinished.rename(path)
    return path


def _fill(gallery: Gallery, photos: Sequence[Path]) -> None:
    for start in range(0, len(photos), UPLOADS_AT_ONCE):
        uploads = [Upload(photo.name, photo.read_bytes()) for photo in photos[start : start + UPLOADS_AT_ONCE]]
        for result in gallery.library.upload(uploads):
            if result.error:
                raise RuntimeError(f"{result.filename} can't be used: {result.error}")
    total = gallery.library.page(limit=1).total
    deadline_s = time.monotonic() + READY_LIMIT_S
    while gallery.library.page(limit=1, state=PhotoState.READY).total < total:
        for photo in gallery.library.page(limit=1, state=PhotoState.FAILED).photos:
            raise RuntimeError(f"{photo.name} could not be looked at: {photo.error}")
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"Photos still wait after {READY_LIMIT_S:.0f} s: {gallery.ingest.problem}")
        time.sleep(0.1)


def _key(photos: Sequence[Path]) -> str:
    """Return a name for what this version of the program sees in these photos."""
    sources = [path for pattern in WHAT_MAKES_FEATURES for path in sorted(ROOT.glob(pattern))]
    digest = hashlib.sha256()
    for path in [*sources, *sorted(DATA.glob("word_vectors.*")), *photos]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:KEY_DIGITS]
