"""Which way a command reaches the gallery: through the server that runs it, or else on its file."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from app.cli.gateway import Gateway
from app.errors import GalleryError
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.gallery import Gallery


class OpenGallery(Protocol):
    """What opens a gallery in this process."""

    def __call__(self, settings: Settings, *, working: bool = True) -> "Gallery":
        """Open the file; with `working`, start the model server where it is ours to start, and the ingest."""


class Access:
    """The way to the gallery that the settings name."""

    def __init__(self, settings: Settings, open_gallery: OpenGallery) -> None:
        self.settings = settings
        self._open_gallery = open_gallery

    @contextmanager
    def gateway(self, *, working: bool = False, create: bool = False) -> Iterator[Gateway]:
        """Reach the gallery and let go of it in the end.

        `working`: photos will be looked at, so a model server is needed. `create`: begin a new file if there is
        none. Raises StoreLocked if a process has the file that doesn't answer, GalleryError if there is no file.
        """
        # Imported here because the one way does without what the other one loads.
        from app.running import find_running

        running = find_running(self.settings.data)
        if running is not None:
            from app.cli.remote import RemoteGateway

            yield RemoteGateway(running, self.settings.password, self.settings.data.parent)
            return
        if not create and not self.settings.data.exists():
            raise GalleryError(
                f"There is no gallery file at {self.settings.data} yet. Make one with `gallery import PATH`, "
                "or set GALLERY_DATA to yours."
            )
        from app.cli.direct import DirectGateway

        logging.basicConfig(level=logging.ERROR)  # what goes wrong is said by the command itself
        gallery = self._open_gallery(self.settings, working=working)
        try:
            yield DirectGateway(gallery, working=working)
        finally:
            gallery.close()
