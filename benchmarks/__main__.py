"""Measure what the README claims: `make bench`, with PHOTOS=FOLDER the ingest of its photos too."""

import argparse
from pathlib import Path

from benchmarks import ingest, keyword_search, ssd_similarity, storage_efficiency, store
from benchmarks.report import as_table


def main() -> None:
    """Run all measurements and print a table that says which targets are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos to ingest")
    arguments = parser.parse_args()
    measurements = [*ssd_similarity.measurements(), *keyword_search.measurements()]
    if arguments.photos:
        measurements += ingest.measure(arguments.photos)
    measurements += store.measurements()
    print(as_table(measurements))
    storage_efficiency.main()


if __name__ == "__main__":
    main()
