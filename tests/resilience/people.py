"""What people do with a gallery whose model server fails, over HTTP, and what they may expect meanwhile."""

import time
from collections.abc import Iterable

import requests

from tests.photos import drawn_photo
from tests.waiting import wait_until

RECOVERY_LIMIT_S = 30.0
ANSWER_LIMIT_S = 3.0


class People:
    """Those who use the gallery at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._seed = 0

    def upload(self, count: int) -> list[str]:
        """Send new photos in one request; return their ids."""
        seeds = range(self._seed, self._seed + count)
        self._seed += count
        parts = [("file", (f"{seed}.jpg", drawn_photo(seed))) for seed in seeds]
        answer = requests.post(f"{self.url}/api/v1/images", files=parts, timeout=30)
        assert answer.status_code == 202, answer.text
        return [item["id"] for item in answer.json()["items"]]

    def photo(self, photo_id: str) -> dict[str, object]:
        answer = requests.get(f"{self.url}/api/v1/images/{photo_id}", timeout=30)
        assert answer.status_code == 200, answer.text
        photo: dict[str, object] = answer.json()
        return photo

    def states(self, photo_ids: Iterable[str]) -> set[object]:
        return {self.photo(photo_id)["state"] for photo_id in photo_ids}

    def wait_until_ready(self, photo_ids: Iterable[str], limit_s: float = RECOVERY_LIMIT_S) -> None:
        ids = list(photo_ids)
        wait_until(lambda: self.states(ids) == {"ready"}, limit_s, "every photo becoming ready")

    def wait_until_well(self) -> None:
        wait_until(lambda: requests.get(f"{self.url}/readyz", timeout=30).ok, RECOVERY_LIMIT_S, "readiness")

    def wait_for_reason(self, reason: str) -> None:
        """Wait until the gallery says that the model server is away, and why."""

        def told() -> bool:
            answer = requests.get(f"{self.url}/readyz", timeout=30)
            return answer.status_code == 503 and reason in answer.json()["parts"]["model_server"]["message"]

        wait_until(told, 15, f"the reason {reason!r}")

    def search_by_words(self) -> None:
        """Search, look around, and be answered at once."""
        for path in ("/api/v1/search?q=cat", "/search?q=cat", "/", "/api/v1/images", "/status", "/metrics"):
            started = time.monotonic()
            answer = requests.get(f"{self.url}{path}", timeout=30)
            assert answer.status_code == 200, (path, answer.text)
            assert time.monotonic() - started < ANSWER_LIMIT_S, path

    def search_by_photo(self) -> requests.Response:
        """Search by a photo from outside, which needs the model server."""
        files = {"file": ("outside.jpg", drawn_photo(10_000))}
        return requests.post(f"{self.url}/api/v1/search/similar", files=files, timeout=60)

    def search_by_photo_refused(self, reason: str) -> None:
        """Search by a photo from outside, and be told at once why that can't be."""
        started = time.monotonic()
        answer = self.search_by_photo()
        assert answer.status_code == 503, answer.text
        assert reason in answer.json()["error"]["message"]
        assert 1 <= int(answer.headers["Retry-After"]) <= RECOVERY_LIMIT_S
        assert time.monotonic() - started < ANSWER_LIMIT_S
