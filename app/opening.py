"""Opens a gallery: makes every service and part and puts them together.

Apart from `app/__init__.py`, because it loads all that a gallery is made of (h5py, gRPC, NumPy, Pillow), which a
command that talks to a running gallery, gunicorn's master and the process that supervises it do without.
"""

from contextlib import ExitStack

from app import imaging
from app.domain import Bytes8, PhotoId
from app.errors import SettingsError
from app.inference.base import ModelClient
from app.inference.circuit_breaker import CircuitBreaker
from app.inference.grpc_client import GrpcModelClient
from app.inference.local_server import LocalModelServer
from app.inference.meter import MeteredClient
from app.inference.retrying import RetryingClient
from app.services.demo import DemoPhotos
from app.services.example_search import ExampleSearch
from app.services.feature_index import FeatureIndex
from app.services.features import FeatureMaker
from app.services.gallery import Gallery
from app.services.ingest import Ingest
from app.services.keyword_search import KeywordSearch
from app.services.library import Library, Limits
from app.services.listeners import Listeners
from app.services.live_changes import LiveChanges
from app.services.looker import Looker
from app.services.model_server_watch import ModelServerWatch
from app.services.neighbors import NeighbourKeeper
from app.services.numbers import Numbers
from app.services.photo_search import PhotoSearch
from app.services.photo_zip import PhotoZips
from app.services.pictures import PictureReader
from app.services.prepared import PreparedInputs
from app.services.saved_searches import SavedSearches
from app.services.searches import Searches
from app.services.status import Status
from app.services.suggestions import Suggestions
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
from model_server.catalogue import ModelCard, cards, load_card
from model_server.errors import UnknownModelError


def open_gallery(settings: Settings, client: ModelClient | None = None, *, working: bool = True) -> Gallery:
    """Open the file, reach for the model server (through `client`, if given) and start the background work.

    Without `working`, photos are read and compared but none is looked at: no model server and no work is started.

    Raises StoreLocked, StoreFormatError or another StoreError if the file can't be opened, SettingsError for a model
    that the catalogue doesn't have. The model server is not waited for.
    """
    card = _card(settings.model)
    with ExitStack() as opened:
        settings.data.parent.mkdir(parents=True, exist_ok=True)
        store = Hdf5Store.open(settings.data, application_version=VERSION)
        opened.callback(store.close)
        metered = MeteredClient(client or _connect(settings, opened, start=working))
        breaker = CircuitBreaker(metered)
        words = WordVectors.load()
        maker = FeatureMaker(card, words)
        index = FeatureIndex(card, lambda rows: store.embeddings_of(rows, card.name), settings.exact_up_to)
        opened.callback(index.nearest.stop)
        damaged = _load(index, store, card)
        prepared = PreparedInputs()

        def model_input(data: bytes) -> Bytes8:
            picture = imaging.decode(data, max_pixels=settings.max_pixels)
            return picture.model_input(card.input_width_px, card.input_height_px)

        neighbours = NeighbourKeeper(store, index.embeddings, card.name)
        opened.callback(neighbours.stop)
        listeners = Listeners(index, neighbours)
        size = settings.batch_size
        looker = Looker(card, breaker, maker, listeners, model_input)
        ingest = Ingest(store, lambda: looker, prepared, size, breaker.trip)
        opened.callback(ingest.stop)
        watch = ModelServerWatch(metered, card, breaker, on_return=ingest.resume)
        opened.callback(watch.stop)
        upkeep = Upkeep(store, settings.data.parent, ingest, card, damaged)
        upkeep_tasks = UpkeepTasks(upkeep)
        opened.callback(upkeep_tasks.stop)
        by_words = KeywordSearch(card, index, words, lambda photo_id: store.features(photo_id, card.name))
        by_photo = PhotoSearch(store, card, index)
        pictures = PictureReader(RetryingClient(breaker), card, maker, settings.max_pixels)
        examples = ExampleSearch(store, card, pictures, by_photo, by_words)
        searches = Searches(store, index, by_words, by_photo, examples, neighbours)
        limits = Limits(settings.max_upload_bytes, settings.max_pixels)
        library = Library(store, card, maker, index, ingest, prepared, limits, listeners)
        status = Status(store, watch, card, cards, index, ingest)
        changes = LiveChanges(store, status)
        opened.callback(changes.stop)
        gallery = Gallery(
            library=library,
            timeline=Timeline(store),
            zips=PhotoZips(store),
            searches=searches,
            saved_searches=SavedSearches(store, searches),
            suggestions=Suggestions(card, words, index),
            ingest=ingest,
            status=status,
            numbers=Numbers(store, metered, breaker, index, neighbours, changes),
            changes=changes,
            neighbours=neighbours,
            transfer=Transfer(store, library, card, listeners),
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
        neighbours.start()
    return gallery


def _card(name: str) -> ModelCard:
    try:
        return load_card(name)
    except UnknownModelError as error:
        raise SettingsError(f"GALLERY_MODEL can't be {name!r}: {error}") from error


def _load(index: FeatureIndex, store: Store, card: ModelCard) -> list[PhotoId]:
    """Fill the index; return the photos whose features turned out to be damaged and were queued for that reason."""
    waited = {job.photo_id for job in store.jobs()}
    index.reserve(store.info().photos)
    index.load_facts(store.photo_facts())
    index.load(store.feature_blocks(card.name))
    return [job.photo_id for job in store.jobs() if job.photo_id not in waited]


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
