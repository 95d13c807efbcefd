"""Photos to begin with: an empty gallery offers to fill itself with a few that come with it."""

from pathlib import Path

from app.domain import UploadResult
from app.services.library import Library, Upload

FOLDER = Path(__file__).resolve().parent.parent / "demo_photos"
"""Who made them and under which licences stands beside them."""


class DemoPhotos:
    """The photos that come with the gallery."""

    def __init__(self, library: Library, folder: Path = FOLDER) -> None:
        self._library = library
        self._folder = folder

    def add(self) -> list[UploadResult]:
        """Store them as if they were uploaded; those that are there already stay. Raises StoreFull."""
        files = sorted(self._folder.glob("*.jpg"))
        return self._library.upload([Upload(file.name, file.read_bytes()) for file in files])
