"""What a set of models says of the stored photos: each model's features are kept apart and put together here."""

from collections.abc import Callable, Iterator, Mapping

from app.domain import Features, PhotoId
from app.services.model_set import ModelSet
from app.store.base import FeatureTable, Store

FeaturesOf = Callable[[PhotoId], Features | None]
"""Returns a photo's features, or None while they aren't complete; raises PhotoNotFound, StoreError."""


class StoredFeatures:
    """Reads the features of a set of models."""

    def __init__(self, store: Store, models: ModelSet) -> None:
        self._store = store
        self._models = models

    def of(self, photo_id: PhotoId) -> Features | None:
        """Return a photo's features, or None while they aren't complete; raise PhotoNotFound, StoreError."""
        return self.completed(photo_id, {})

    def completed(self, photo_id: PhotoId, said: Mapping[str, Features]) -> Features | None:
        """Return a photo's features, of which some models' are known already.

        None while they aren't complete. Raises PhotoNotFound, and StoreError for damaged ones.
        """
        found = dict(said)
        for name in self._models.cards:
            if name not in found:
                stored = self._store.features(photo_id, name)
                if stored is None:
                    return None
                found[name] = stored
        return self._models.compose(found)

    def blocks(self) -> Iterator[FeatureTable]:
        """Yield all complete features by row, as `Store.feature_blocks` does."""
        first, *others = self._models.cards
        for table in self._store.feature_blocks(first):
            rows = table.rows
            found = [(other, next(self._store.feature_blocks(other, len(rows), rows), None)) for other in others]
            said = {first: table} | {other: said for other, said in found if said is not None}
            if len(said) == 1 + len(others):
                yield self._models.compose_tables(said)
