"""A running gallery, reached over its HTTP API."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import requests

from app.cli.gateway import Json, PhotoFile, Progress
from app.cli.moving import move_new_file
from app.cli.output import warn
from app.domain import Features, KeywordMode, PhotoId, SimilarityMethod
from app.errors import AccessDenied, GalleryError
from app.running import RunningGallery
from app.services.known_photos import KnownPhoto, features_of, lists_of

USER = "gallery"
"""The gallery takes any user name."""
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 120.0
POLL_S = 0.2
PAGE_SIZE = 500
REFUSED_UPLOAD = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class RemoteGateway:
    """Calls the API and gives back its JSON; its errors become the exceptions that they were."""

    def __init__(self, running: RunningGallery, password: str, folder: Path) -> None:
        """Reach `running`, whose gallery file is in `folder`."""
        self._running = running
        self._folder = folder
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business between us and this machine's own gallery
        if password:
            self._session.auth = (USER, password)

    def upload(self, files: Sequence[PhotoFile]) -> list[Json]:
        """Store photos."""
        parts = [("file", (file.filename, file.data)) for file in files]
        path = "/api/v1/images"
        if any(file.known for file in files):
            parts.append(("known", ("known.json", known_json(files))))
            path = "/api/v1/images/restore"
        response = self._request("POST", path, files=parts)
        if response.status_code not in REFUSED_UPLOAD:
            return cast(list[Json], self._read(response)["items"])
        refusal: Json = self._json(response)["error"]
        if len(files) == 1:
            return [{"filename": files[0].filename, "error": refusal}]
        if "items" in refusal["detail"]:
            return cast(list[Json], refusal["detail"]["items"])
        raise error_of(refusal)

    def photos(self) -> Iterator[Json]:
        """Return all photos, newest first."""
        query: dict[str, Any] = {"limit": PAGE_SIZE}
        while True:
            page = self._get("/api/v1/images", query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def details(self, photo_id: PhotoId) -> Json:
        """Return all that is known of a photo."""
        return self._get(f"/api/v1/images/{photo_id}")

    def original(self, photo_id: PhotoId, *, damaged: bool = False) -> bytes:
        """Return a photo's bytes as uploaded."""
        return self._bytes(f"/api/v1/images/{photo_id}/file", {"damaged": "true"} if damaged else {})

    def features(self, photo_id: PhotoId) -> dict[str, Features]:
        """Return what each model says of a photo."""
        answer = self._get(f"/api/v1/images/{photo_id}/features")
        return {model: features_of(lists) for model, lists in answer["features"].items()}

    def thumbnail(self, photo_id: PhotoId, size_px: int) -> bytes:
        """Return a WebP thumbnail."""
        return self._bytes(f"/api/v1/images/{photo_id}/thumbnail", {"size": size_px})

    def search(self, words: str, mode: KeywordMode, limit: int) -> Json:
        """Find photos by words."""
        return self._get("/api/v1/search", {"q": words, "mode": mode, "limit": limit})

    def like_photo(self, photo_id: PhotoId, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like a stored one."""
        return self._get(f"/api/v1/images/{photo_id}/similar", {"method": method, "limit": limit})

    def like_picture(self, file: PhotoFile, method: SimilarityMethod, limit: int) -> Json:
        """Find photos like one from outside."""
        form = {"method": str(method), "limit": str(limit)}
        files = [("file", (file.filename, file.data))]
        return self._read(self._request("POST", "/api/v1/search/similar", data=form, files=files))

    def searches(self) -> list[Json]:
        """Return the saved searches."""
        return cast(list[Json], self._get("/api/v1/searches")["items"])

    def save_search(self, name: str, search: object) -> None:
        """Save a search."""
        self._post("/api/v1/searches", {"name": name, "search": search})

    def status(self) -> Json:
        """Return how the parts are."""
        answer = self._json(self._request("GET", "/readyz"))
        return {"running": True, "url": self._running.url, "pid": self._running.pid, **answer}

    def models(self) -> Json:
        """Return the models and the change between them."""
        return self._get("/api/v1/models")

    def drop_features(self, name: str) -> Json:
        """Forget what a model says of photos."""
        return self._post(f"/api/v1/models/{quote(name, safe='')}/drop")

    def change_models(self, action: str, name: str | None) -> Json:
        """Begin, pause, resume or undo a change of models."""
        model = "" if name is None else f"{quote(name, safe='')}/"
        return self._post(f"/api/v1/models/{model}{action}")

    def verify(self, progress: Progress) -> Json:
        """Check everything stored."""
        return self._result_of(self._post("/api/v1/upkeep/verify"), progress)

    def compact(self, progress: Progress) -> Json:
        """Give unused room back."""
        return self._result_of(self._post("/api/v1/upkeep/compact"), progress)

    def backup(self, path: Path, progress: Progress) -> Json:
        """Let the gallery write a copy beside its file, which is all that it does over HTTP, and move that."""
        unmoved = self._folder / f"backup-{secrets.token_hex(8)}.h5"
        task = self._post("/api/v1/upkeep/backup", {"file": unmoved.name})
        try:
            result = self._result_of(task, progress)
        except KeyboardInterrupt:
            warn(f"The gallery finishes the backup all the same: look for {unmoved}.")
            raise
        move_new_file(unmoved, path)
        return result | {"file": path.name}

    def _result_of(self, task: Json, progress: Progress) -> Json:
        """Wait until a task has ended; return its result, or raise its error."""
        task_id = task["id"]
        while task["state"] in ("waiting", "running"):
            time.sleep(POLL_S)
            found = [one for one in self._get("/api/v1/upkeep")["items"] if one["id"] == task_id]
            if not found:
                raise GalleryError(f"The gallery at {self._running.url} was started anew meanwhile. Try again.")
            task = found[0]
            progress(task["done"], task["of"])
        if "error" in task:
            raise error_of(task["error"])
        return cast(Json, task["result"])

    def _post(self, path: str, body: Json | None = None) -> Json:
        return self._read(self._request("POST", path, json=body))

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Json:
        return self._read(self._request("GET", path, params=query))

    def _bytes(self, path: str, query: Mapping[str, Any]) -> bytes:
        response = self._request("GET", path, params=query)
        if not response.ok:
            raise error_of(self._json(response)["error"])
        return response.content

    def _request(self, method: str, path: str, **what: Any) -> requests.Response:
        timeouts_s = (CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S)
        try:
            return self._session.request(method, self._running.url + path, timeout=timeouts_s, **what)
        except requests.RequestException as error:
            raise GalleryError(f"The gallery at {self._running.url} stopped answering: {error}.") from error

    def _read(self, response: requests.Response) -> Json:
        answer = self._json(response)
        if not response.ok:
            raise error_of(answer["error"])
        return answer

    def _json(self, response: requests.Response) -> Json:
        """Return the answer's JSON; raise AccessDenied or GalleryError for what isn't an answer of the API."""
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise AccessDenied(
                f"The gallery at {self._running.url} asks for a password. Set GALLERY_PASSWORD to the one that it "
                "was started with."
            )
        try:
            answer: object = response.json()
        except ValueError as error:
            raise GalleryError(f"{self._running.url} answered {response.status_code} without JSON.") from error
        if not isinstance(answer, dict) or (not response.ok and "error" not in answer and "parts" not in answer):
            raise GalleryError(f"{self._running.url} answered {response.status_code} in a way that no gallery does.")
        return answer


def known_json(files: Sequence[PhotoFile]) -> bytes:
    """Return what is known of files as the API takes it."""
    return json.dumps({"photos": [None if file.known is None else _known(file.known) for file in files]}).encode()


def _known(photo: KnownPhoto) -> Json:
    return {
        "id": photo.id,
        "name": photo.name,
        "added_at": photo.added_at.isoformat(),
        "state": photo.state,
        "error": photo.error,
        "features": {model: lists_of(features) for model, features in photo.features.items()},
    }


def error_of(answer: Json) -> GalleryError:
    """Return the exception that the API told as `{"code", "message", "detail"}`."""
    kind = _kinds().get(str(answer["code"]), GalleryError)
    message, detail = str(answer["message"]), dict(answer.get("detail") or {})
    try:
        return kind(message, **detail)
    except TypeError:  # a detail that this version's exception doesn't take, or lacks
        return GalleryError(message, **{name: value for name, value in detail.items() if name != "message"})


def _kinds() -> dict[str, type[GalleryError]]:
    kinds: dict[str, type[GalleryError]] = {}
    waiting: list[type[GalleryError]] = [GalleryError]
    while waiting:
        kind = waiting.pop()
        kinds.setdefault(kind.code, kind)
        waiting.extend(kind.__subclasses__())
    return kinds
