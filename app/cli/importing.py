"""The command `import`."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click

from app.cli.access import Access
from app.cli.gateway import Gateway, Json, PhotoFile
from app.cli.output import FAILED, ProgressBar, error_json, errors_reported, json_option, print_json, printable, warn
from app.cli.sources import Chosen, Source, choose_files, read_addresses
from app.cli.waiting import wait_until_looked_at
from app.errors import GalleryError

BATCH = 8
"""How many photos are fetched at once and handed over together."""


@dataclass
class Outcome:
    """What came of an import, as far as it went."""

    items: list[Json] = field(default_factory=list)
    """What became of each photo that was tried."""
    untried: int = 0
    problem: GalleryError | None = None
    """What ended the import before all was done."""


def import_command(access: Access) -> click.Command:
    """Make the command `import`."""

    @click.command("import")
    @click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
    @click.option("--recursive", is_flag=True, help="Look into folders within folders too.")
    @click.option(
        "--csv",
        "csv_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="URLS.csv",
        help="Download the photos whose addresses stand in its first column, or in the one named `url`.",
    )
    @click.option("--no-wait", is_flag=True, help="Don't wait until the photos can be found.")
    @json_option
    def import_photos(
        paths: tuple[Path, ...], recursive: bool, csv_file: Path | None, no_wait: bool, as_json: bool
    ) -> None:
        """Store photos: files, the pictures in folders, or those at addresses listed in a CSV file.

        A folder that `export` wrote comes back with all that was known of its photos, and nothing is computed anew.
        """
        if not paths and csv_file is None:
            raise click.UsageError("Name at least one PATH, or a file of addresses with --csv.")
        with errors_reported(as_json):
            chosen = choose_files(paths, recursive)
            for problem in chosen.problems:
                warn(problem)
            sources = sources_of(chosen, csv_file, access.settings.max_upload_bytes)
            with access.gateway(working=True, create=True) as gateway:
                outcome = import_all(gateway, sources, wait=not no_wait)
                save_searches(gateway, chosen.searches)
        report(outcome, chosen, as_json)

    return import_photos


def sources_of(chosen: Chosen, csv_file: Path | None, max_bytes: int) -> list[Source]:
    """Return everything that is to be imported; raise BadInput for an unreadable CSV file."""
    sources = chosen.sources(max_bytes)
    if csv_file is not None:
        from app.cli.downloads import WebSource

        sources += [WebSource(url, max_bytes) for url in read_addresses(csv_file)]
    return sources


def import_all(gateway: Gateway, sources: Sequence[Source], *, wait: bool) -> Outcome:
    """Store the photos and wait until they are looked at; whatever stops that ends up in the outcome."""
    outcome = Outcome()
    try:
        store_all(gateway, sources, outcome.items)
        if wait:
            wait_until_looked_at(gateway, outcome.items)
    except GalleryError as error:
        outcome.problem = error
    outcome.untried = len(sources) - len(outcome.items)
    return outcome


def save_searches(gateway: Gateway, searches: Sequence[tuple[str, object]]) -> None:
    """Save the searches, each with its name, that the gallery hasn't saved already; say which can't be done in it."""
    saved = [(one["name"], one["search"]) for one in gateway.searches()] if searches else []
    for name, search in searches:
        if (name, search) in saved:
            continue
        try:
            gateway.save_search(name, search)
        except GalleryError as error:
            warn(f"The saved search {name!r} can't be taken over: {error.message}")


def store_all(gateway: Gateway, sources: Sequence[Source], items: list[Json]) -> None:
    """Store the photos and append what became of each, in order, with its `source`, to `items`.

    Raises GalleryError when the gallery itself fails, so that the rest needn't be tried.
    """
    with ProgressBar("Importing", len(sources)) as bar, ThreadPoolExecutor(BATCH) as pool:
        for batch in batches(sources):
            stored = store_batch(gateway, batch, pool.map)
            for item in stored:
                for line in [*item.get("notes", []), *([item["error"]["message"]] if "error" in item else [])]:
                    warn(f"{item['source']}: {line}")
            items += stored
            bar.advance(len(batch))


def store_batch(
    gateway: Gateway, sources: Sequence[Source], map_parallel: Callable[..., Iterator[PhotoFile | Json]]
) -> list[Json]:
    """Fetch and store a few photos; those that can't be fetched or stored don't keep the others back."""
    fetched = list(map_parallel(fetch, sources))
    files = [one for one in fetched if isinstance(one, PhotoFile)]
    stored = iter(gateway.upload(files) if files else [])
    items = [_with_notes(next(stored), one.notes) if isinstance(one, PhotoFile) else one for one in fetched]
    return [{"source": source.label} | item for source, item in zip(sources, items, strict=True)]


def _with_notes(item: Json, notes: Sequence[str]) -> Json:
    """Return what became of a photo, with what is to be said of it, if there is anything."""
    all_notes = [*notes, *item.get("notes", [])]
    return {name: value for name, value in item.items() if name != "notes"} | (
        {"notes": all_notes} if all_notes else {}
    )


def fetch(source: Source) -> PhotoFile | Json:
    """Return a photo, or its error in the API's shape."""
    try:
        return source.load()
    except GalleryError as error:
        return {"filename": Path(source.label).name, "error": error_json(error)}


def batches(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Return the sources a few at a time."""
    rest = iter(sources)
    while batch := list(islice(rest, BATCH)):
        yield batch


def report(outcome: Outcome, chosen: Chosen, as_json: bool) -> None:
    """Say what came of it; end with exit code 1 if not everything worked."""
    failed = sum("error" in item for item in outcome.items)
    duplicates = sum(bool(item.get("duplicate")) for item in outcome.items)
    imported = len(outcome.items) - failed - duplicates
    if as_json:
        counts = {"imported": imported, "duplicates": duplicates, "failed": failed, "untried": outcome.untried}
        problem = {} if outcome.problem is None else {"error": error_json(outcome.problem)}
        found = {"skipped": chosen.other_files, "problems": chosen.problems}
        print_json({**counts, **found, "items": outcome.items, **problem})
    else:
        untried = f", {outcome.untried} were not tried" if outcome.untried else ""
        click.echo(f"{imported} imported, {duplicates} were there already, {failed} failed{untried}.")
    if chosen.other_files:
        warn(f"{chosen.other_files} other files in the folders are no pictures by their names.")
    if chosen.subfolders:
        warn(f"{chosen.subfolders} folders within the folders were left out; --recursive takes them too.")
    if outcome.problem is not None:
        raise click.ClickException(printable(outcome.problem.message))
    if failed:
        raise SystemExit(FAILED)
