"""How the gallery is: what pages, `/readyz` and `gallery status` say."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from app.domain import Part, PartState, PhotoState
from app.errors import InferenceError
from app.inference.base import ModelClient, ModelState
from app.services.feature_index import FeatureIndex
from app.services.ingest import Ingest
from app.store.base import Store, StoreInfo
from model_server.catalogue import ModelCard

CHECK_EVERY_S = 1.0


@dataclass(frozen=True)
class ModelReport:
    """One model of the catalogue."""

    card: ModelCard
    active: bool
    state: PartState
    covered: int
    """Photos that it has looked at."""


class Status:
    """Asks each part how it is; the model server at most once a second."""

    def __init__(
        self,
        store: Store,
        client: ModelClient,
        card: ModelCard,
        cards: Callable[[], list[ModelCard]],
        index: FeatureIndex,
        ingest: Ingest,
    ) -> None:
        self._store = store
        self._client = client
        self._card = card
        self._cards = cards
        self._index = index
        self._ingest = ingest
        self._lock = threading.Lock()
        self._checked_at_s = float("-inf")
        self._model_part = Part("model_server", PartState.STARTING, "The model server has not been asked yet.")

    def parts(self) -> tuple[Part, ...]:
        """Return how each part is."""
        return (self._file_part(), self._model_server_part(), self._ingest_part(), self._index_part())

    def ready(self) -> bool:
        """Tell whether photos can be stored, looked at and found."""
        return all(part.state is PartState.READY for part in self.parts())

    def banner(self) -> str | None:
        """Return one plain line for people while something is away, or None."""
        part = self._model_server_part()
        if part.state is PartState.READY:
            return None
        waiting = self._store.info().pending_jobs
        photos = {0: "New photos", 1: "One photo"}.get(waiting, f"{waiting:,} photos")
        away = "is starting" if part.state is PartState.STARTING else "is away"
        return f"The model server {away}: browsing and searching go on; {photos} will be looked at when it is back."

    def models(self) -> list[ModelReport]:
        """Return what is known of each model of the catalogue."""
        return [
            ModelReport(
                card,
                active=card == self._card,
                state=self._model_server_part().state if card == self._card else PartState.DOWN,
                covered=len(self._index) if card == self._card else 0,
            )
            for card in self._cards()
        ]

    def store_info(self) -> StoreInfo:
        """Return facts about the gallery file."""
        return self._store.info()

    def _file_part(self) -> Part:
        info = self._store.info()
        facts: dict[str, str | int | float] = {
            "size_bytes": info.size_bytes,
            "format_version": info.format_version,
            "photos": info.photos,
        }
        facts |= {str(state): info.by_state.get(state, 0) for state in PhotoState}
        return Part("gallery_file", PartState.READY, f"{info.photos:,} photos in {info.path.name}.", facts)

    def _model_server_part(self) -> Part:
        with self._lock:
            if monotonic() - self._checked_at_s >= CHECK_EVERY_S:
                self._model_part = self._ask_model_server()
                self._checked_at_s = monotonic()
            return self._model_part

    def _ask_model_server(self) -> Part:
        name = "model_server"
        try:
            status = self._client.status(self._card)
        except InferenceError as error:
            return Part(name, PartState.DOWN, error.message, {"model": self._card.name})
        states = {ModelState.LOADED: PartState.READY, ModelState.LOADING: PartState.STARTING}
        facts: dict[str, str | int | float] = {"model": self._card.name, "version": status.version or 0}
        return Part(name, states.get(status.state, PartState.DOWN), status.message, facts)

    def _ingest_part(self) -> Part:
        waiting = self._store.info().pending_jobs
        facts: dict[str, str | int | float] = {"pending_jobs": waiting}
        if self._ingest.problem is not None:
            return Part("ingest", PartState.DOWN, self._ingest.problem, facts)
        message = f"{waiting:,} photos wait to be looked at." if waiting else "No photo is waiting."
        return Part("ingest", PartState.READY, message, facts)

    def _index_part(self) -> Part:
        return Part("search", PartState.READY, f"{len(self._index):,} photos can be searched.")
