"""The command `status`."""

import click

from app.cli.access import Access
from app.cli.gateway import Json
from app.cli.output import errors_reported, json_option, print_json, printable
from app.cli.wording import size_text
from app.domain import PhotoState


def status_command(access: Access) -> click.Command:
    """Make the command `status`."""

    @click.command("status")
    @json_option
    def status(as_json: bool) -> None:
        """Say how the gallery is."""
        with errors_reported(as_json), access.gateway() as gateway:
            answer = {"file": str(access.settings.data), **gateway.status()}
        if as_json:
            print_json(answer)
        else:
            click.echo("\n".join(printable(line) for line in status_lines(answer)))

    return status


def status_lines(answer: Json) -> list[str]:
    """Return the status for people: where, how many photos, and each part in a line."""
    file = answer["parts"]["gallery_file"]
    states = ", ".join(f"{file[state]:,} {state}" for state in PhotoState if file.get(state))
    where = f"{answer['url']} (process {answer['pid']})" if answer["running"] else "not running"
    lines = [
        f"{'gallery':14} {where}",
        f"{'file':14} {answer['file']}, {size_text(file['size_bytes'])}",
        f"{'photos':14} {file['photos']:,}" + (f": {states}" if states else ""),
    ]
    others = {name: part for name, part in answer["parts"].items() if name != "gallery_file"}
    return lines + [f"{name:14} {part['state']}: {part['message']}" for name, part in others.items()]
