"""How the gallery is: what pages, `/readyz` and `gallery status` say."""

from app.domain import Part, PartState, PhotoState
from app.services.ingest import Ingest
from app.services.model_server_watch import ModelServerWatch
from app.services.outlooks import Outlooks
from app.store.base import Store, StoreInfo


class Status:
    """Says how each part is, without waiting for any of them."""

    def __init__(
        self,
        store: Store,
        watch: ModelServerWatch,
        outlooks: Outlooks,
        ingest: Ingest,
    ) -> None:
        self._store = store
        self._watch = watch
        self._outlooks = outlooks
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
        index = self._outlooks.now.index
        recall, found = index.nearest.recall, f"{len(index):,} photos can be searched"
        if recall is None:
            return Part("search", PartState.READY, f"{found}, all exactly.", {"embedding": "exact"})
        facts: dict[str, str | int | float] = {
            "embedding": "approximate",
            "recall_at_10": round(recall.share, 3),
            "measured_on_photos": recall.photos,
        }
        how = f"recall@10 {recall.share:.2f}, measured on {recall.photos} photos"
        return Part("search", PartState.READY, f"{found}; those like a photo approximately: {how}.", facts)
