"""Some searches to look at: what the first five photos for everyday words really show."""

from collections.abc import Mapping

from app.domain import Hit
from app.errors import BadInput
from benchmarks.quality.galleries import Collection
from benchmarks.quality.tables import Result, Table

QUERIES = (
    "kitty", "puppy", "bike", "vehicle", "furniture", "fruit", "food", "musician", "dessert", "instrument",
    "aircraft", "sofa", "telly", "farm animal", "sport", "child", "person horse", "dog -person", "drink", "giraf",
)  # fmt: skip
HITS = 5


def spot_queries(collection: Collection, names: Mapping[str, str]) -> Result:
    """Return the labels of the first photos for each query; `names` gives each class its name."""
    rows = tuple((query, " · ".join(first_hits(collection, names, query))) for query in QUERIES)
    table = Table(
        f"The first {HITS} of {collection.name} for some words, by what they are labelled", ("words", "shown"), rows
    )
    return Result((table,))


def first_hits(collection: Collection, names: Mapping[str, str], query: str) -> list[str]:
    """Return what each of the first photos shows, in words; or why there are none."""
    try:
        hits = collection.gallery.searches.by_words(query, limit=HITS).hits
    except BadInput as error:
        return [error.message]
    return [described(collection, names, hit) for hit in hits] or ["nothing"]


def described(collection: Collection, names: Mapping[str, str], hit: Hit) -> str:
    """Return a photo's labels; in brackets if the gallery itself takes it for a weak hit."""
    labels = sorted(names[class_] for class_ in collection.photos[hit.photo.id].shown)
    text = ", ".join(labels) or "no label"
    return f"({text})" if hit.weak else text
