"""Photos by words: `late` and `classic` against plain substring match, by class name, synonym and hypernym."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.domain import KeywordMode, PhotoId
from app.errors import BadInput
from benchmarks.quality.galleries import Collection
from benchmarks.quality.measures import AT, average_precision, mean, precision
from benchmarks.quality.queries import KINDS, Query
from benchmarks.quality.tables import Cell, Result, Table
from benchmarks.report import Measurement

TARGET_RATIO = 1.5
MOST_A_KIND = 200
Search = Callable[[str], Sequence[PhotoId]]
"""Returns the photos that words find, best first."""


@dataclass(frozen=True)
class Score:
    """How well one query did. best_precision: what a perfect ranking would have."""

    precision: float
    best_precision: float
    average_precision: float


def measure_words(collection: Collection, queries: Sequence[Query], least_map: float | None = None) -> Result:
    """Measure all three ways to search on all queries; `least_map` is what `late` should reach, if anything."""
    searches: dict[str, Search] = {
        "late": lambda text: by_service(collection, text, KeywordMode.LATE),
        "classic": lambda text: by_service(collection, text, KeywordMode.CLASSIC),
        "substring": Substrings(collection),
    }
    judged = sample(query for query in queries if can_be_judged(collection, query))
    scores = {name: {query: score(collection, query, search(query.text)) for query in judged}
              for name, search in searches.items()}  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for kind in (*KINDS, "all"):
        chosen = [query for query in judged if kind in (query.kind, "all")]
        parts = [[scores[name][query] for query in chosen] for name in searches]
        rows.append(
            (
                kind,
                len(chosen),
                *(mean([one.average_precision for one in part]) for part in parts),
                *(mean([one.precision for one in part]) for part in parts),
                mean([one.best_precision for one in parts[0]]),
            )
        )
    columns = (*(f"MAP {name}" for name in searches), *(f"P@{AT} {name}" for name in searches), f"P@{AT} at best")
    table = Table(
        f"Words to photos, {len(collection.photos):,} photos of {collection.name}",
        ("queries by", "queries", *columns),
        tuple(rows),
    )
    late, classic = (mean([one.average_precision for one in scores[name].values()]) for name in ("late", "classic"))
    return Result((table,), tuple(targets(collection.name, late, classic, least_map)))


def targets(name: str, late: float, classic: float, least_map: float | None) -> list[Measurement]:
    """Return what `late` should reach, given the MAP of both modes over all queries."""
    ratio = late / classic if classic else float("inf")
    found = [
        Measurement(
            f"words to photos, {name}: MAP of `late`",
            f"{ratio:.2f} times as high",
            "`classic`",
            f"at least {TARGET_RATIO}",
            ratio >= TARGET_RATIO,
        )
    ]
    if least_map is not None:
        what = f"words to photos, {name}: MAP of `late`"
        found.append(Measurement(what, f"{late:.3f}", "", f"at least {least_map:.2f}", late >= least_map))
    return found


def sample(queries: Iterable[Query]) -> list[Query]:
    """Return the queries, no more than MOST_A_KIND of each kind, chosen by chance but always the same."""
    by_kind: dict[str, list[Query]] = {}
    for query in queries:
        by_kind.setdefault(query.kind, []).append(query)
    chance = random.Random(0)
    return [one for kind in by_kind.values() for one in chance.sample(kind, min(MOST_A_KIND, len(kind)))]


def can_be_judged(collection: Collection, query: Query) -> bool:
    """Tell whether some photos are known to be meant and some known not to be."""
    verdicts = {photo.shows_any(query.classes) for photo in collection.photos.values()}
    return {True, False} <= verdicts


def score(collection: Collection, query: Query, found: Sequence[PhotoId]) -> Score:
    """Judge what a search found; photos of which it isn't known whether they are meant are taken out first."""
    verdicts = {photo_id: photo.shows_any(query.classes) for photo_id, photo in collection.photos.items()}
    relevant = [verdict for photo_id in found if (verdict := verdicts[photo_id]) is not None]
    total = sum(verdict is True for verdict in verdicts.values())
    return Score(precision(relevant), min(total, AT) / AT, average_precision(relevant, total))


def by_service(collection: Collection, text: str, mode: KeywordMode) -> list[PhotoId]:
    """Return what the gallery finds by words; nothing if it doesn't know them."""
    try:
        results = collection.gallery.searches.by_words(text, limit=len(collection.photos), mode=mode)
    except BadInput:
        return []
    return [hit.photo.id for hit in results.hits]


class Substrings:
    """The baseline: photos of which a label or tag contains the words, the surest such label first."""

    def __init__(self, collection: Collection) -> None:
        self._names: dict[PhotoId, dict[str, float]] = {}
        for photo_id in collection.photos:
            details = collection.gallery.library.details(photo_id)
            named = [(tag.label, tag.probability) for tag in details.tags]
            named += [(thing.label, thing.confidence) for thing in details.objects]
            # Sorted, so that the surest object of a label is what remains.
            self._names[photo_id] = {
                label.lower(): sureness for label, sureness in sorted(named, key=lambda one: one[1])
            }

    def __call__(self, text: str) -> list[PhotoId]:
        """Return the photos that match, best first."""
        sureness = {
            photo_id: max((sure for label, sure in names.items() if text.lower() in label), default=0.0)
            for photo_id, names in self._names.items()
        }
        matching = [photo_id for photo_id, sure in sureness.items() if sure > 0]
        return sorted(matching, key=lambda photo_id: -sureness[photo_id])
