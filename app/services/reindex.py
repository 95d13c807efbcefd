"""Has models look at the photos that they haven't seen, and changes to other models once they have seen all.

Each model has a lane: a second ingest over the photos that lack its features. The lanes of the models in use catch up
with what the first look left out; those of the models to come look at everything, into features of their own, while
searches answer from the old ones. A version that is new is a model to come: features of two versions can't be mixed
in one answer, so they aren't mixed in one place either.
"""

import logging
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from app.domain import PhotoState
from app.errors import BadParameter, GalleryError, PhotoNotFound
from app.services.ingest import Ingest
from app.services.looker import Looker
from app.services.missing_features import MissingFeatures
from app.services.model_choice import ModelChoice, ModelChoices
from app.services.model_set import ModelSet
from app.services.outlook import OutlookMaker
from app.services.outlooks import Outlooks
from app.services.overlap import overlap
from app.services.prepared import PreparedInputs
from app.services.served_versions import ServedVersions
from app.store.base import Store
from model_server.catalogue import ModelCard

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
LOOK_SELDOM_S = 2.0
"""While no change is under way."""
CALLED_OFF_S = 5.0
"""How long the work of a model may take to end that isn't needed any more."""
LATE_COMERS_S = 5.0
"""How long a change waits for photos that came while it was made ready."""


@dataclass(frozen=True)
class Lane:
    """One model's way through the photos that it hasn't seen."""

    missing: MissingFeatures
    ingest: Ingest


@dataclass(frozen=True)
class Progress:
    """How far models are with the photos."""

    photos: int
    """That are ready to be looked at."""
    done: int
    refused: int
    """Photos that one of the models can't look at."""
    problem: str | None
    """Why it stands still."""


