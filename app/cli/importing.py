"""The command `import`."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import click

from app.cli.access import Access
from app.cli.gateway import Gateway, Json, PhotoFile
from app.cli.output import FAILED, ProgressBar, error_json, errors_reported, json_option, print_json, warn
from app.cli.sources import Chosen, FileSource, Source, choose_files, read_addresses
from app.cli.waiting import wait_until_looked_at
from app.errors import GalleryError

BATCH = 8
"""How many photos are fetched at once and handed over together."""


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
        """Store photos: files, the pictures in folders, or those at addresses listed in a CSV file."""
        if not paths and csv_file is None:
            raise click.UsageError("Name at least one PATH, or a file of addresses with --csv.")
        with errors_reported(as_json):
            chosen = choose_files(paths, recursive)
            sources = sources_of(chosen, csv_file, access.settings.max_upload_bytes)
            with access.gateway(working=True, create=True) as gateway:
                items = store_all(gateway, sources)
                if not no_wait:
                    wait_until_looked_at(gateway, items)
        report(items, chosen, as_json)

    return import_photos


def sources_of(chosen: Chosen, csv_file: Path | None, max_bytes: int) -> list[Source]:
    """Return everything that is to be imported; raise BadInput for an unreadable CSV file."""
    sources: list[Source] = [FileSource(path, max_bytes) for path in chosen.files]
    if csv_file is not None:
        from app.cli.downloads import WebSource

        sources += [WebSource(url, max_bytes) for url in read_addresses(csv_file)]
    return sources


def store_all(gateway: Gateway, sources: Sequence[Source]) -> list[Json]:
    """Store the photos; return what became of each, in order, with its `source`."""
    items: list[Json] = []
    with ProgressBar("Importing", len(sources)) as bar, ThreadPoolExecutor(BATCH) as pool:
        for batch in batches(sources):
            stored = store_batch(gateway, batch, pool.map)
            for item in stored:
                if "error" in item:
                    warn(f"{item['source']}: {item['error']['message']}")
            items += stored
            bar.advance(len(batch))
    return items


def store_batch(
    gateway: Gateway, sources: Sequence[Source], map_parallel: Callable[..., Iterator[PhotoFile | Json]]
) -> list[Json]:
    """Fetch and store a few photos; those that can't be fetched or stored don't keep the others back."""
    fetched = list(map_parallel(fetch, sources))
    files = [one for one in fetched if isinstance(one, PhotoFile)]
    stored = iter(gateway.upload(files) if files else [])
    items = [next(stored) if isinstance(one, PhotoFile) else one for one in fetched]
    return [{"source": source.label} | item for source, item in zip(sources, items, strict=True)]


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


def report(items: Sequence[Json], chosen: Chosen, as_json: bool) -> None:
    """Say what came of it; end with exit code 1 if not everything worked."""
    failed = sum("error" in item for item in items)
    duplicates = sum(bool(item.get("duplicate")) for item in items)
    imported = len(items) - failed - duplicates
    if as_json:
        counts = {"imported": imported, "duplicates": duplicates, "failed": failed}
        print_json({**counts, "skipped": chosen.other_files, "items": list(items)})
    else:
        click.echo(f"{imported} imported, {duplicates} were there already, {failed} failed.")
    if chosen.other_files:
        warn(f"{chosen.other_files} other files in the folders are no pictures by their names.")
    if chosen.subfolders:
        warn(f"{chosen.subfolders} folders within the folders were left out; --recursive takes them too.")
    if failed:
        raise SystemExit(FAILED)
