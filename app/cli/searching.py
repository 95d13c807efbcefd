"""The commands `search` and `similar`."""

from pathlib import Path

import click

from app.cli.access import Access
from app.cli.gateway import Gateway, Json
from app.cli.output import errors_reported, json_option, print_json, printable, warn
from app.cli.sources import FileSource
from app.cli.wording import reasons_line
from app.domain import KeywordMode, PhotoId, SimilarityMethod
from app.errors import BadParameter, GalleryError, PhotoNotFound

MAX_LIMIT = 500
DEFAULT_LIMIT = 20
SHEET_SUFFIX = ".png"
SHEET_THUMBNAIL_PX = 512
ID_DIGITS = 32

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, MAX_LIMIT),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="How many photos to show.",
)
mode_option = click.option(
    "--mode",
    type=click.Choice([str(mode) for mode in KeywordMode]),
    default=str(KeywordMode.LATE),
    show_default=True,
    help="Compare with each label of a photo, or with the average of its objects.",
)
method_option = click.option(
    "--method",
    type=click.Choice([str(method) for method in SimilarityMethod]),
    default=str(SimilarityMethod.EMBEDDING),
    show_default=True,
    help="What similar means.",
)
sheet_option = click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.png",
    help="Write a picture of PHOTO and what was found.",
)


def search_command(access: Access) -> click.Command:
    """Make the command `search`."""

    @click.command("search")
    @click.argument("words")
    @limit_option
    @mode_option
    @json_option
    def search(words: str, limit: int, mode: str, as_json: bool) -> None:
        """Find photos by WORDS, such as "kitty" or "dog -person"."""
        with errors_reported(as_json), access.gateway() as gateway:
            results = gateway.search(words, KeywordMode(mode), limit)
        print_results(results, as_json)

    return search


def similar_command(access: Access) -> click.Command:
    """Make the command `similar`."""

    @click.command("similar")
    @click.argument("photo")
    @method_option
    @limit_option
    @sheet_option
    @json_option
    def similar(photo: str, method: str, limit: int, sheet: Path | None, as_json: bool) -> None:
        """Find photos like PHOTO: the id of a stored photo, or a picture file, which is not stored."""
        with errors_reported(as_json):
            if sheet is not None:
                check_sheet(sheet)
            results = find_similar(access, photo, SimilarityMethod(method), limit, sheet)
        print_results(results, as_json)

    return similar


def find_similar(access: Access, photo: str, method: SimilarityMethod, limit: int, sheet: Path | None) -> Json:
    """Return what is like a file or a stored photo, and draw it on a sheet if one was asked for."""
    if Path(photo).is_file():
        file = FileSource(Path(photo), access.settings.max_upload_bytes).load()
        with access.gateway(working=True) as gateway:
            results = gateway.like_picture(file, method, limit)
            if sheet is not None:
                write_sheet(gateway, file.data, results, sheet)
        return results
    photo_id = stored_id(photo)
    with access.gateway() as gateway:
        results = gateway.like_photo(photo_id, method, limit)
        if sheet is not None:
            write_sheet(gateway, gateway.thumbnail(photo_id, SHEET_THUMBNAIL_PX), results, sheet)
    return results


def stored_id(photo: str) -> PhotoId:
    """Return an id; raise PhotoNotFound for what is neither that nor a file."""
    if len(photo) != ID_DIGITS or any(digit not in "0123456789abcdef" for digit in photo):
        raise PhotoNotFound(f"{photo[:200]!r} is neither a file nor the id of a photo (32 hexadecimal digits).")
    return PhotoId(photo)


def check_sheet(sheet: Path) -> None:
    """Raise BadParameter if the sheet can't be written there."""
    if sheet.suffix.lower() != SHEET_SUFFIX:
        raise BadParameter(f"The sheet is a PNG picture, so call it {sheet.with_suffix(SHEET_SUFFIX).name}.")
    if not sheet.parent.is_dir():
        raise BadParameter(f"The sheet can't be written: there is no folder {sheet.parent}.")


def write_sheet(gateway: Gateway, query: bytes, results: Json, path: Path) -> None:
    """Draw the query and what was found, with names and scores."""
    from app import imaging  # loads Pillow, which only this needs

    thumbnails = [gateway.thumbnail(item["id"], SHEET_THUMBNAIL_PX) for item in results["items"]]
    captions = [f"{item['score']:.3f}  {item['name']}" for item in results["items"]]
    picture = imaging.sheet([imaging.decode(data) for data in [query, *thumbnails]], ["query", *captions])
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise GalleryError(f"The sheet can't be written to {path}: {error.strerror}.") from error


def print_results(results: Json, as_json: bool) -> None:
    """Print hits, best first: score, id, name and reasons; a `~` marks what hardly fits."""
    for notice in results["notices"]:
        warn(notice)
    if as_json:
        print_json(results)
        return
    for item in results["items"]:
        mark = "~" if item["weak"] else " "
        line = f"{mark}{item['score']:7.4f}  {item['id']}  {item['name']}  {reasons_line(item['why'])}"
        click.echo(printable(line).rstrip())
    if not results["items"]:
        warn(f"Nothing found among {results['total']} photos.")
