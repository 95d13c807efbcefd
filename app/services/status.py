"""How the gallery is: what pages, `/readyz` and `gallery status` say."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain import Part, PartState, PhotoState
from app.services.feature_index import FeatureIndex
from app.services.ingest import Ingest
from app.services.model_server_watch import ModelServerWatch
from app.store.base import Store, StoreInfo
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class ModelReport:
    """One model of the catalogue."""

    card: ModelCard
    active: bool
    state: PartState
    covered: int
    """Photos that it has looked at."""


class Status:
    """Says how each part is, without waiting for any of them."""

    def __init__(
        self,
        store: Store,
        watch: ModelServerWatch,
        card: ModelCard,
        cards: Callable[[], list[ModelCard]],
        index: FeatureIndex,
        ingest: Ingest,
    ) -> None:
        self._store = store
        self._watch = watch
        self._card = card
        self._cards = cards
        self._index = index
        self._ingest = ingest

    def parts(self) -> tuple[Part, ...]:
        """Return how each part is."""
        return (self._file_part(), self._watch.part, self._ingest_part(), self._index_part())

    def ready(self) -> bool:
        """Tell whether photos can be stored, looked at and found."""
        return all(part.state is PartState.READY for part in self.parts())

    def banner(self) -> str | None:
        """Return one plain line for people while something is away, or None."""
        part = self._watch.part
        if part.state is PartState.READY:
            return None
        waiting = self._store.info().pending_jobs
        photos = {0: "New photos", 1: "One photo"}.get(waiting, f"{waiting:,} photos")
        away = "is starting" if part.state is PartState.STARTING else "is away"
        return f"The model server {away}: browsing and searching go on; {photos} will be looked at when it is back."

    @property
    def model_server(self) -> PartState:
        """How the model server is."""
        return self._watch.part.state

    def models(self) -> list[ModelReport]:
        """Return what is known of each model of the catalogue."""
        return [
            ModelReport(
                card,
                active=card == self._card,
                state=self._watch.part.state if card == self._card else PartState.DOWN,
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

    def _ingest_part(self) -> Part:
        waiting = self._store.info().pending_jobs
        facts: dict[str, str | int | float] = {"pending_jobs": waiting}
        if self._ingest.problem is not None:
            return Part("ingest", PartState.DOWN, self._ingest.problem, facts)
        photos = {0: "No photo waits", 1: "One photo waits"}.get(waiting, f"{waiting:,} photos wait")
        return Part("ingest", PartState.READY, f"{photos} to be looked at.", facts)

    def _index_part(self) -> Part:
        recall, found = self._index.nearest.recall, f"{len(self._index):,} photos can be searched"
        if recall is None:
            return Part("search", PartState.READY, f"{found}, all exactly.", {"embedding": "exact"})
        facts: dict[str, str | int | float] = {
            "embedding": "approximate",
            "recall_at_10": round(recall.share, 3),
            "measured_on_photos": recall.photos,
        }
        how = f"recall@10 {recall.share:.2f}, measured on {recall.photos} photos"
        return Part("search", PartState.READY, f"{found}; those like a photo approximately: {how}.", facts)
