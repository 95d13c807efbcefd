"""A gallery that no server runs: its services in this process, on the file itself."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.cli.gateway import Json, PhotoFile, Progress
from app.domain import Features, KeywordMode, PartState, PhotoId, SimilarityMethod
from app.services.gallery import Gallery
from app.services.library import Upload
from app.services.search_json import search_from_json
from app.services.transfer import KnownUpload
from app.web.json_shapes import (
    details_json,
    photo_json,
    restored_json,
    results_json,
    saved_json,
    upkeep_json,
    upload_json,
)
from app.web.model_json import change_json, dropped_json, models_json

PAGE_SIZE = 500
MODEL_PATIENCE_S = 60.0
POLL_S = 0.1


class DirectGateway:
    """Calls the services and answers in the API's shapes; `working`: photos can be looked at, not only read."""

    def __init__(self, gallery: Gallery, *, working: bool) -> None:
        self._gallery = gallery
        self._working = working

    def upload(self, files: Sequence[PhotoFile]) -> list[Json]:
        """Store photos."""
        if any(file.known for file in files):
            known = [KnownUpload(file.filename, file.data, file.known) for file in files]
            return [restored_json(restored) for restored in self._gallery.transfer.restore(known)]
        uploads = [Upload(file.filename, file.data) for file in files]
        return [upload_json(result) for result in self._gallery.library.upload(uploads)]

    def photos(self) -> Iterator[Json]:
        """Return all photos, newest first."""
        cursor = None
        while True:
            page = self._gallery.library.page(limit=PAGE_SIZE, cursor=cursor)
            yield from map(photo_json, page.photos)
            cursor = page.next_cursor
            if cursor is None:
                return

    def details(self, photo_id: PhotoId) -> Json:
        """Return all that is known of a photo."""
        return details_json(self._gallery.library.details(photo_id))

    def original(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return a photo's bytes as uploaded."""
        return self._gallery.library.original(photo_id, damaged=damaged)[1]

    def features(self, photo_id: PhotoId) -> dict[str, Features]:
        """Return what each model says of a photo."""
        return self._gallery.transfer.features(photo_id)

    def thumbnail(self, photo_id: PhotoId, size_px: int) -> bytes:
        """Return a WebP thumbnail."""
        return self._gallery.library.thumbnail(photo_id, size_px)

    def search(self, words: str, mode: KeywordMode, limit: int) -> Json:
        """Find photos by words."""
        return results_json(self._gallery.searches.by_words(words, limit=limit, mode=mode))

    def like_photo(self, photo_id: PhotoId, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like a stored one."""
        return results_json(self._gallery.searches.like_photo(photo_id, method=method, limit=limit))

    def like_picture(self, file: PhotoFile, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like one from outside, once the model server is there."""
        self._wait_for_model()
        return results_json(self._gallery.searches.like_picture(file.data, method=method, limit=limit))

    def searches(self) -> list[Json]:
        """Return the saved searches."""
        return [saved_json(saved) for saved in self._gallery.saved_searches.all()]

    def save_search(self, name: str, search: object) -> None:
        """Save a search."""
        self._gallery.saved_searches.save(name, search_from_json(search))

    def status(self) -> Json:
        """Return how the parts are; the model server is none of them where it wasn't started."""
        parts = [part for part in self._gallery.status.parts() if self._working or part.name != "model_server"]
        return {
            "running": False,
            "ready": self._working and all(part.state is PartState.READY for part in parts),
            "parts": {part.name: {"state": part.state, "message": part.message, **part.facts} for part in parts},
        }

    def models(self) -> Json:
        """Return the models, as far as they are known without a model server, and the change between them."""
        server = self._gallery.status.model_server if self._working else PartState.DOWN
        models = self._gallery.models
        return models_json(models.reports(server), models.change(), models.kept())

    def drop_features(self, name: str) -> Json:
        """Forget what a model says of photos."""
        return dropped_json(self._gallery.models.drop(name))

    def change_models(self, action: str, name: str | None) -> Json:
        """Begin, pause, resume or undo a change of models, once the model server is there to be asked."""
        models = self._gallery.models
        if name is not None:
            self._wait_for_model()
            return change_json(models.activate(name))
        return change_json({"pause": models.pause, "resume": models.resume, "rollback": models.rollback}[action]())

    def verify(self, progress: Progress) -> Json:
        """Check everything stored."""
        return upkeep_json(self._gallery.upkeep.verify(progress))

    def compact(self, progress: Progress) -> Json:
        """Give unused room back."""
        return upkeep_json(self._gallery.upkeep.compact(progress))

    def backup(self, path: Path, progress: Progress) -> Json:
        """Copy the gallery file."""
        return upkeep_json(self._gallery.upkeep.backup(path, progress))

    def _wait_for_model(self) -> None:
        """Give a model server that is starting some time; the search itself says so if it never comes."""
        deadline_s = time.monotonic() + MODEL_PATIENCE_S
        while time.monotonic() < deadline_s:
            states = {part.name: part.state for part in self._gallery.status.parts()}
            if states["model_server"] is PartState.READY:
                return
            time.sleep(POLL_S)
