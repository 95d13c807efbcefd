"""Which models the gallery answers with, which it changes to and which it had before, as the file keeps it."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.errors import SettingsError
from app.services.model_set import ModelSet
from app.store.base import LONGEST_CHOICE_BYTES, Store, features_name
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
            labels = {name: tuple(map(str, own)) for name, own in known.get("labels", {}).items()}
            return ModelChoice(
                active=self._set(known["active"], labels),
                previous=self._set(known["previous"], labels) if known["previous"] else None,
                target=self.newest(self._set(known["target"], labels)) if known["target"] else None,
                paused=bool(known["paused"]),
                overlap=Overlap(**known["overlap"]) if known["overlap"] else None,
            )
        except (ValueError, KeyError, TypeError) as error:
            log.warning("The choice of models in the gallery file can't be read (%r); the first one holds.", error)
            return ModelChoice(self._first.replaced(self._as_stored))

    def write(self, choice: ModelChoice) -> None:
        """Keep the choice, in one durable commit; raise StoreError."""
        known: dict[str, object] = {
            "active": _names(choice.active),
            "previous": choice.previous and _names(choice.previous),
            "target": choice.target and _names(choice.target),
            "paused": choice.paused,
            "overlap": choice.overlap and asdict(choice.overlap),
        }
        text = json.dumps(known | {"labels": _labels(choice)}, ensure_ascii=False)
        if len(text.encode()) > LONGEST_CHOICE_BYTES:  # thousands of labels
            text = json.dumps(known)
        self._store.model_choice.put(text)

    def keep_first(self, choice: ModelChoice) -> None:
        """Keep the choice of a gallery that has never chosen, so that later catalogues don't change it."""
        if self._store.model_choice.get() is None:
            self.write(choice)

    def newest(self, models: ModelSet) -> ModelSet:
        """Return a set with each model in the version that the catalogue has."""
        return models.replaced(lambda _role, card: self._catalogue.find(card.name) or card)

    def _as_stored(self, _role: str, card: ModelCard) -> ModelCard:
        """Return a model in the newest version that has looked at photos here; as it is if none has."""
        kept = self._store.models()
        versions = [number for number in range(1, card.version) if features_name(card.name, number) in kept]
        if features_name(card.name, card.version) in kept or not versions:
            return card
        return older_card(card, versions[-1], card.labels)

    def _set(self, roles: dict[str, Any], labels: Mapping[str, tuple[str, ...]]) -> ModelSet:
        return self._first.replaced(lambda role, default: self._card(roles[role], default, labels))

    def _card(self, known: list[Any], default: ModelCard, labels: Mapping[str, tuple[str, ...]]) -> ModelCard:
        """Return a model; one in an older version has the labels that it had, not those that it has now."""
        name, version = str(known[0]), int(known[1])
        card = self._catalogue.find(name)
        if card is None:
            log.warning("The catalogue doesn't have %s any more; %s takes its place.", name, default.name)
            return default
        if version >= card.version:
            return card
        return older_card(card, version, labels.get(features_name(name, version), card.labels))


def older_card(card: ModelCard, version: int, labels: tuple[str, ...]) -> ModelCard:
    """Return a model in an older version, which may have had other labels."""
    outputs = dict(card.outputs)
    if "label_scores" in outputs:
        outputs["label_scores"] = f"float32 [n, {len(labels)}]"
    return replace(card, version=version, labels=labels, outputs=outputs)


def _labels(choice: ModelChoice) -> dict[str, tuple[str, ...]]:
    """Return the labels of each model of a choice that has some."""
    sets = [models for models in (choice.active, choice.previous, choice.target) if models is not None]
    return {name: card.labels for models in sets for name, card in models.cards.items() if card.labels}


def _names(models: ModelSet) -> dict[str, list[object]]:
    return {role: [card.name, card.version] for role, card in models.by_role.items()}
