"""What templates get: one documented dataclass a page, named `view` inside the template.

Templates contain no logic beyond loops and conditions over these; whatever needs computing is a property here.
"""

from dataclasses import dataclass

from app.domain import (
    LEAST_CONFIDENCE,
    DetectedObject,
    Photo,
    PhotoDetails,
    SimilarityMethod,
    Tag,
    UploadResult,
)
from app.web import wording
from app.web.hits import Findings
from app.web.query_problems import Choice
from app.web.texts import current_texts, t, translated
from app.web.tiles import THUMBNAIL_SIZES_PX, MonthOfTiles, Tile, described, file_url, srcset

BROWSER_MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
"""What every browser shows by itself; of other pictures it gets a thumbnail."""

LEAST_CONFIDENCE_SHARE = 0.5
"""Objects with less than this share of the surest one's confidence aren't shown, nor those that aren't counted."""
LEAST_TAG_PROBABILITY = 0.02
"""Tags that are less probable aren't shown: they are guesses."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What stands around the content of every page."""

    banner: str | None = None
    """One plain line when a part of the gallery is away."""
    query: str = ""
    """What stands in the search box."""


@dataclass(frozen=True)
class GalleryView(View):
    """The gallery, the latest day first: one stretch of it, from which scripts go on."""

    months: tuple[MonthOfTiles, ...]
    total: int
    first: int = 0
    """How many photos come before this stretch."""
    newer_url: str | None = None
    older_url: str | None = None
    filter_query: str = ""
    """What the timeline is asked for to get the same photos: `label=cat`."""
    filter_text: str | None = None
    """What the shown photos have in common, when not all are asked for."""
    notice: str | None = None
    """What has just been done."""

    @property
    def outline_url(self) -> str:
        """Where scripts learn where each photo stands."""
        return f"/api/v1/timeline?{self.filter_query}"

    @property
    def stretches_url(self) -> str:
        """Where scripts get stretches of photos, with `&offset=…&limit=…` behind."""
        return f"/api/v1/timeline/photos?{self.filter_query}"

    @property
    def count(self) -> str:
        """How many photos there are."""
        return t("photos.count", count=self.total)

    @property
    def is_empty(self) -> bool:
        """Whether the gallery has no photo at all."""
        return self.total == 0 and self.filter_text is None


@dataclass(frozen=True)
class UploadView(View):
    """The form for uploading, which works without JavaScript."""

    problem: str | None = None


@dataclass(frozen=True)
class FileOutcome:
    """What became of one uploaded file."""

    filename: str
    text: str
    photo: Photo | None

    @classmethod
    def of(cls, result: UploadResult, photo: Photo | None) -> "FileOutcome":
        """Say it in plain words; `photo` is the photo as it is now, None once it is deleted."""
        if result.error is not None:
            return cls(result.filename, translated(result.error.message), None)
        if photo is None:
            return cls(result.filename, t("uploaded.deleted"), None)
        state = t("uploaded.failed", reason=translated(photo.error)) if photo.error else t(f"states.{photo.state}")
        return cls(result.filename, t("uploaded.duplicate", state=state) if result.duplicate else state, photo)


@dataclass(frozen=True)
class UploadedView(View):
    """What became of each file of an upload by form."""

    outcomes: tuple[FileOutcome, ...]

    @property
    def refused(self) -> int:
        """How many files were not taken."""
        return sum(outcome.photo is None for outcome in self.outcomes)


@dataclass(frozen=True)
class Mark:
    """An object's rectangle in pixels of the upright picture."""

    number: int
    """Which of the photo's objects it is, from 0."""
    label: str
    text: str
    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, number: int, thing: DetectedObject, photo: Photo) -> "Mark":
        """Scale the object's box from 0..1 to the picture."""
        width, height = photo.facts.width, photo.facts.height
        left, top = thing.box.xmin * width, thing.box.ymin * height
        right, bottom = thing.box.xmax * width, thing.box.ymax * height
        text = f"{thing.label} {current_texts().percent(thing.confidence)}"
        return cls(
            number, thing.label, text, round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)
        )


