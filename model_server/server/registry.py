"""The models of a folder `<models>/<name>/<version>/saved_model.pb`: which are loaded, and in which state."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tensorflow_serving.apis import get_model_status_pb2

from model_server.server import statuses
from model_server.server.folder import find_versions
from model_server.server.models import LoadedModel

log = logging.getLogger(__name__)

State = get_model_status_pb2.ModelVersionStatus.State
INTERNAL_ERROR = 13

Loader = Callable[[str, int, Path], LoadedModel]


@dataclass(frozen=True)
class VersionState:
    """How far one version came; `error_message` says why it isn't available."""

    state: int
    error_message: str = ""


class Registry:
    """What is served. The newest version of each model is loaded, as TensorFlow Serving does by default."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._models: dict[str, dict[int, LoadedModel]] = {}
        self._states: dict[str, dict[int, VersionState]] = {}

    def load_folder(self, folder: Path) -> None:
        """Load the newest version of each model in `folder`; one that fails is logged and leaves the rest be."""
        for name, versions in sorted(find_versions(folder).items()):
            version = max(versions)
            self._load_version(name, version, versions[version])

    def loaded(self) -> list[LoadedModel]:
        """Return every loaded version, by name and version."""
        return [models[version] for _, models in sorted(self._models.items()) for version in sorted(models)]

    def find(self, name: str, version: int | None) -> LoadedModel:
        """Return a loaded model, the newest version for None; raise StatusError if it isn't loaded."""
        models = self._models.get(name, {})
        wanted = max(models, default=None) if version is None else version
        if wanted is None or wanted not in models:
            raise statuses.servable_not_found(name, version)
        return models[wanted]

    def states(self, name: str, version: int | None) -> dict[int, VersionState]:
        """Return the states of one version, or of all for None; raise StatusError if nothing is known."""
        states = self._states.get(name, {})
        if version is not None:
            if version not in states:
                raise statuses.no_such_version(name, version)
            return {version: states[version]}
        if not states:
            raise statuses.no_versions(name)
        return dict(states)

    def _load_version(self, name: str, version: int, folder: Path) -> None:
        states = self._states.setdefault(name, {})
        states[version] = VersionState(State.LOADING)
        try:
            model = self._load(name, version, folder)
        except Exception as error:  # a broken model must not keep the others from being served
            log.error("Model %s version %d can't be loaded from %s: %s", name, version, folder, error)
            states[version] = VersionState(State.END, str(error))
            return
        self._models.setdefault(name, {})[version] = model
        states[version] = VersionState(State.AVAILABLE)
