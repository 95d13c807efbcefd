"""Photos in grids, as templates show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from app.domain import Photo, PhotoState
from app.services.timeline import DatedPhoto
from app.web.texts import current_texts, t

THUMBNAIL_SIZES_PX = (256, 512, 1024)
GRID_SIZES_PX = (256, 512)
"""What grids show: these are made from the thumbnail that is stored, larger ones from the whole photo."""

NARROWEST_TILE, WIDEST_TILE = 0.5, 3.0


@dataclass(frozen=True)
class Tile:
    """A photo in a grid."""

    photo: Photo

    @property
    def ratio(self) -> float:
        """Width by height of the tile, kept within what a row can bear."""
        ratio = self.photo.facts.width / max(1, self.photo.facts.height)
        return round(min(WIDEST_TILE, max(NARROWEST_TILE, ratio)), 4)

    @property
    def thumbnail(self) -> str:
        """The address of the thumbnail for browsers that know no `srcset`."""
        return thumbnail_url(self.photo, 512)

    @property
    def srcset(self) -> str:
        """The thumbnails with their widths, for the browser to choose from."""
        return srcset(self.photo, GRID_SIZES_PX)

    @property
    def badge(self) -> str | None:
        """What to say of a photo that can't be searched yet."""
        return None if self.photo.state is PhotoState.READY else t(f"states.{self.photo.state}")

    @property
    def alt(self) -> str:
        """What a screen reader says."""
        return self.photo.name


@dataclass(frozen=True)
class DatedTile(Tile):
    """A photo of the gallery, with its day."""

    day: str
    """`2024-05-17`"""


@dataclass(frozen=True)
class MonthOfTiles:
    """Photos of one month, or of a part of it."""

    title: str
    tiles: tuple[DatedTile, ...]


def by_month(photos: Sequence[DatedPhoto]) -> tuple[MonthOfTiles, ...]:
    """Put photos that are in the order of their days under their months."""
    tiles = [DatedTile(dated.photo, dated.day) for dated in photos]
    texts = current_texts()
    return tuple(
        MonthOfTiles(texts.month(date.fromisoformat(f"{month}-01")), tuple(part))
        for month, part in groupby(tiles, key=lambda tile: tile.day[:7])
    )


def thumbnail_url(photo: Photo, size_px: int) -> str:
    """Return the address of a thumbnail; `size_px` is its longer side."""
    return f"/api/v1/images/{photo.id}/thumbnail?size={size_px}"


def file_url(photo: Photo) -> str:
    """Return the address of the bytes as uploaded."""
    return f"/api/v1/images/{photo.id}/file"


def srcset(photo: Photo, sizes_px: Sequence[int]) -> str:
    """Return the addresses of thumbnails with their widths, without those that would repeat a width."""
    width, height = photo.facts.width, photo.facts.height
    widths: dict[int, int] = {}
    for size in sizes_px:
        scale = min(1.0, size / max(1, width, height))
        widths.setdefault(max(1, round(width * scale)), size)
    return ", ".join(f"{thumbnail_url(photo, size_px)} {width_px}w" for width_px, size_px in widths.items())


def described(name: str, labels: dict[str, None]) -> str:
    """Return a photo's name and what is in it."""
    return f"{name}: {', '.join(labels)}" if labels else name
