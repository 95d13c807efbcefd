"""What templates get: one documented dataclass a page, named `view` inside the template.

Templates contain no logic beyond loops and conditions over these; whatever needs computing is a property here.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from app.domain import (
    DetectedObject,
    Hit,
    KeywordMode,
    LabelReason,
    ObjectsReason,
    Part,
    Photo,
    PhotoDetails,
    PhotoState,
    SearchResults,
    SimilarityMethod,
    Tag,
    UploadResult,
)
from app.errors import QueryError, UnknownWordsError
from app.web import wording

THUMBNAIL_SIZES_PX = (256, 512, 1024)
BROWSER_MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
"""What every browser shows by itself; of other pictures it gets a thumbnail."""

LONGEST_TITLE = 80
LEAST_CONFIDENCE_SHARE = 0.3
"""Objects with less than this share of the surest one's confidence aren't shown: detectors name many."""
LEAST_TAG_PROBABILITY = 0.02
"""Tags that are less probable aren't shown: they are guesses."""
SHOWN_AROUND = 60
"""How many characters of a query are shown before and after the one that can't be understood."""

NARROWEST_TILE, WIDEST_TILE = 0.5, 3.0


@dataclass(frozen=True, kw_only=True)
class View:
    """What stands around the content of every page."""

    banner: str | None = None
    """One plain line when a part of the gallery is away."""
    query: str = ""
    """What stands in the search box."""


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
        widths = thumbnail_widths(self.photo)
        return ", ".join(f"{thumbnail_url(self.photo, size_px)} {width_px}w" for size_px, width_px in widths)

    @property
    def badge(self) -> str | None:
        """What to say of a photo that can't be searched yet."""
        return None if self.photo.state is PhotoState.READY else wording.STATES[self.photo.state]

    @property
    def alt(self) -> str:
        """What a screen reader says."""
        return self.photo.name


@dataclass(frozen=True)
class HitTile(Tile):
    """A photo that was found, with its score and its reasons in plain words."""

    hit: Hit

    @property
    def score(self) -> str:
        """The score with two decimals."""
        return f"{self.hit.score:.2f}"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was found, the strongest first."""
        return tuple(wording.reason_text(reason) for reason in self.hit.why)

    @property
    def alt(self) -> str:
        """What a screen reader says: the name, and what was recognised."""
        labels = dict.fromkeys(why.label for why in self.hit.why if isinstance(why, LabelReason | ObjectsReason))
        return described(self.photo.name, labels)


@dataclass(frozen=True)
class Findings:
    """Results of any search, the likely ones apart from the weak tail."""

    results: SearchResults

    @property
    def likely(self) -> tuple[HitTile, ...]:
        """The hits that stand above the drop in relevance."""
        return tuple(HitTile(hit.photo, hit) for hit in self.results.hits if not hit.weak)

    @property
    def weak(self) -> tuple[HitTile, ...]:
        """The hits past the drop."""
        return tuple(HitTile(hit.photo, hit) for hit in self.results.hits if hit.weak)

    @property
    def summary(self) -> str:
        """How many photos were found among how many, and how fast."""
        found = wording.count_text(len(self.likely), "photo", "photos")
        return f"{found} found among {self.results.searched:,} in {self.results.elapsed_ms:.0f} ms"


@dataclass(frozen=True)
class Choice:
    """One of several links to the same page in another way."""

    text: str
    url: str
    current: bool


@dataclass(frozen=True)
class GalleryView(View):
    """The gallery, newest first: one stretch of it."""

    tiles: tuple[Tile, ...]
    total: int
    next_url: str | None
    """Where older photos are."""
    filter_text: str | None = None
    """What the shown photos have in common, when not all are asked for."""
    notice: str | None = None
    """What has just been done."""

    @property
    def count(self) -> str:
        """How many photos there are."""
        return wording.count_text(self.total, "photo", "photos")

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
            return cls(result.filename, result.error.message, None)
        if photo is None:
            return cls(result.filename, "Deleted again", None)
        state = f"Failed: {photo.error}" if photo.error else wording.STATES[photo.state]
        return cls(result.filename, f"Already in the gallery. {state}" if result.duplicate else state, photo)


@dataclass(frozen=True)
class UploadedView(View):
    """What became of each file of an upload by form."""

    outcomes: tuple[FileOutcome, ...]

    @property
    def refused(self) -> int:
        """How many files were not taken."""
        return sum(outcome.photo is None for outcome in self.outcomes)


@dataclass(frozen=True)
class Correction:
    """A word that isn't known, and the same query with a near word in its place."""

    word: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class QueryProblem:
    """Why a query can't be answered, shown at the place."""

    message: str
    before: str = ""
    at: str = ""
    """The character that can't be understood; empty when no place is known."""
    after: str = ""
    corrections: tuple[Correction, ...] = ()

    @classmethod
    def of(cls, query: str, error: QueryError) -> "QueryProblem":
        """Cut the query where the error points, and offer near words."""
        if isinstance(error, UnknownWordsError):
            corrections = tuple(correction(query, word, near) for word, near in error.suggestions.items() if near)
            return cls(error.message, corrections=corrections)
        place = error.position
        if place is None or not 0 <= place < len(query):
            return cls(error.message)
        before = query[max(0, place - SHOWN_AROUND) : place]
        return cls(error.message, before, query[place], query[place + 1 : place + 1 + SHOWN_AROUND])


