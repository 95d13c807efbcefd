"""Which models the gallery answers with, which it changes to and which it had before, as the file keeps it."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.errors import SettingsError
from app.services.model_set import ModelSet
from app.store.base import Store, features_name
from model_server.catalogue import ModelCard

log = logging.getLogger(__name__)

Cards = Callable[[], list[ModelCard]]
"""Returns the cards of the catalogue, as it is now."""
DEFAULT_MODEL = "gallery_default"


@dataclass(frozen=True)
class Overlap:
    """How much of what searches find stays when other models answer: means of the shares of the 10 best, 0..1."""

    photos: int
    """That were compared with all."""
    similar: float
    labels: int
    """That were searched for."""
    words: float


@dataclass(frozen=True)
class ModelChoice:
    """The models in use and, while the gallery changes to others, those."""

    active: ModelSet
    previous: ModelSet | None = None
    """What `rollback` goes back to."""
    target: ModelSet | None = None
    paused: bool = False
    overlap: Overlap | None = None
    """Of the change before."""


class Catalogue:
    """The models that there are, by name."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards

    def all(self) -> list[ModelCard]:
        """Return all models, by name."""
        return self._cards()

    def find(self, name: str) -> ModelCard | None:
        """Return a model, or None."""
        return next((card for card in self._cards() if card.name == name), None)

    def expect(self, name: str) -> ModelCard:
        """Return a model that the program can't do without; raise SettingsError."""
        card = self.find(name)
        if card is None:
            names = ", ".join(card.name for card in self._cards())
            raise SettingsError(f"GALLERY_MODEL can't be {name!r}: the catalogue has {names}.")
        return card


def first_set(catalogue: Catalogue, name: str) -> ModelSet:
    """Return what a new gallery begins with: the model of a name, and the default for the roles that it lacks."""
    default = catalogue.expect(DEFAULT_MODEL)
    return ModelSet(default, default, default).with_model(catalogue.expect(name))


class ModelChoices:
    """Reads and writes the choice in the gallery file."""

    def __init__(self, store: Store, catalogue: Catalogue, first: ModelSet) -> None:
        """`first` is what a gallery has that has never chosen, in the versions that have looked at its photos."""
        self._store = store
        self._catalogue = catalogue
        self._first = first

    def read(self) -> ModelChoice:
        """Return the choice. Roles of models that the catalogue has lost go to those that a new gallery has."""
        text = self._store.model_choice.get()
        if text is None:
            return ModelChoice(self._first.replaced(self._as_stored))
        try:
            known = json.loads(text)
            return ModelChoice(
                active=self._set(known["active"]),
                previous=self._set(known["previous"]) if known["previous"] else None,
                target=self.newest(self._set(known["target"])) if known["target"] else None,
                paused=bool(known["paused"]),
                overlap=Overlap(**known["overlap"]) if known["overlap"] else None,
            )
        except (ValueError, KeyError, TypeError) as error:
            log.warning("The choice of models in the gallery file can't be read (%r); the first one holds.", error)
            return ModelChoice(self._first.replaced(self._as_stored))

    def write(self, choice: ModelChoice) -> None:
        """Keep the choice, in one durable commit; raise StoreError."""
        known = {
            "active": _names(choice.active),
            "previous": choice.previous and _names(choice.previous),
            "target": choice.target and _names(choice.target),
            "paused": choice.paused,
            "overlap": choice.overlap and asdict(choice.overlap),
        }
        self._store.model_choice.put(json.dumps(known))

    def newest(self, models: ModelSet) -> ModelSet:
        """Return a set with each model in the version that the catalogue has."""
        return models.replaced(lambda _role, card: self._catalogue.find(card.name) or card)

    def _as_stored(self, _role: str, card: ModelCard) -> ModelCard:
        """Return a model in the newest version that has looked at photos here; as it is if none has."""
        kept = self._store.models()
        versions = [number for number in range(1, card.version) if features_name(card.name, number) in kept]
        if features_name(card.name, card.version) in kept or not versions:
            return card
        return replace(card, version=versions[-1])

    def _set(self, roles: dict[str, Any]) -> ModelSet:
        return self._first.replaced(lambda role, default: self._card(roles[role], default))

    def _card(self, known: list[Any], default: ModelCard) -> ModelCard:
        name, version = str(known[0]), int(known[1])
        card = self._catalogue.find(name)
        if card is None:
            log.warning("The catalogue doesn't have %s any more; %s takes its place.", name, default.name)
            return default
        return replace(card, version=version) if version < card.version else card


def _names(models: ModelSet) -> dict[str, list[object]]:
    return {role: [card.name, card.version] for role, card in models.by_role.items()}
