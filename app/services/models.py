"""The models of the catalogue: which are in use, how many photos each has seen, and changing between them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from app.domain import PartState
from app.errors import BadParameter, ModelNotFound, ModelServerUnavailable
from app.inference.base import ModelClient, ModelState
from app.services.model_choice import Catalogue, ModelChoice, ModelChoices, Overlap
from app.services.model_set import ModelSet, name_of
from app.services.reindex import Reindex
from app.services.served_models import ServedModels
from app.store.base import Store, features_name, model_and_version
from model_server.catalogue import ModelCard


@dataclass(frozen=True)
class ModelReport:
    """One model of the catalogue."""

    card: ModelCard
    """In the version in use, if it is in use."""
    roles_in_use: tuple[str, ...]
    state: PartState
    """On the model server."""
    covered: int
    """Photos that it has looked at."""

    @property
    def active(self) -> bool:
        """Whether searches answer from it."""
        return bool(self.roles_in_use)


@dataclass(frozen=True)
class ChangeReport:
    """How far the change to other models is, and what came of the last one."""

    active: tuple[str, ...]
    """The names of the models in use."""
    target: tuple[str, ...]
    """Those of the models to come; none if no change is under way."""
    previous: tuple[str, ...]
    """Those that `rollback` goes back to; none if there is nothing to go back to."""
    paused: bool
    photos: int
    done: int
    refused: int
    """Photos that a model to come can't look at."""
    problem: str | None
    """Why the change stands still, in one sentence."""
    overlap: Overlap | None

    @property
    def under_way(self) -> bool:
        """Whether photos are being looked at by models to come, or would be but for a pause."""
        return bool(self.target)


@dataclass(frozen=True)
class Dropped:
    """What was forgotten."""

    model: str
    """With its version, as its features are named."""
    photos: int


class Models:
    """Says how models are, and changes between them; every method may be called from any thread."""

    def __init__(
        self, store: Store, client: ModelClient, catalogue: Catalogue, choices: ModelChoices, reindex: Reindex
    ) -> None:
        """`client` reaches the model server itself, whatever else fails there."""
        self._store = store
        self._client = client
        self._served = ServedModels(client)
        self._catalogue = catalogue
        self._choices = choices
        self._reindex = reindex

    def reports(self, server: PartState) -> list[ModelReport]:
        """Return what is known of each model, the model server being as `server` says."""
        choice = self._reindex.choice
        in_use = {card.name: card for card in choice.active.by_role.values()}
        cards = [in_use.get(card.name, card) for card in self._catalogue.all()]
        states = self._served.states(cards) if server is PartState.READY else {}
        return [
            ModelReport(
                card,
                choice.active.roles_of(card),
                states.get(name_of(card), PartState.DOWN),
                len(self._store.neighbours.rows(name_of(card))),
            )
            for card in cards
        ]

    def change(self) -> ChangeReport:
        """Return how far the change is."""
        choice, progress = self._reindex.choice, self._reindex.progress()
        return ChangeReport(
            active=_names(choice.active),
            target=_names(choice.target),
            previous=_names(choice.previous),
            paused=choice.paused,
            photos=progress.photos,
            done=progress.done,
            refused=progress.refused,
            problem=progress.problem,
            overlap=choice.overlap,
        )

    def activate(self, name: str) -> ChangeReport:
        """Begin to change to a model, which takes over the roles that it has; one in use calls a change off.

        Raises ModelNotFound, and ModelServerUnavailable if the model server doesn't serve it.
        """
        card = self._catalogue.find(name)
        if card is None:
            names = ", ".join(card.name for card in self._catalogue.all())
            raise ModelNotFound(f"No model is called {name[:80]!r}. The catalogue has {names}.", name=name[:80])
        now = self._reindex.choice.active
        target = self._choices.newest(now).with_model(card)
        if target != now:
            self._expect_served(card)
        self._reindex.choose(lambda choice: _heading_for(choice, target))
        return self.change()

    def pause(self) -> ChangeReport:
        """Let the change rest, over restarts too; raise BadParameter if none is under way."""
        return self._rest(True)

    def resume(self) -> ChangeReport:
        """Go on with the change; raise BadParameter if none is under way."""
        return self._rest(False)

    def rollback(self) -> ChangeReport:
        """Change to the models before: at once, but for photos that came since.

        A change under way is called off. Raises BadParameter if there is nothing to go back to.
        """
        choice = self._reindex.choice
        if choice.target is not None and choice.target != self._choices.newest(choice.active):
            self._reindex.choose(lambda now: _heading_for(now, self._choices.newest(now.active)))
            return self.change()
        if choice.previous is None:
            raise BadParameter("There are no models to go back to: the gallery hasn't changed them yet.")
        target = self._choices.newest(choice.previous)
        self._reindex.choose(lambda now: _heading_for(now, target))
        return self.change()

    def kept(self) -> dict[str, int]:
        """Return of how many photos each model has said something that is kept, by its name with the version."""
        counts = {name: len(self._store.neighbours.rows(name)) for name in self._store.models()}
        return {name: count for name, count in counts.items() if count}

    def drop(self, name: str) -> Dropped:
        """Forget what a model that isn't in use says of photos.

        `gallery_default.1` is `gallery_default`, which may also stand for the only version that something is kept of.
        Raises ModelNotFound if nothing by it is kept, and BadParameter for a model in use or to come.
        """
        kept = self.kept()
        model = _meant(name, kept)
        if model is None:
            raise ModelNotFound(
                f"Nothing is kept of what {name[:80]!r} says of photos. There is something of {', '.join(kept)}.",
                name=name[:80],
            )
        return Dropped(model, self._reindex.drop(model))

    def _rest(self, paused: bool) -> ChangeReport:
        def change(choice: ModelChoice) -> ModelChoice:
            if choice.target is None:
                raise BadParameter("No change of models is under way. Begin one with `models activate NAME`.")
            return replace(choice, paused=paused)

        self._reindex.choose(change)
        return self.change()

    def _expect_served(self, card: ModelCard) -> None:
        status = self._client.status(card)
        if status.state is not ModelState.LOADED:
            raise ModelServerUnavailable(
                f"The model server doesn't serve {card.name} version {card.version}: {status.message} Build it with "
                f"`python -m model_server build {card.name}`, then start the model server, or the gallery, anew.",
                model=card.name,
            )


def _meant(name: str, kept: Collection[str]) -> str | None:
    """Return which model with its version somebody means, of those that something is kept of."""
    exact = features_name(*model_and_version(name))
    versions = [one for one in kept if model_and_version(one)[0] == name]
    return exact if exact in kept else versions[0] if len(versions) == 1 else None


def _heading_for(choice: ModelChoice, target: ModelSet) -> ModelChoice:
    return replace(choice, target=None if target == choice.active else target, paused=False)


def _names(models: ModelSet | None) -> tuple[str, ...]:
    return () if models is None else tuple(models.cards)
