"""The words that searches are measured with, and the classes that each of them means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

QUERIES = Path(__file__).with_name("queries.tsv")
"""Made by `make_queries.py`, which says by which rules."""

HEADER = "# Vocabulary, kind, text, classes. From WordNet 3.0, whose licence is in app/text/data/README.md."

COCO, IMAGENET = "coco", "imagenet"
NAME, SYNONYM, HYPERNYM = "class name", "synonym", "hypernym"
KINDS = (NAME, SYNONYM, HYPERNYM)


@dataclass(frozen=True)
class Query:
    """Words that a person may search by. A photo that shows any of `classes` is what they mean."""

    vocabulary: str
    kind: str
    text: str
    classes: frozenset[str]


def queries_for(vocabulary: str, names: Mapping[str, str]) -> list[Query]:
    """Return the queries for photos of the classes in `names`, which gives each its name.

    Classes that go by one name are one query. Hypernyms of fewer than two of the classes are left out.
    """
    by_name: dict[str, set[str]] = {}
    for class_, name in names.items():
        by_name.setdefault(name, set()).add(class_)
    queries = [Query(vocabulary, NAME, name, frozenset(classes)) for name, classes in by_name.items()]
    for query in read_queries(QUERIES):
        classes = query.classes & set(names)
        if query.vocabulary == vocabulary and len(classes) >= (2 if query.kind == HYPERNYM else 1):
            queries.append(Query(vocabulary, query.kind, query.text, frozenset(classes)))
    return queries


def read_queries(path: Path) -> list[Query]:
    """Read `vocabulary, kind, text, classes` a line, with tabs between them and commas between classes."""
    queries = []
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            vocabulary, kind, text, classes = line.split("\t")
            queries.append(Query(vocabulary, kind, text, frozenset(classes.split(","))))
    return queries


def write_queries(path: Path, queries: Iterable[Query]) -> None:
    """Write queries as `read_queries` reads them."""
    rows = [[query.vocabulary, query.kind, query.text, ",".join(sorted(query.classes))] for query in queries]
    path.write_text("\n".join([HEADER, *map("\t".join, rows)]) + "\n", encoding="utf-8")


def same_words(one: str, other: str) -> bool:
    """Tell whether two spellings differ in case, spaces, hyphens and a plural's s only."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower()).removesuffix("s")
