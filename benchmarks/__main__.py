"""Measure what the README claims: `make bench`, with PHOTOS=FOLDER the ingest of its photos too.

`python -m benchmarks PART…` measures some parts only.
"""

import argparse
import gc
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    approximate,
    ingest,
    keyword_search,
    neighbors,
    query_conditions,
    search_speed,
    ssd_similarity,
    start_up,
    storage_efficiency,
    store,
)
from benchmarks.report import Measurement, as_table

PARTS: Mapping[str, Callable[[], list[Measurement]]] = {
    "store": store.measurements,
    "ssd": ssd_similarity.measurements,
    "keywords": keyword_search.measurements,
    "conditions": query_conditions.measurements,
    "photos": search_speed.measurements,
    "neighbours": neighbors.measurements,
    "approximate": approximate.measurements,
    "start-up": start_up.measurements,
    "ingest": ingest.measurements,
}


def main() -> None:
    """Run the measurements and print a table that says which targets are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them if none is named"
    )
    parser.add_argument("--photos", type=Path, help="a folder of photos to ingest")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    measured: list[Measurement] = []
    if arguments.photos:
        measured += ingest.measure(arguments.photos)
    for name, measure in PARTS.items():
        if not arguments.parts or name in arguments.parts:
            found = measure()
            print(as_table(found), flush=True)
            measured += found
            gc.collect()  # the next part may need the memory
    print(as_table(measured))
    if not arguments.parts:
        storage_efficiency.main()


if __name__ == "__main__":
    main()
