"""The web application. Everything is wired here and nowhere else.

`create_app` makes the Flask application, `open_gallery` the services behind it (the file, the model server, the
background work), and `create_served_app` both together, as gunicorn needs them.
"""

import atexit
import logging
import os
import sys
from contextlib import ExitStack

import click
from flask import Flask

from app import imaging, running
from app.cli import register_commands
from app.domain import Bytes8
from app.errors import GalleryError, SettingsError
from app.inference.base import ModelClient
from app.inference.grpc_client import GrpcModelClient
from app.inference.local_server import LocalModelServer
from app.services.feature_index import FeatureIndex
from app.services.features import FeatureMaker
from app.services.gallery import Gallery
from app.services.ingest import Ingest
from app.services.keyword_search import KeywordSearch
from app.services.library import Library, Limits
from app.services.photo_search import PhotoSearch
from app.services.prepared import PreparedInputs
from app.services.searches import Searches
from app.services.status import Status
from app.settings import ROOT, Settings
from app.store.hdf5 import Hdf5Store
from app.text.word_vectors import WordVectors
from app.web import register_web
from app.web.current import attach_gallery
from model_server.catalogue import ModelCard, cards, load_card
from model_server.errors import UnknownModelError

FILES_PER_REQUEST = 20
"""How many of the largest photos one request may carry."""
STARTED_UP_EXIT_CODE = 4
"""How a gunicorn worker ends when the gallery can't be opened; gunicorn then stops instead of trying again."""


def create_app(settings: Settings | None = None, gallery: Gallery | None = None) -> Flask:
    """Make the Flask application, with its commands; without a gallery it can't answer requests yet."""
    settings = settings or _settings_of_command_line()
    app = Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config["MAX_CONTENT_LENGTH"] = FILES_PER_REQUEST * settings.max_upload_bytes
    register_web(app, password=settings.password, allowed_hosts=settings.allowed_hosts)
    register_commands(app, settings, open_gallery)
    if gallery is not None:
        attach_gallery(app, gallery)
    return app


def create_served_app() -> Flask:
    """Make the application with its gallery open, for gunicorn's worker; end it when the gallery can't be opened."""
    try:
        settings = Settings.from_environment(os.environ)
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        gallery = open_gallery(settings)
    except GalleryError as error:
        sys.stderr.write(f"The gallery can't start: {error.message}\n")
        raise SystemExit(STARTED_UP_EXIT_CODE) from error
    atexit.register(gallery.close)
    running.announce(settings.data, running.url_of(settings.host, settings.port))
    atexit.register(running.withdraw, settings.data)
    return create_app(settings, gallery)


def open_gallery(settings: Settings, client: ModelClient | None = None, *, working: bool = True) -> Gallery:
    """Open the file, reach for the model server (through `client`, if given) and start the background work.

    Without `working`, photos are read and compared but none is looked at: no model server and no work is started.

    Raises StoreLocked, StoreFormatError or another StoreError if the file can't be opened, SettingsError for a model
    that the catalogue doesn't have. The model server is not waited for.
    """
    card = _card(settings.model)
    with ExitStack() as opened:
        settings.data.parent.mkdir(parents=True, exist_ok=True)
        store = Hdf5Store.open(settings.data)
        opened.callback(store.close)
        client = client or _connect(settings, opened, start=working)
        words = WordVectors.load()
        maker = FeatureMaker(card, words)
        index = FeatureIndex(card)
        index.load(store.feature_table(card.name))
        prepared = PreparedInputs()

        def model_input(data: bytes) -> Bytes8:
            picture = imaging.decode(data, max_pixels=settings.max_pixels)
            return picture.model_input(card.input_width_px, card.input_height_px)

        ingest = Ingest(store, client, card, maker, index, prepared, model_input, settings.batch_size)
        opened.callback(ingest.stop)
        limits = Limits(settings.max_upload_bytes, settings.max_pixels)
        gallery = Gallery(
            library=Library(store, card, maker, index, ingest, prepared, limits),
            searches=Searches(
                store,
                client,
                card,
                maker,
                index,
                KeywordSearch(card, index, words),
                PhotoSearch(store, card, index),
                settings.max_pixels,
            ),
            ingest=ingest,
            status=Status(store, client, card, cards, index, ingest),
            close=opened.pop_all().close,
        )
    if working:
        ingest.start()
    return gallery


def _settings_of_command_line() -> Settings:
    """Read the settings; let a wrong one end the command with its message."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(error.message) from error


def _card(name: str) -> ModelCard:
    try:
        return load_card(name)
    except UnknownModelError as error:
        raise SettingsError(f"GALLERY_MODEL can't be {name!r}: {error}") from error


def _connect(settings: Settings, opened: ExitStack, *, start: bool) -> GrpcModelClient:
    """Return the client of the model server, which is started first where it is ours to start and `start` says so."""
    address = settings.model_server
    if address == "local":
        server = LocalModelServer(settings.models, settings.data.with_suffix(".model_server.log"))
        if start:
            server.start()
        opened.callback(server.stop)
        address = server.address
    client = GrpcModelClient(address, deadline_s=settings.model_timeout_s)
    opened.callback(client.close)
    return client
