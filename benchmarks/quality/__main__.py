"""Measure how well searches find labelled photos: `make eval PHOTOS=FOLDER`.

The folder holds any of `detection/eval` with `detection/eval.jsonl`, `objects` with `objects.jsonl`, and `fashion`
with `fashion.jsonl`; what is missing is skipped.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.inference.base import ModelClient
from app.settings import ROOT
from benchmarks.quality.alike import measure_alike
from benchmarks.quality.fashion import measure_fashion
from benchmarks.quality.galleries import Collection, collected
from benchmarks.quality.layout import measure_layout
from benchmarks.quality.photos import detection_photos, fashion_photos, object_photos
from benchmarks.quality.queries import COCO, IMAGENET, queries_for
from benchmarks.quality.spot import spot_queries
from benchmarks.quality.tables import Result
from benchmarks.quality.words import measure_words
from benchmarks.report import as_table
from model_server.catalogue import load_card

KEPT_GALLERIES = ROOT / "build" / "quality"
LEAST_MAP = 0.5


@dataclass(frozen=True)
class Options:
    """What the command was asked for."""

    photos: Path
    cache: Path
    show: bool = False
    client: ModelClient | None = None
    """The model server to look at photos with; None for one of our own."""


def measure_detection(options: Options) -> list[Result]:
    """Measure words, photo to photo and layout on photos with boxes."""
    labels = load_card("gallery_default").labels
    photos = detection_photos(options.photos / "detection", "eval", labels)
    with collected("detection/eval", photos, options.cache, options.client) as collection:
        names = {label: label for label in labels}
        words = measure_words(collection, queries_for(COCO, names), LEAST_MAP)
        return [words, *shown(options, collection, names), measure_alike(collection), measure_layout(collection)]


def measure_objects(options: Options) -> list[Result]:
    """Measure words on photos of one ImageNet class each."""
    named = object_photos(options.photos)
    with collected("objects", named.photos, options.cache, options.client) as collection:
        words = measure_words(collection, queries_for(IMAGENET, named.names))
        return [words, *shown(options, collection, named.names)]


def measure_products(options: Options) -> list[Result]:
    """Measure similar products."""
    with collected("fashion", fashion_photos(options.photos), options.cache, options.client) as collection:
        return [measure_fashion(collection)]


PARTS: dict[str, Callable[[Options], list[Result]]] = {
    "detection/eval": measure_detection,
    "objects": measure_objects,
    "fashion": measure_products,
}
"""By the place of the photos in the folder, beside a file of that name and `.jsonl`."""


def shown(options: Options, collection: Collection, names: dict[str, str]) -> list[Result]:
    """Return the searches to look at, if they were asked for."""
    return [spot_queries(collection, names)] if options.show else []


def measure(options: Options) -> list[Result]:
    """Measure whatever the folder holds, and say what it lacks."""
    results: list[Result] = []
    for part, measure_part in PARTS.items():
        labels = options.photos / f"{part}.jsonl"
        if labels.is_file():
            results += measure_part(options)
        else:
            print(f"Skipped {part}: there is no {labels}.", file=sys.stderr)
    return results


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of labelled photos")
    parser.add_argument(
        "--cache", type=Path, default=KEPT_GALLERIES, help="folder that keeps what was seen in photos"
    )
    parser.add_argument("--show", action="store_true", help="also show what some everyday words find")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    given = parser.parse_args(arguments)
    results = measure(Options(given.photos, given.cache, given.show))
    if given.json:
        print(json.dumps([result.as_json() for result in results], indent=1))
        return
    for table in (table for result in results for table in result.tables):
        print(table.as_markdown(), end="\n\n")
    print(as_table([target for result in results for target in result.targets]))


if __name__ == "__main__":
    main()
