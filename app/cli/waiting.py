"""Waiting until imported photos have been looked at, so that searches find them."""

import time
from collections.abc import Sequence

from app.cli.gateway import Gateway, Json
from app.cli.output import ProgressBar, warn
from app.domain import PhotoState
from app.errors import ModelServerUnavailable, PhotoNotFound

POLL_S = 0.2
PATIENCE_S = 120.0
"""How long a part that is needed may be away."""
UNFINISHED = (PhotoState.STORED, PhotoState.PROCESSING)


def wait_until_looked_at(gateway: Gateway, items: Sequence[Json]) -> None:
    """Wait for each stored photo and note its `state` in its item, and an `error` for one that failed.

    Raises ModelServerUnavailable if a needed part stays away for `PATIENCE_S`; the photos are stored all the same.
    """
    waiting = [item for item in items if item.get("state") in UNFINISHED]
    with ProgressBar("Looking at them", len(waiting)) as bar:
        for place, item in enumerate(waiting):
            _wait_for(gateway, item, len(waiting) - place, bar)
            bar.advance()


def _wait_for(gateway: Gateway, item: Json, left: int, bar: ProgressBar) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while (photo := _photo(gateway, item)) is not None and photo["state"] in UNFINISHED:
        reason = why_idle(gateway)
        bar.say(reason or "Looking at them")
        if reason is None:
            deadline_s = time.monotonic() + PATIENCE_S
        elif time.monotonic() > deadline_s:
            raise ModelServerUnavailable(
                f"The photos are stored, but {left} of them wait to be looked at: {reason} "
                "They will be once the model server is there and a gallery runs."
            )
        time.sleep(POLL_S)
    if photo is None:
        return
    item["state"] = photo["state"]
    if photo["state"] == PhotoState.FAILED:
        item["error"] = {"code": "photo_failed", "message": photo["error"] or "It failed.", "detail": {}}
        warn(f"{item['source']}: {item['error']['message']}")


def _photo(gateway: Gateway, item: Json) -> Json | None:
    try:
        return gateway.details(item["id"])
    except PhotoNotFound:
        return None  # deleted meanwhile


def why_idle(gateway: Gateway) -> str | None:
    """Return what the model server or the ingest says while it isn't ready."""
    parts = gateway.status()["parts"]
    idle = [parts[name]["message"] for name in ("model_server", "ingest") if parts[name]["state"] != "ready"]
    return idle[0] if idle else None
