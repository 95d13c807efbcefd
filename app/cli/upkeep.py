"""The commands `verify`, `compact` and `backup`."""

from pathlib import Path

import click

from app.cli.access import Access
from app.cli.gateway import Json
from app.cli.moving import expect_free, make_folder
from app.cli.output import FAILED, ProgressBar, errors_reported, json_option, print_json, printable
from app.cli.wording import size_text

PARTS = {
    "photo": "the photo itself is damaged and can't be computed anew: `export` writes what is left of it; delete it, "
    "and import it again if you have it",
    "row": "what the gallery knows of it is damaged",
    "thumbnail": "its thumbnail is damaged",
    "details": "its camera details are damaged",
    "features": "its features by {model} are damaged",
}
RECOMPUTABLE = {
    "thumbnail": "it is made anew from the photo",
    "details": "they are read anew from the photo",
    "features": "they are computed anew while the gallery runs with this model",
}


def verify_command(access: Access) -> click.Command:
    """Make the command `verify`."""

    @click.command("verify")
    @json_option
    def verify(as_json: bool) -> None:
        """Check everything stored against its checksum, and name what is damaged.

        Damaged thumbnails and features are made anew. The exit code is 0 only if nothing is damaged.
        """
        with errors_reported(as_json), access.gateway() as gateway, ProgressBar("Verifying", None) as bar:
            found = gateway.verify(bar.show)
        if as_json:
            print_json(found)
        else:
            click.echo("\n".join(printable(line) for line in verify_lines(found)))
        if not found["whole"]:
            raise SystemExit(FAILED)

    return verify


def verify_lines(found: Json) -> list[str]:
    """Return what a look at the file came to: each damage in a line, and the sum."""
    lines = [damage_line(damage) for damage in found["damages"]]
    checked = f"{found['photos']:,} photos ({size_text(found['checked_bytes'])}) checked"
    if found["whole"]:
        return [f"{checked}: all is as it was stored."]
    repaired = f"{found['mended']:,} photos were mended, {found['queued']:,} wait for new features"
    return [*lines, f"{checked}: {len(lines):,} damages found, {repaired}."]


def damage_line(damage: Json) -> str:
    """Say what of a photo is damaged, and what to do."""
    part: str = damage["part"]
    what = PARTS.get(part, part).format(model=damage["model"])
    advice = RECOMPUTABLE.get(part) if damage["recomputable"] else None
    return f"{damage['name']} ({damage['id']}): {what}" + (f"; {advice}." if advice else ".")


def compact_command(access: Access) -> click.Command:
    """Make the command `compact`."""

    @click.command("compact")
    @json_option
    def compact(as_json: bool) -> None:
        """Give the room of deleted photos back to the file system."""
        with errors_reported(as_json), access.gateway() as gateway, ProgressBar("Compacting", None) as bar:
            answer = gateway.compact(bar.show)
        if as_json:
            print_json(answer)
        else:
            click.echo(f"{size_text(answer['freed_bytes'])} given back to the file system.")

    return compact


def backup_command(access: Access) -> click.Command:
    """Make the command `backup`."""

    @click.command("backup")
    @click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
    @json_option
    def backup(file: Path, as_json: bool) -> None:
        """Write a consistent copy of the gallery file to FILE, which must be new.

        The copy is a gallery file itself: start a gallery on it with GALLERY_DATA=FILE.
        """
        with errors_reported(as_json):
            expect_free(file)
            with access.gateway() as gateway, ProgressBar("Backing up", None, in_bytes=True) as bar:
                make_folder(file.absolute().parent)
                answer = gateway.backup(file, bar.show) | {"file": str(file)}
        if as_json:
            print_json(answer)
        else:
            click.echo(f"{size_text(answer['size_bytes'])} backed up to {printable(str(file))}.")

    return backup