@dataclass(frozen=True)
class SearchView(View):
    """Photos found by words, or why the words can't be understood."""

    mode: KeywordMode
    findings: Findings | None = None
    problem: QueryProblem | None = None

    @property
    def title(self) -> str:
        """The words, cut where they would fill the page."""
        return wording.cut(self.query, LONGEST_TITLE)

    @property
    def modes(self) -> tuple[Choice, ...]:
        """The ways of comparing words with photos."""
        return tuple(
            Choice(text, f"/search?{urlencode({'q': self.query, 'mode': mode.value})}", mode is self.mode)
            for mode, text in wording.MODES.items()
        )


@dataclass(frozen=True)
class PhotoSearchView(View):
    """The form for searching by a photo from outside, and what it found."""

    method: SimilarityMethod
    words: str = ""
    filename: str | None = None
    """The name of the photo that was searched with."""
    findings: Findings | None = None
    problem: str | None = None

    @property
    def methods(self) -> dict[SimilarityMethod, str]:
        """The ways of comparing, with their titles."""
        return wording.METHODS


@dataclass(frozen=True)
class Mark:
    """An object's rectangle in pixels of the upright picture."""

    number: int
    """Which of the photo's objects it is, from 0."""
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
        text = f"{thing.label} {wording.percent(thing.confidence)}"
        return cls(number, text, round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1))


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
            return self.tile.srcset
        return f"{self.tile.srcset}, {file_url(photo)} {photo.facts.width}w"

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
        least = LEAST_CONFIDENCE_SHARE * max((thing.confidence for thing in things), default=0.0)
        return tuple(thing for thing in things if thing.confidence >= least)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags that say something."""
        return tuple(tag for tag in self.details.tags if tag.probability >= LEAST_TAG_PROBABILITY)

    @property
    def state_text(self) -> str:
        """How far the photo has come."""
        return wording.STATES[self.details.photo.state]

    @property
    def facts(self) -> dict[str, str]:
        """What is known of the file and the camera, name to value."""
        photo = self.details.photo
        facts = {
            "Size": f"{photo.facts.width} \N{MULTIPLICATION SIGN} {photo.facts.height} pixels",
            "File": f"{wording.size_text(photo.size_bytes)}, {photo.facts.media_type}",
            "Added": f"{wording.date_text(photo.added_at)} UTC",
        }
        if photo.facts.taken_at is not None:
            facts["Taken"] = wording.date_text(photo.facts.taken_at)
        return facts | photo.facts.exif

    @property
    def methods(self) -> tuple[Choice, ...]:
        """The ways of comparing with other photos."""
        address = f"/photos/{self.details.photo.id}"
        return tuple(
            Choice(text, f"{address}?method={method.value}#similar", method is self.method)
            for method, text in wording.METHODS.items()
        )


@dataclass(frozen=True)
class PartView:
    """One part of the gallery in plain words."""

    part: Part

    @property
    def name(self) -> str:
        """Its name: `model_server` reads `Model server`."""
        return wording.title_text(self.part.name)

    @property
    def state_text(self) -> str:
        """How it is, in a word."""
        return wording.PART_STATES[self.part.state]

    @property
    def facts(self) -> dict[str, str]:
        """What it tells about itself, name to value."""
        return dict(wording.fact_text(name, value) for name, value in self.part.facts.items())


@dataclass(frozen=True)
class StatusView(View):
    """How each part of the gallery is."""

    parts: tuple[PartView, ...]
    ready: bool


@dataclass(frozen=True)
class ErrorView(View):
    """A page that says what went wrong and what to do."""

    status: int
    title: str
    message: str

    @property
    def heading(self) -> str:
        """The title in plain words."""
        return wording.ERROR_HEADINGS.get(self.status, self.title)

    @property
    def advice(self) -> str:
        """What the person can do."""
        return wording.ADVICE.get(self.status, wording.ADVICE_FOR_OTHERS)


def thumbnail_url(photo: Photo, size_px: int) -> str:
    """Return the address of a thumbnail; `size_px` is its longer side."""
    return f"/api/v1/images/{photo.id}/thumbnail?size={size_px}"


def file_url(photo: Photo) -> str:
    """Return the address of the bytes as uploaded."""
    return f"/api/v1/images/{photo.id}/file"


def thumbnail_widths(photo: Photo) -> list[tuple[int, int]]:
    """Return each thumbnail's size and width in pixels, without those that would repeat a width."""
    width, height = photo.facts.width, photo.facts.height
    widths: dict[int, int] = {}
    for size in THUMBNAIL_SIZES_PX:
        scale = min(1.0, size / max(1, width, height))
        widths.setdefault(max(1, round(width * scale)), size)
    return [(size, pixels) for pixels, size in widths.items()]


def described(name: str, labels: dict[str, None]) -> str:
    """Return a photo's name and what is in it."""
    return f"{name}: {', '.join(labels)}" if labels else name


def correction(query: str, word: str, near_words: list[str]) -> Correction:
    """Offer the query with each of the near words in the unknown one's place."""
    queries = {near: with_word(query, word, near) for near in near_words}
    choices = (Choice(near, f"/search?{urlencode({'q': text})}", current=False) for near, text in queries.items())
    return Correction(word, tuple(choices))


def with_word(query: str, word: str, other: str) -> str:
    """Return the query with a word replaced wherever it stands alone."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: other, query, flags=re.IGNORECASE)
