"""What a search found, as templates show it: each photo with its score, its reasons and the boxes that prove them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain import (
    LEAST_CONFIDENCE,
    Box,
    BoxReason,
    CountReason,
    DetectedObject,
    ExamplesSearch,
    Hit,
    LabelReason,
    ObjectsReason,
    Photo,
    PhotoId,
    Reason,
    RelationReason,
    SearchResults,
    SizeReason,
)
from app.web import wording
from app.web.search_urls import LESS_LIKE, MORE_LIKE, with_example
from app.web.texts import current_texts, t, translated
from app.web.tiles import Tile, described

PAIR_COLOURS = 6
"""So many boxes differ in colour, see `grid.css`; more begin again with the first."""
MOST_SHOWN = PAIR_COLOURS
"""So many reasons are shown of a hit, those that gave most: the rest would hide the photo."""
UNKNOWN_SIZE_PX = (1000, 1000)

ObjectsOf = Callable[[PhotoId], Sequence[DetectedObject]]


@dataclass(frozen=True)
class PairBox:
    """A box on one of two pictures in that picture's pixels; the boxes of a pair have the same colour."""

    colour: int
    """Which colour, from 0."""
    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, number: int, box: Box, size_px: tuple[int, int]) -> "PairBox":
        """Scale a box from 0..1 to the picture."""
        width, height = size_px
        x, y = box.xmin * width, box.ymin * height
        sides = (box.xmax * width - x, box.ymax * height - y)
        return cls(number % PAIR_COLOURS, round(x, 1), round(y, 1), round(sides[0], 1), round(sides[1], 1))


@dataclass(frozen=True)
class Explained:
    """A reason in plain words, and the colour of its boxes if it has any."""

    text: str
    colour: int | None


@dataclass(frozen=True)
class Asked:
    """What was searched with, as far as hits refer to it."""

    search: ExamplesSearch | None = None
    """Where hits are added to as examples."""
    photo: Photo | None = None
    """The one photo that hits are compared with."""
    from_outside: bool = False
    """The one photo isn't stored: the page's scripts have it."""
    size_px: tuple[int, int] = UNKNOWN_SIZE_PX
    """Of that photo, or of the frame in which things were placed."""
    objects_of: ObjectsOf | None = None
    """Gives the objects of photos whose reasons are words alone."""

    @property
    def has_picture(self) -> bool:
        """Whether there is something to show beside a hit."""
        return self.photo is not None or self.from_outside

    @property
    def tile(self) -> Tile | None:
        """The stored photo's thumbnails."""
        return Tile(self.photo) if self.photo else None


@dataclass(frozen=True)
class HitTile(Tile):
    """A photo that was found, with its score and its reasons in plain words."""

    hit: Hit
    asked: Asked

    @property
    def score(self) -> str:
        """The score with two decimals."""
        return current_texts().decimal(self.hit.score)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was found, the strongest first."""
        return tuple(wording.reason_text(reason) for reason in self._shown)

    @property
    def explained(self) -> tuple[Explained, ...]:
        """Why it was found, with the colours of the boxes."""
        colours = _colours(self._shown)
        return tuple(Explained(text, colour) for text, colour in zip(self.reasons, colours, strict=True))

    @property
    def boxes(self) -> tuple[PairBox, ...]:
        """Where in this photo the reasons show."""
        size_px = (self.photo.facts.width, self.photo.facts.height)
        return tuple(PairBox.of(number, box, size_px) for number, box in self._found_boxes())

    @property
    def asked_boxes(self) -> tuple[PairBox, ...]:
        """Where in the photo that was searched with the same reasons show."""
        pairs = [reason for reason in self._shown if isinstance(reason, BoxReason)]
        return tuple(PairBox.of(number, one.query_box, self.asked_size_px) for number, one in enumerate(pairs))

    @property
    def asked_size_px(self) -> tuple[int, int]:
        """Width and height of what was searched with."""
        photo = self.asked.photo
        return (photo.facts.width, photo.facts.height) if photo else self.asked.size_px

    @property
    def more_url(self) -> str | None:
        """The address of the search with this photo as one to be like."""
        return with_example(self.asked.search or ExamplesSearch(()), self.photo.id, MORE_LIKE)

    @property
    def less_url(self) -> str | None:
        """The address of the search with this photo as one to be unlike."""
        return with_example(self.asked.search, self.photo.id, LESS_LIKE) if self.asked.search else None

    @property
    def alt(self) -> str:
        """What a screen reader says: the name, and what was recognised."""
        labels = dict.fromkeys(why.label for why in self.hit.why if isinstance(why, LabelReason | ObjectsReason))
        return described(self.photo.name, labels)

    @property
    def _shown(self) -> tuple[Reason, ...]:
        return self.hit.why[:MOST_SHOWN]

    def _found_boxes(self) -> list[tuple[int, Box]]:
        colours = _colours(self._shown)
        found = [
            (colour, box)
            for reason, colour in zip(self._shown, colours, strict=True)
            if colour is not None
            for box in _boxes(reason)
        ]
        return found or self._named_boxes()

    def _named_boxes(self) -> list[tuple[int, Box]]:
        """Return the boxes of the objects that words were found by."""
        labels = list(dict.fromkeys(why.label for why in self.hit.why if isinstance(why, LabelReason)))
        if self.asked.objects_of is None or not labels:
            return []
        things = self.asked.objects_of(self.photo.id)
        return [
            (labels.index(thing.label), thing.box)
            for thing in things
            if thing.label in labels and thing.confidence >= LEAST_CONFIDENCE
        ]


@dataclass(frozen=True)
class Findings:
    """Results of any search, the likely ones apart from the weak tail."""

    results: SearchResults
    asked: Asked = Asked()

    @property
    def likely(self) -> tuple[HitTile, ...]:
        """The hits that stand above the drop in relevance."""
        return tuple(HitTile(hit.photo, hit, self.asked) for hit in self.results.hits if not hit.weak)

    @property
    def weak(self) -> tuple[HitTile, ...]:
        """The hits past the drop."""
        return tuple(HitTile(hit.photo, hit, self.asked) for hit in self.results.hits if hit.weak)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the person should know of the search."""
        return tuple(translated(notice) for notice in self.results.notices)

    @property
    def summary(self) -> str:
        """How many photos were found among how many, and how fast."""
        elapsed = current_texts().decimal(self.results.elapsed_ms, 0)
        return t("search.summary", count=len(self.likely), searched=self.results.searched, elapsed=elapsed)


def _boxes(reason: Reason) -> tuple[Box, ...]:
    """Return where in the photo a reason shows."""
    match reason:
        case BoxReason() | SizeReason():
            return (reason.box,)
        case RelationReason():
            return (reason.box, reason.other_box)
        case CountReason():
            return reason.boxes
        case _:
            return ()


def _colours(reasons: Sequence[Reason]) -> list[int | None]:
    """Return a colour for each reason that has boxes, None for the others."""
    colours: list[int | None] = []
    for reason in reasons:
        used = sum(colour is not None for colour in colours)
        colours.append(used % PAIR_COLOURS if _boxes(reason) else None)
    return colours