@dataclass(frozen=True)
class PhotoView(View):
    """One photo with its objects, its facts and the photos like it."""

    details: PhotoDetails
    method: SimilarityMethod
    similar: Findings | None = None
    """None as long as nothing can be compared with it."""

    @property
    def tile(self) -> Tile:
        """The photo's own thumbnails."""
        return Tile(self.details.photo)

    @property
    def alt(self) -> str:
        """What a screen reader says of the photo."""
        labels = [thing.label for thing in self.objects] or [tag.label for tag in self.tags[:3]]
        return described(self.details.photo.name, dict.fromkeys(labels))

    @property
    def srcset(self) -> str:
        """The thumbnails and, where a browser can show it, the photo itself."""
        photo = self.details.photo
        if photo.facts.media_type not in BROWSER_MEDIA_TYPES:
            return srcset(photo, THUMBNAIL_SIZES_PX)
        return f"{srcset(photo, THUMBNAIL_SIZES_PX)}, {file_url(photo)} {photo.facts.width}w"

    @property
    def ratio(self) -> float:
        """Width by height of the whole picture."""
        return round(self.details.photo.facts.width / max(1, self.details.photo.facts.height), 4)

    @property
    def file_url(self) -> str:
        """Where the bytes as uploaded are."""
        return file_url(self.details.photo)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The rectangles to draw, the largest first, so that the pointer reaches those inside another."""
        marks = (Mark.of(number, thing, self.details.photo) for number, thing in enumerate(self.objects))
        return tuple(sorted(marks, key=lambda mark: -mark.width * mark.height))

    @property
    def objects(self) -> tuple[DetectedObject, ...]:
        """The objects that stand out, the surest first."""
        things = self.details.objects
        surest = max((thing.confidence for thing in things), default=0.0)
        least = max(LEAST_CONFIDENCE, LEAST_CONFIDENCE_SHARE * surest)
        return tuple(thing for thing in things if thing.confidence >= least)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags that say something."""
        return tuple(tag for tag in self.details.tags if tag.probability >= LEAST_TAG_PROBABILITY)

    @property
    def state_text(self) -> str:
        """How far the photo has come, and why not further."""
        photo = self.details.photo
        state = t(f"states.{photo.state}")
        return t("photo.state_with_reason", state=state, reason=translated(photo.error)) if photo.error else state

    @property
    def facts(self) -> dict[str, str]:
        """What is known of the file and the camera, name to value."""
        photo, texts = self.details.photo, current_texts()
        facts = {
            t("photo.size"): t("photo.size_value", width=str(photo.facts.width), height=str(photo.facts.height)),
            t("photo.file"): t(
                "photo.file_value", size=wording.size_text(photo.size_bytes), type=photo.facts.media_type
            ),
            t("photo.added"): t("photo.added_value", moment=texts.moment(photo.added_at)),
        }
        if photo.facts.taken_at is not None:
            facts[t("photo.taken")] = texts.moment(photo.facts.taken_at.replace(tzinfo=None))
        return facts | {texts.find(f"exif.{name}", name): value for name, value in photo.facts.exif.items()}

    @property
    def methods(self) -> tuple[Choice, ...]:
        """The ways of comparing with other photos."""
        address = f"/photos/{self.details.photo.id}"
        return tuple(
            Choice(t(f"methods.{method}"), f"{address}?method={method.value}#similar", method is self.method)
            for method in SimilarityMethod
        )


@dataclass(frozen=True)
class ErrorView(View):
    """A page that says what went wrong and what to do."""

    status: int
    title: str
    message: str
    """In English, as the API says it."""

    @property
    def heading(self) -> str:
        """The title in plain words."""
        return current_texts().find(f"errors.headings.{self.status}", self.title)

    @property
    def text(self) -> str:
        """What went wrong, in the page's language."""
        return translated(self.message)

    @property
    def advice(self) -> str:
        """What the person can do."""
        return current_texts().find(f"errors.advice.{self.status}", t("errors.advice.others"))
