"""Measure what the README claims: `make bench`, with PHOTOS=FOLDER the ingest of its photos too."""

import argparse
from pathlib import Path

from benchmarks import ingest, keyword_search, ssd_similarity
from benchmarks.report import as_table


def main() -> int:
    """Run all measurements and print a table; return 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos to ingest")
    arguments = parser.parse_args()
    measurements = [*ssd_similarity.measurements(), *keyword_search.measurements()]
    if arguments.photos:
        measurements += ingest.measure(arguments.photos)
    print(as_table(measurements))
    return 0 if all(one.reached for one in measurements) else 1


if __name__ == "__main__":
    raise SystemExit(main())
