"""The web application. Everything is wired here and in `opening.py` and nowhere else.

`create_app` makes the Flask application, `open_gallery` the services behind it (the file, the model server, the
background work), and `create_served_app` both together, as gunicorn needs them. What a gallery is made of is
imported when one is opened: commands that only talk to a running gallery start three times as fast without.
"""

import atexit
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from app import running
from app.cli import register_commands
from app.errors import GalleryError, SettingsError
from app.settings import ROOT, Settings
from model_server import log_lines

if TYPE_CHECKING:
    from app.inference.base import ModelClient
    from app.services.gallery import Gallery

FILES_PER_REQUEST = 20
"""How many of the largest photos one request may carry."""
STARTED_UP_EXIT_CODE = 4
"""How a gunicorn worker ends when the gallery can't be opened; gunicorn then stops instead of trying again."""


def create_app(settings: Settings | None = None, gallery: "Gallery | None" = None) -> Flask:
    """Make the Flask application, with its commands, and with its pages and API if there is a gallery to serve."""
    settings = settings or _settings_of_command_line()
    app = Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    register_commands(app, settings, open_gallery)
    if gallery is not None:
        from app.web import register_web
        from app.web.current import attach_gallery

        app.config["MAX_CONTENT_LENGTH"] = FILES_PER_REQUEST * settings.max_upload_bytes
        register_web(app, password=settings.password, allowed_hosts=settings.allowed_hosts)
        attach_gallery(app, gallery)
    return app


def create_served_app() -> Flask:
    """Make the application with its gallery open, for gunicorn's worker; end it when the gallery can't be opened."""
    try:
        settings = Settings.from_environment(os.environ)
        log_lines.configure(settings.log_level, settings.log_format)
        logging.getLogger("app.web.request_log").setLevel("INFO" if settings.log_format == "json" else "WARNING")
        gallery = open_gallery(settings)
    except GalleryError as error:
        sys.stderr.write(f"The gallery can't start: {error.message}\n")
        raise SystemExit(STARTED_UP_EXIT_CODE) from error
    atexit.register(gallery.close)
    _end_streams_when_told_to_stop(gallery)
    running.announce(settings.data, running.url_of(settings.host, settings.port))
    atexit.register(running.withdraw, settings.data)
    return create_app(settings, gallery)


def open_gallery(settings: Settings, client: "ModelClient | None" = None, *, working: bool = True) -> "Gallery":
    """Open the file, reach for the model server (through `client`, if given) and start the background work.

    Without `working`, photos are read and compared but none is looked at: no model server and no work is started.
    Raises StoreLocked, StoreFormatError or another StoreError if the file can't be opened, SettingsError for a model
    that the catalogue doesn't have. The model server is not waited for.
    """
    from app import opening

    return opening.open_gallery(settings, client, working=working)


def _end_streams_when_told_to_stop(gallery: "Gallery") -> None:
    """End what pages watch once the worker is told to stop: it waits for requests in hand, which would go on."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        stop_worker = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, stop_worker: Any = stop_worker) -> None:
            threading.Thread(target=gallery.changes.stop, daemon=True).start()
            if callable(stop_worker):
                stop_worker(number, frame)

        signal.signal(number, stop)


def _settings_of_command_line() -> Settings:
    """Read the settings; let a wrong one end the command with its message."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(error.message) from error
