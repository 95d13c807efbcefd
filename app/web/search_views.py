"""What the templates of searches get; see `views.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from app.domain import (
    Example,
    ExamplesSearch,
    KeywordMode,
    LayoutSearch,
    PlacedBox,
    Search,
    SimilarityMethod,
    StoredExample,
    WordsSearch,
)
from app.search.fusion import HYBRID_WEIGHTS
from app.services.saved_searches import SavedSearch
from app.web import wording
from app.web.chips import Chip
from app.web.hits import Findings, PairBox
from app.web.query_problems import Choice, QueryProblem
from app.web.search_urls import (
    PERCENT,
    boxes_text,
    examples_text,
    search_text,
    search_url,
    without_example,
)
from app.web.texts import current_texts, t
from app.web.tiles import Tile
from app.web.views import View

LONGEST_TITLE = 80
SHAPES = {"3:2": 1.5, "4:3": 4 / 3, "16:9": 16 / 9, "1:1": 1.0, "3:4": 0.75, "2:3": 2 / 3}
"""The frames in which things are placed: width by height."""


@dataclass(frozen=True)
class SearchView(View):
    """Photos found by words, or why the words can't be understood."""

    mode: KeywordMode
    findings: Findings | None = None
    problem: QueryProblem | None = None
    chips: tuple[Chip, ...] = ()
    """The query's clauses."""

    @property
    def title(self) -> str:
        """The words, cut where they would fill the page."""
        return wording.cut(self.query, LONGEST_TITLE)

    @property
    def modes(self) -> tuple[Choice, ...]:
        """The ways of comparing words with photos."""
        return tuple(
            Choice(t(f"modes.{mode}"), search_url(WordsSearch(self.query, mode)), mode is self.mode)
            for mode in KeywordMode
        )

    @property
    def search_text(self) -> str:
        """The search as it is saved."""
        return search_text(WordsSearch(self.query, self.mode))


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
    def heading(self) -> str:
        """What was searched with."""
        if self.words:
            return t("search_photo.like_with", name=self.filename, words=self.words)
        return t("search_photo.like", name=self.filename)

    @property
    def methods(self) -> dict[SimilarityMethod, str]:
        """The ways of comparing, with their titles."""
        return {method: t(f"methods.{method}") for method in SimilarityMethod}


@dataclass(frozen=True)
class ExampleTile:
    """A photo or words that are searched with."""

    example: Example
    tile: Tile | None
    """The photo, None for words."""
    without_url: str | None
    """The address of the search without it."""

    @property
    def unwanted(self) -> bool:
        """Whether photos should not be like it."""
        return self.example.weight < 0

    @property
    def text(self) -> str:
        """The photo's name, or the words."""
        return self.tile.photo.name if self.tile else str(getattr(self.example, "text", ""))

    @property
    def part(self) -> PairBox | None:
        """The part of the photo that counts, in its pixels."""
        if self.tile is None or not isinstance(self.example, StoredExample) or self.example.box is None:
            return None
        facts = self.tile.photo.facts
        return PairBox.of(0, self.example.box, (facts.width, facts.height))


@dataclass(frozen=True)
class Slider:
    """How much one signal of a hybrid counts, in per cent."""

    name: str
    text: str
    percent: int

    @property
    def percent_text(self) -> str:
        """The number as the page's language writes it."""
        return current_texts().percent(self.percent / PERCENT)


@dataclass(frozen=True)
class SimilarView(View):
    """Photos that are like some stored ones and words."""

    search: ExamplesSearch
    tiles: tuple[Tile | None, ...]
    """The photo of each example, None for words."""
    findings: Findings | None = None
    problem: str | None = None

    @property
    def title(self) -> str:
        """How many photos were searched with."""
        count = sum(tile is not None for tile in self.tiles)
        return t("similar.title", count=count) if count else t("similar.title_words")

    @property
    def examples(self) -> tuple[ExampleTile, ...]:
        """What was searched with."""
        return tuple(
            ExampleTile(example, tile, without_example(self.search, number))
            for number, (example, tile) in enumerate(zip(self.search.examples, self.tiles, strict=True))
        )

    @property
    def examples_text(self) -> str:
        """What was searched with, as the page's address has it."""
        return examples_text(self.search.examples)

    @property
    def method(self) -> SimilarityMethod:
        """The way of comparing."""
        return self.search.method

    @property
    def methods(self) -> tuple[Choice, ...]:
        """The ways of comparing."""
        searches = [replace(self.search, method=method, weights=None) for method in SimilarityMethod]
        return tuple(
            Choice(t(f"methods.{one.method}"), search_url(one), one.method is self.method) for one in searches
        )

    @property
    def sliders(self) -> tuple[Slider, ...]:
        """What each signal counts, if there are several."""
        if self.method is not SimilarityMethod.HYBRID:
            return ()
        weights = HYBRID_WEIGHTS if self.search.weights is None else self.search.weights
        return tuple(
            Slider(signal.value, t(f"methods.{signal}"), round(PERCENT * weights.get(signal, 0)))
            for signal in HYBRID_WEIGHTS
        )

    @property
    def search_text(self) -> str:
        """The search as it is saved."""
        return search_text(self.search)


@dataclass(frozen=True)
class LayoutView(View):
    """Things placed by hand, and the photos that show them there."""

    boxes: tuple[PlacedBox, ...]
    labels: tuple[str, ...]
    shape: str
    """One of SHAPES."""
    findings: Findings | None = None
    problem: str | None = None

    @property
    def boxes_text(self) -> str:
        """The things as JSON."""
        return boxes_text(self.boxes)

    @property
    def ratio(self) -> float:
        """Width by height of the frame."""
        return round(SHAPES[self.shape], 4)

    @property
    def shapes(self) -> Sequence[str]:
        """The shapes that the frame may have."""
        return tuple(SHAPES)

    @property
    def search_text(self) -> str:
        """The search as it is saved."""
        return search_text(LayoutSearch(self.boxes))


@dataclass(frozen=True)
class SavedRow:
    """A saved search in the list."""

    saved: SavedSearch

    @property
    def kind(self) -> str:
        """What it searches with: `words`, `examples` or `layout`."""
        return kind_of(self.saved.search)

    @property
    def text(self) -> str:
        """What it searches for."""
        match self.saved.search:
            case WordsSearch(text=text):
                return wording.cut(text, LONGEST_TITLE)
            case ExamplesSearch(examples=examples):
                return t("saved.examples", count=len(examples))
            case LayoutSearch(boxes=boxes):
                return wording.cut(", ".join(one.label for one in boxes), LONGEST_TITLE)

    @property
    def moment(self) -> str:
        """When it was saved."""
        return current_texts().moment(self.saved.created_at)


@dataclass(frozen=True)
class SavedView(View):
    """All saved searches."""

    rows: tuple[SavedRow, ...]


@dataclass(frozen=True)
class HelpView(View):
    """A page of the documentation."""

    title: str
    content: Markup
    """The page without its title, as HTML."""


def kind_of(search: Search) -> str:
    """Return what a search searches with."""
    match search:
        case WordsSearch():
            return "words"
        case ExamplesSearch():
            return "examples"
        case LayoutSearch():
            return "layout"
