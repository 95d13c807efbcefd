"""Which version of a model can look at photos: the one in use while the model server has it, or else the newest."""

from collections.abc import Iterable

from app.errors import InferenceError
from app.inference.base import ModelClient, ModelState
from app.services.model_choice import Catalogue
from app.services.model_set import ModelSet, name_of
from model_server.catalogue import ModelCard

SERVED = frozenset({ModelState.LOADED, ModelState.LOADING})


class ServedVersions:
    """Knows which older versions the server lacks; until it was asked, none. May be used from any thread."""

    def __init__(self, client: ModelClient, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._lacking: frozenset[str] = frozenset()

    def ask(self, cards: Iterable[ModelCard]) -> None:
        """Ask for the outdated ones among models; a server that doesn't answer changes nothing."""
        outdated = [card for card in cards if self.is_outdated(card)]
        try:
            self._lacking = frozenset(name_of(card) for card in outdated if not self._is_served(card))
        except InferenceError:
            return

    def is_outdated(self, card: ModelCard) -> bool:
        """Tell whether the catalogue has another version of a model."""
        return self._catalogue.find(card.name) not in (card, None)

    def has(self, card: ModelCard) -> bool:
        """Tell whether the server has a model in this version, as far as it is known."""
        return name_of(card) not in self._lacking

    def of(self, card: ModelCard) -> ModelCard:
        """Return a model in the version that can look at photos."""
        return card if self.has(card) else self._catalogue.find(card.name) or card

    def of_all(self, models: ModelSet) -> ModelSet:
        """Return models in the versions that can look at photos."""
        return models.replaced(lambda _role, card: self.of(card))

    def _is_served(self, card: ModelCard) -> bool:
        return self._client.status(card).state in SERVED
