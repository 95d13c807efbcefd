"""What the product does, in one piece: what pages, API and commands call."""

from collections.abc import Callable
from dataclasses import dataclass

from app.services.demo import DemoPhotos
from app.services.ingest import Ingest
from app.services.library import Library
from app.services.live_changes import LiveChanges
from app.services.models import Models
from app.services.neighbors import NeighbourKeeper
from app.services.numbers import Numbers
from app.services.outlooks import Outlooks
from app.services.photo_zip import PhotoZips
from app.services.reindex import Reindex
from app.services.saved_searches import SavedSearches
from app.services.searches import Searches
from app.services.status import Status
from app.services.suggestions import Suggestions
from app.services.timeline import Timeline
from app.services.transfer import Transfer
from app.services.upkeep import Upkeep
from app.services.upkeep_tasks import UpkeepTasks
from app.services.web_photos import WebPhotos


@dataclass(frozen=True)
class Gallery:
    """The services of a running gallery, wired together by `app.open_gallery`."""

    outlooks: Outlooks
    library: Library
    timeline: Timeline
    zips: PhotoZips
    saved_searches: SavedSearches
    ingest: Ingest
    status: Status
    numbers: Numbers
    changes: LiveChanges
    models: Models
    reindex: Reindex
    transfer: Transfer
    upkeep: Upkeep
    upkeep_tasks: UpkeepTasks
    web_photos: WebPhotos
    demo: DemoPhotos
    close: Callable[[], None]
    """Stops the background work and gives all parts back."""

    @property
    def searches(self) -> Searches:
        """What searches right now; take it anew for each search, and each answer is of one set of models."""
        return self.outlooks.now.searches

    @property
    def suggestions(self) -> Suggestions:
        """What completes queries right now."""
        return self.outlooks.now.suggestions

    @property
    def neighbours(self) -> NeighbourKeeper:
        """What keeps each photo's nearest photos right now."""
        return self.outlooks.now.neighbours
