"""A running gallery of many photos, made in seconds: they are kept in memory, with a few tiny pictures for all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app, open_gallery
from app.domain import Photo, PhotoFacts, PhotoId, PhotoState
from app.errors import PhotoNotFound
from app.inference.fake import FakeModelClient
from app.services.reindex import Reindex
from app.settings import Settings
from app.store.base import Known, NewPhoto, Rows, StoreInfo
from app.store.hdf5 import Hdf5Store
from app.store.memory import MemoryStore
from tests import default_model

COUNT = 100_000
SHAPES = ((4000, 3000), (4000, 3000), (6000, 4000), (3000, 4000), (1920, 1080), (2048, 2048), (1080, 2340))
FIRST_DAY = datetime(2008, 1, 1, 12)
ADDED = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 6500
PICTURES = 24
PICTURE_PX = 48


class ManyPhotos(MemoryStore):
    """The store in memory, quick also with many photos, all of which stay in the state they came in."""

    def __init__(self, photos: list[NewPhoto]) -> None:
        super().__init__()
        self._by_row = {one.photo.row: one.photo for one in self.add(photos, default_model.FEATURES)}

    def at(self, row: int) -> Photo:
        if row not in self._by_row:
            raise PhotoNotFound("The test asked for a row that isn't there.")
        return self._by_row[row]

    def rows(self, state: PhotoState | None = None) -> Rows:
        chosen = self._by_row if state in (None, PhotoState.READY) else ()
        return np.fromiter(chosen, np.int64)

    def delete(self, photo_id: PhotoId) -> Photo:
        photo = super().delete(photo_id)
        del self._by_row[photo.row]
        return photo

    def info(self) -> StoreInfo:
        count = len(self._by_row)
        return StoreInfo(Path("many.h5"), 1, 1, count, {PhotoState.READY: count}, pending_jobs=0)


class QuietHandler(WSGIRequestHandler):
    """Keeps connections, as gunicorn does, and writes no line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serve_many(folder: Path, count: int) -> Iterator[str]:
    """Serve a gallery of that many photos, none of which a model ever looks at; return its address."""
    settings = Settings(data=folder / "many.h5")
    store = ManyPhotos(many_photos(count))
    with patch.object(Hdf5Store, "open", return_value=store), patch.object(Reindex, "start"):
        gallery = open_gallery(settings, FakeModelClient())
    application = create_app(settings, gallery)
    with make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join()
    gallery.close()


def many_photos(count: int) -> list[NewPhoto]:
    """Return photos that were taken over eighteen years, the newest last, each `IMG_000000.webp` by its number."""
    pictures = [[tiny_picture(shape, seed) for seed in range(PICTURES)] for shape in SHAPES]
    random = np.random.default_rng(0)
    shapes = random.integers(0, len(SHAPES), count).tolist()
    days = np.sort(random.integers(0, DAYS, count)).tolist()
    photos = []
    for number, (shape, day) in enumerate(zip(shapes, days, strict=True)):
        data, colour = pictures[shape][number % PICTURES]
        facts = PhotoFacts("image/webp", *SHAPES[shape], colour, taken_at=FIRST_DAY + timedelta(days=day))
        photos.append(NewPhoto(id_of(number), name_of(number), data, facts, data, Known(ADDED, PhotoState.READY)))
    return photos


def id_of(number: int) -> PhotoId:
    return PhotoId(f"{number:032x}")


def name_of(number: int) -> str:
    return f"IMG_{number:06}.webp"


def tiny_picture(shape: tuple[int, int], seed: int) -> tuple[bytes, str]:
    """Return a picture of one colour that fades, and the colour."""
    red, green, blue = np.random.default_rng(seed).integers(40, 216, 3).tolist()
    height = max(1, round(PICTURE_PX * shape[1] / shape[0]))
    fade = np.linspace(0.7, 1.2, PICTURE_PX)[None, :, None] * np.array([red, green, blue])
    pixels = np.clip(np.repeat(fade, height, axis=0), 0, 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=70)
    return buffer.getvalue(), f"#{red:02x}{green:02x}{blue:02x}"
