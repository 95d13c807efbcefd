"""What the product does, in one piece: what pages, API and commands call."""

from collections.abc import Callable
from dataclasses import dataclass

from app.services.ingest import Ingest
from app.services.library import Library
from app.services.searches import Searches
from app.services.status import Status


@dataclass(frozen=True)
class Gallery:
    """The services of a running gallery, wired together by `app.open_gallery`."""

    library: Library
    searches: Searches
    ingest: Ingest
    status: Status
    close: Callable[[], None]
    """Stops the background work and gives all parts back."""
