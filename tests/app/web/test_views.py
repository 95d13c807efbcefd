from datetime import UTC, datetime

import pytest

from app.domain import (
    Box,
    BoxReason,
    CountReason,
    DetectedObject,
    EmbeddingReason,
    ExampleReason,
    FactReason,
    Hit,
    LabelReason,
    ObjectsReason,
    Photo,
    PhotoDetails,
    PhotoFacts,
    PhotoId,
    PhotoState,
    Reason,
    Relation,
    RelationReason,
    SearchResults,
    SignalReason,
    SimilarityMethod,
    Size,
    SizeReason,
    Tag,
    UploadResult,
)
from app.errors import QueryError, UnknownWordsError, UnsupportedImage
from app.web import wording
from app.web.hits import Findings
from app.web.query_problems import QueryProblem
from app.web.receipts import Receipts
from app.web.texts import t
from app.web.tiles import Tile
from app.web.views import ErrorView, FileOutcome, PhotoView

BOX = Box(0, 0, 1, 1)
WIDE, TALL = (4000, 1000), (1000, 4000)


def photo(size: tuple[int, int] = (4000, 3000), media_type: str = "image/jpeg", name: str = "a.jpg") -> Photo:
    facts = PhotoFacts(media_type, *size, dominant_colour="#102030", exif={"Camera": "X100"})
    added_at = datetime(2024, 5, 3, 14, 5, tzinfo=UTC)
    return Photo(0, PhotoId("0" * 32), name, 1_234_567, facts, added_at, PhotoState.READY)


def test_weak_hits_stand_apart_and_are_not_counted() -> None:
    hits = (Hit(photo(), 0.9, ()), Hit(photo(), 0.1, (), weak=True))
    findings = Findings(SearchResults(hits, searched=1234, elapsed_ms=3.2))
    assert [tile.score for tile in findings.likely] == ["0.90"]
    assert [tile.score for tile in findings.weak] == ["0.10"]
    assert findings.summary == "1 photo found among 1,234 in 3 ms"


@pytest.mark.parametrize(("size", "ratio"), [((4000, 3000), 1.3333), (WIDE, 3.0), (TALL, 0.5)])
def test_a_tile_keeps_the_shape_within_what_a_row_can_bear(size: tuple[int, int], ratio: float) -> None:
    assert Tile(photo(size)).ratio == ratio


def test_thumbnails_are_offered_with_their_true_widths_and_once_each() -> None:
    assert Tile(photo(TALL)).srcset.split(", ") == [
        f"/api/v1/images/{'0' * 32}/thumbnail?size={size_px} {size_px // 4}w" for size_px in (256, 512)
    ]
    assert Tile(photo((200, 100))).srcset == f"/api/v1/images/{'0' * 32}/thumbnail?size=256 200w"


@pytest.mark.parametrize(
    ("media_type", "offered"), [("image/jpeg", True), ("image/heic", False), ("image/tiff", False)]
)
def test_the_file_itself_is_shown_where_browsers_can(media_type: str, offered: bool) -> None:
    details = PhotoDetails(photo(media_type=media_type), (), (), ())
    assert ("/file 4000w" in PhotoView(details, SimilarityMethod.EMBEDDING).srcset) is offered


def test_small_boxes_are_drawn_over_large_ones() -> None:
    small, large = Box(0.4, 0.4, 0.5, 0.5), Box(0, 0, 1, 1)
    things = (DetectedObject("cat", 17, 0.9, small), DetectedObject("dog", 18, 0.8, large))
    marks = PhotoView(PhotoDetails(photo(), things, (), ()), SimilarityMethod.EMBEDDING).marks
    assert [(mark.number, mark.x, mark.width) for mark in marks] == [(1, 0.0, 4000.0), (0, 1600.0, 400.0)]
    assert marks[0].text == "dog 80%"


@pytest.mark.parametrize(
    ("found", "shown"), [((0.9, 0.46, 0.44), [0.9, 0.46]), ((0.5, 0.3, 0.29), [0.5, 0.3]), ((0.26, 0.2), [])]
)
def test_objects_that_are_not_sure_are_not_shown(found: tuple[float, ...], shown: list[float]) -> None:
    things = tuple(DetectedObject("cat", 17, confidence, Box(0, 0, 1, 1)) for confidence in found)
    view = PhotoView(PhotoDetails(photo(), things, (), ()), SimilarityMethod.EMBEDDING)
    assert [thing.confidence for thing in view.objects] == shown
    assert len(view.marks) == len(shown)


