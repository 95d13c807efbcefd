"""Opens a gallery: makes every service and part and puts them together.

Apart from `app/__init__.py`, because it loads all that a gallery is made of (h5py, gRPC, NumPy, Pillow), which a
command that talks to a running gallery, gunicorn's master and the process that supervises it do without.
"""

from contextlib import ExitStack

from app.domain import PhotoId
from app.inference.base import ModelClient
from app.inference.breakers import Breakers
from app.inference.grpc_client import GrpcModelClient
from app.inference.local_server import LocalModelServer
from app.inference.meter import MeteredClient
from app.inference.outdated import OutdatedModelClient
from app.inference.retrying import RetryingClient
from app.services.demo import DemoPhotos
from app.services.gallery import Gallery
from app.services.ingest import Ingest
from app.services.library import Library, Limits
from app.services.live_changes import LiveChanges
from app.services.lookers import Lookers
from app.services.model_choice import Cards, Catalogue, ModelChoices, first_set
from app.services.model_server_watch import ModelServerWatch
from app.services.models import Models
from app.services.numbers import Numbers
from app.services.outlook import Outlook, OutlookMaker
from app.services.outlooks import Outlooks
from app.services.photo_zip import PhotoZips
from app.services.prepared import PreparedInputs
from app.services.reindex import Reindex
from app.services.saved_searches import SavedSearches
from app.services.served_versions import ServedVersions
from app.services.status import Status
from app.services.timeline import Timeline
from app.services.transfer import Transfer
from app.services.upkeep import Upkeep
from app.services.upkeep_tasks import UpkeepTasks
from app.services.web_photos import WebPhotos
from app.settings import Settings
from app.store.base import Store
from app.store.hdf5 import Hdf5Store
from app.text.word_vectors import WordVectors
from app.version import VERSION
from model_server.catalogue import ModelCard, cards


def open_gallery(
    settings: Settings, client: ModelClient | None = None, *, working: bool = True, catalogue: Cards | None = None
) -> Gallery:
    """Open the file, reach for the model server (through `client`, if given) and start the background work.

    Without `working`, photos are read and compared but none is looked at: no model server and no work is started.

    Raises StoreLocked, StoreFormatError or another StoreError if the file can't be opened, SettingsError for a model
    that the catalogue doesn't have. The model server is not waited for.
    """
    with ExitStack() as opened:
        settings.data.parent.mkdir(parents=True, exist_ok=True)
        store = Hdf5Store.open(settings.data, application_version=VERSION)
        opened.callback(store.close)
        known = Catalogue(catalogue or (lambda: cards(settings.catalogue)))
        choices = ModelChoices(store, known, first_set(known, settings.model))
        metered = MeteredClient(client or _connect(settings, opened, start=working))
        breakers, served = Breakers(metered), ServedVersions(metered, known)
        words = WordVectors.load()
        models = choices.read().active

        def patient_client_of(card: ModelCard) -> ModelClient:
            client = RetryingClient(breakers.of(card))
            return OutdatedModelClient(client, lambda: served.has(card)) if served.is_outdated(card) else client

        makes = OutlookMaker(store, words, patient_client_of, settings.max_pixels, settings.exact_up_to)
        outlooks = Outlooks(store, makes.make(models))
        opened.callback(outlooks.stop)
        damaged = _load(outlooks.now, store)
        prepared = PreparedInputs(settings.data.parent)
        lookers = Lookers(outlooks, served, breakers.of, words, settings.max_pixels)

        def first() -> ModelCard:
            return lookers.first().card

        size = settings.batch_size
        ingest = Ingest(store, lookers.first, prepared, size, lambda reason: breakers.of(first()).trip(reason))
        opened.callback(ingest.stop)
        reindex = Reindex(store, outlooks, makes, choices, lookers.of, served, size)
        opened.callback(reindex.stop)
        outlooks.tell(reindex.wake)
        watch = ModelServerWatch(
            metered, first, breakers.of, on_return=lambda: _go_on(ingest, reindex),
            ask_first=lambda: served.ask(outlooks.now.models.cards.values()),
        )  # fmt: skip
        opened.callback(watch.stop)
        upkeep = Upkeep(store, settings.data.parent, ingest, lambda: outlooks.now.models.cards, damaged)
        upkeep_tasks = UpkeepTasks(upkeep)
        opened.callback(upkeep_tasks.stop)
        limits = Limits(settings.max_upload_bytes, settings.max_pixels)
        library = Library(store, outlooks, lookers.first, ingest, prepared, limits)
        status = Status(store, watch, outlooks, ingest)
        changes = LiveChanges(store, status, outlooks)
        opened.callback(changes.stop)
        gallery = Gallery(
            outlooks=outlooks,
            library=library,
            timeline=Timeline(store),
            zips=PhotoZips(store),
            saved_searches=SavedSearches(store, lambda: outlooks.now.searches),
            ingest=ingest,
            status=status,
            numbers=Numbers(store, metered, breakers, first, outlooks, reindex, changes),
            changes=changes,
            models=Models(store, metered, known, choices, reindex),
            reindex=reindex,
            transfer=Transfer(store, library, outlooks),
            upkeep=upkeep,
            upkeep_tasks=upkeep_tasks,
            web_photos=WebPhotos(settings.max_upload_bytes),
            demo=DemoPhotos(library),
            close=opened.pop_all().close,
        )
    if working:
        ingest.start()
        watch.start()
        upkeep_tasks.start()
        outlooks.now.neighbours.start()
        reindex.start()
    return gallery


def _load(outlook: Outlook, store: Store) -> list[PhotoId]:
    """Fill an outlook; return the photos whose features turned out to be damaged and were queued for that reason."""
    waited = {job.photo_id for job in store.jobs()}
    outlook.index.reserve(store.info().photos)
    outlook.index.load_facts(store.photo_facts())
    outlook.index.load(outlook.stored.blocks())
    return [job.photo_id for job in store.jobs() if job.photo_id not in waited]


def _go_on(ingest: Ingest, reindex: Reindex) -> None:
    """Let all go on that waits for the model server."""
    ingest.resume()
    reindex.resume()


def _connect(settings: Settings, opened: ExitStack, *, start: bool) -> GrpcModelClient:
    """Return the client of the model server, which is started first where it is ours to start and `start` says so."""
    address = settings.model_server
    if address == "local":
        log_path = settings.data.with_suffix(".model_server.log")
        server = LocalModelServer(settings.models, log_path, log_format=settings.log_format)
        if start:
            server.start()
        opened.callback(server.stop)
        address = server.address
    client = GrpcModelClient(address, deadline_s=settings.model_timeout_s)
    opened.callback(client.close)
    return client