class Reindex:
    """One thread that tends the lanes and makes the change."""

    def __init__(
        self,
        store: Store,
        outlooks: Outlooks,
        maker: OutlookMaker,
        choices: ModelChoices,
        looker_of: Callable[[ModelCard], Looker],
        served: ServedVersions,
        batch_size: int,
    ) -> None:
        """`looker_of` returns what has a model look at photos."""
        self._store = store
        self._outlooks = outlooks
        self._maker = maker
        self._choices = choices
        self._looker_of = looker_of
        self._served = served
        self._batch_size = batch_size
        self._choosing = threading.RLock()
        self._choice = choices.read()
        self._lanes: dict[str, Lane] = {}
        self._problem: str | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reindex", daemon=True)

    @property
    def choice(self) -> ModelChoice:
        """Which models are in use, and which are to come."""
        return self._choice

    @property
    def looking(self) -> set[str]:
        """The models that look at the photos that they haven't seen."""
        return set(self._lanes)

    def start(self) -> None:
        """Go on where the last process ended; begin with what is newer in the catalogue than in use."""
        self._choices.keep_first(self._choice)
        newest = self._choices.newest(self._choice.active)
        if newest != self._choice.active and self._choice.target is None:
            log.info("photos are looked at anew by %s", ", ".join(newest.cards))
            self.choose(lambda choice: replace(choice, target=newest, paused=False))
        self._thread.start()

    def stop(self) -> None:
        """Finish the batches in hand and end; the rest is found again at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for lane in self._lanes.values():
            lane.ingest.stop()

    def choose(self, change: Callable[[ModelChoice], ModelChoice]) -> ModelChoice:
        """Change what is chosen, durably, and return it; raise StoreError, or what `change` raises."""
        with self._choosing:
            changed = change(self._choice)
            if changed != self._choice:
                self._choices.write(changed)
                self._choice = changed
        self._wake.set()
        return changed

    def drop(self, model: str) -> int:
        """Forget what a model says of photos, and rollback to it; return of how many photos that was.

        Raises BadParameter for a model in use or to come. Nothing is chosen meanwhile.
        """
        with self._choosing:
            choice = self._choice
            needed = [choice.active, *([choice.target] if choice.target else [])]
            if any(model in models.cards for models in needed) or not self._is_idle(model):
                raise BadParameter(f"{model} is in use, or being changed to; what it says of photos is needed.")
            if choice.previous is not None and model in choice.previous.cards:
                self.choose(lambda now: replace(now, previous=None))
            return self._store.drop_features(model)

    def _is_idle(self, model: str) -> bool:
        """Wait for the end of a model's work that was called off; tell whether it has ended."""
        end = monotonic() + CALLED_OFF_S
        while model in self._lanes and monotonic() < end:
            self._wake.set()
            self._stopping.wait(0.05)
        return model not in self._lanes

    def wake(self, seen_by: Collection[str]) -> None:
        """Say that photos are ready that only some models have seen now."""
        for name, lane in list(self._lanes.items()):
            if name not in seen_by:
                lane.ingest.wake()

    def resume(self) -> None:
        """Say that the model server is back."""
        for lane in list(self._lanes.values()):
            lane.ingest.resume()

    def progress(self) -> Progress:
        """Return how far the change is, or how far the models in use are if there is none."""
        models = self._choice.target or self._choice.active
        lanes = [lane for name, lane in list(self._lanes.items()) if name in models.cards]
        problems = [lane.ingest.problem for lane in lanes if lane.ingest.problem] + [self._problem]
        refused = {row for lane in lanes for row in lane.missing.refused()}
        photos = len(self._store.rows(PhotoState.READY))
        waiting = len(np.unique(np.concatenate([missing.rows() for missing in self._missing(models)])))
        return Progress(photos, max(0, photos - waiting), len(refused), problems[0])

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
                self._problem = None
            except GalleryError as error:
                self._trouble(error.message)
            except Exception as error:  # the edge of a thread: dying silently would leave the change undone
                log.exception("reindex: unexpected error")
                self._trouble(f"Unexpected error: {error!r}. The log has the details.")
            self._wake.wait(LOOK_EVERY_S if self._choice.target else LOOK_SELDOM_S)
            self._wake.clear()

    def _trouble(self, reason: str) -> None:
        if self._problem != reason:
            log.warning("the change of models waits: %s", reason)
        self._problem = reason
        self._stopping.wait(1.0)

    def _step(self) -> None:
        choice = self._choice
        self._tend_lanes(choice)
        self._give_up_refused(choice.active)
        if choice.target is not None and not choice.paused and self._is_seen_by(choice.target):
            self._change_to(choice.target)

    def _tend_lanes(self, choice: ModelChoice) -> None:
        """Have lanes of the models in use, as the model server has them, and of those to come, and no others."""
        wanted = dict(self._served.of_all(choice.active).cards)
        if choice.target is not None:
            wanted |= choice.target.cards
            if choice.paused:
                wanted = {name: card for name, card in wanted.items() if name in choice.active.cards}
        for name in self._lanes.keys() - wanted.keys():
            self._lanes[name].ingest.stop()
            del self._lanes[name]
        for name in wanted.keys() - self._lanes.keys():
            self._lanes[name] = self._lane(wanted[name])

    def _lane(self, card: ModelCard) -> Lane:
        looker = self._looker_of(card)
        missing = MissingFeatures(self._store, looker.name)
        lane = Lane(missing, Ingest(missing, lambda: looker, PreparedInputs(), self._batch_size))
        lane.ingest.start()
        return lane

    def _missing(self, models: ModelSet) -> list[MissingFeatures]:
        """Return what says of each model which photos it hasn't seen and may see yet."""
        lanes = self._lanes
        return [lanes[name].missing if name in lanes else MissingFeatures(self._store, name) for name in models.cards]

    def _is_seen_by(self, models: ModelSet) -> bool:
        """Tell whether each of the models has seen all photos that it may see."""
        return not any(missing.jobs(limit=1) for missing in self._missing(models))

    def _give_up_refused(self, active: ModelSet) -> None:
        """Let photos fail that a model in use can't look at, so that people see it and may try again."""
        for name, lane in self._lanes.items():
            refused = lane.missing.refused() if name in active.cards else {}
            for row, error in refused.items():
                with suppress(PhotoNotFound):  # deleted since
                    self._store.fail(self._store.at(row).id, error)
            lane.missing.forget(list(refused))

    def _change_to(self, target: ModelSet) -> None:
        """Make the models' outlook ready and let it answer, unless something else is chosen meanwhile."""
        before = self._outlooks.now
        outlook = self._maker.make(target, before.index.facts)
        try:
            self._outlooks.make_ready(outlook)
            compared = overlap(self._store, before, outlook)
            self._wait_for_late_comers(target)
            with self._choosing:
                if self._stopping.is_set() or self._choice.paused or self._choice.target != target:
                    return
                previous = self._previous(self._choice)
                self.choose(lambda choice: ModelChoice(active=target, previous=previous, overlap=compared))
                self._outlooks.swap()
        finally:
            self._outlooks.give_up()
        log.info("searches answer from %s now", ", ".join(target.cards))
        outlook.neighbours.start()

    def _wait_for_late_comers(self, target: ModelSet) -> None:
        end = monotonic() + LATE_COMERS_S
        while not self._is_seen_by(target) and monotonic() < end and not self._stopping.wait(0.05):
            pass

    def _previous(self, choice: ModelChoice) -> ModelSet | None:
        """Return what to go back to after a change: nothing that is only older, which the next start would leave."""
        if choice.target is not None and choice.target == self._choices.newest(choice.active):
            return choice.previous
        return choice.active