def test_tags_that_are_mere_guesses_are_not_shown() -> None:
    details = PhotoDetails(photo(), (), (Tag("tabby", 0.71), Tag("tench", 0.004)), ())
    view = PhotoView(details, SimilarityMethod.EMBEDDING)
    assert [tag.label for tag in view.tags] == ["tabby"]
    assert view.alt == "a.jpg: tabby"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (LabelReason("kitty", "cat", 0.97, "picture"), "kitty ↔ cat, whole picture 0.97"),
        (LabelReason("cat", "cat", 0.97, "objects"), "cat, an object in it 0.97"),
        (EmbeddingReason(0.874), "looks alike as a whole 0.87"),
        (ObjectsReason("cat", 1, 0.5), "cat in both, one pair 0.50"),
        (BoxReason("cat", Box(0, 0, 1, 1), Box(0, 0, 1, 1), 0.7), "cat in the same place 0.70"),
        (SignalReason(SimilarityMethod.EMBEDDING, 0.6), "looks alike gives 60%"),
        (SignalReason("words", 0.4), "words gives 40%"),
        (ExampleReason("beach.jpg", 1, 0.5), "like beach.jpg 0.50"),
        (ExampleReason("beach.jpg", -1, 0.5), "unlike beach.jpg 0.50"),
        (CountReason("dog", 3, ">=2", ()), "3 \N{MULTIPLICATION SIGN} dog (>=2 wanted)"),
        (RelationReason("cup", Relation.LEFT_OF, "dog", BOX, BOX), "cup left of dog"),
        (SizeReason("dog", Size.BIG, 0.4, BOX), "big dog, 40% of the picture"),
        (FactReason("taken on 17 May 2023"), "taken on 17 May 2023"),
    ],
)
def test_each_reason_is_said_in_plain_words(reason: Reason, text: str) -> None:
    assert wording.reason_text(reason) == text


def test_a_query_is_cut_where_it_fails() -> None:
    problem = QueryProblem.of("cat) dog", QueryError("odd", position=3))
    assert (problem.before, problem.at, problem.after) == ("cat", ")", " dog")
    problem = QueryProblem.of("color:dark-blurple dog", QueryError("odd", position=6))
    assert (problem.before, problem.at, problem.after) == ("color:", "dark-blurple", " dog")
    assert QueryProblem.of("cat", QueryError("odd", position=99)).at == ""


def test_near_words_take_the_unknown_ones_place_only() -> None:
    error = UnknownWordsError("unknown", words=("cta",), suggestions={"cta": ["cat"], "zzz": []})
    [correction] = QueryProblem.of('cta -ctas "CTA"', error).corrections
    assert correction.choices[0].url == "/search?q=cat+-ctas+%22cat%22"


def test_outcomes_say_what_became_of_a_file() -> None:
    refused = UploadResult("a.txt", error=UnsupportedImage("no picture"))
    assert FileOutcome.of(refused, None).text == "no picture"
    again = UploadResult("a.jpg", photo(), duplicate=True)
    assert FileOutcome.of(again, photo()).text == "Already in the gallery. Searchable"
    assert FileOutcome.of(again, None).text == "Deleted again"


def test_receipts_let_go_of_the_oldest() -> None:
    receipts = Receipts(limit=2)
    keys = [receipts.keep([UploadResult(str(number))]) for number in range(3)]
    assert receipts.find(keys[0]) is None
    assert receipts.find(keys[2]) == (UploadResult("2"),)


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(999, "999 bytes"), (81_200, "81 kB"), (1_234_567, "1.2 MB"), (0, "0 bytes")]
)
def test_sizes_are_written_for_people(size_bytes: int, text: str) -> None:
    assert wording.size_text(size_bytes) == text


def test_every_error_has_advice() -> None:
    assert "JPEG" in ErrorView(415, "Unsupported Media Type", "no").advice
    unknown = ErrorView(418, "I'm a teapot", "no")
    assert (unknown.heading, unknown.advice) == ("I'm a teapot", t("errors.advice.others"))
