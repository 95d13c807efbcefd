"""The command line: `flask --app app gallery ...`, or `./gallery ...` for short."""

from flask import Flask
from flask.cli import AppGroup

from app.cli.access import Access, OpenGallery
from app.cli.exporting import export_command
from app.cli.importing import import_command
from app.cli.models import models_command, reindex_command
from app.cli.searching import search_command, similar_command
from app.cli.serving import serve_command
from app.cli.status import status_command
from app.cli.upkeep import backup_command, compact_command, verify_command
from app.settings import Settings

COMMANDS = (
    serve_command,
    import_command,
    search_command,
    similar_command,
    export_command,
    status_command,
    verify_command,
    compact_command,
    backup_command,
    models_command,
    reindex_command,
)


def register_commands(app: Flask, settings: Settings, open_gallery: OpenGallery) -> None:
    """Add the command group `gallery` to the application's command line."""
    group = AppGroup("gallery", help="Work with the gallery: the running one, or else its file.")
    access = Access(settings, open_gallery)
    for make_command in COMMANDS:
        group.add_command(make_command(access))
    app.cli.add_command(group)
