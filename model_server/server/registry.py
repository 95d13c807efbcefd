"""The models of a folder `<models>/<name>/<version>/saved_model.pb`: which are served, and in which state."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tensorflow_serving.apis import get_model_status_pb2

from model_server.server import statuses
from model_server.server.folder import served_versions
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


class ServedVersion:
    """One version of a model, which is loaded when it is asked for the first time; that is tried once."""

    def __init__(self, name: str, load: Callable[[], LoadedModel]) -> None:
        """`name` is for the log."""
        self._name = name
        self._load = load
        self._lock = threading.Lock()
        self._model: LoadedModel | None = None
        self._state = VersionState(State.AVAILABLE)

    @property
    def state(self) -> VersionState:
        """How it is; available as well while nobody has asked for it."""
        return self._state

    @property
    def loaded(self) -> LoadedModel | None:
        """The model, if it is in memory."""
        return self._model

    def model(self) -> LoadedModel | None:
        """Return the model, loaded now if it must be, or None if it can't be loaded."""
        with self._lock:
            if self._model is None and self._state.state == State.AVAILABLE:
                try:
                    self._model = self._load()
                except Exception as error:  # a broken model must not keep the others from being served
                    log.error("%s can't be loaded: %s", self._name, error)
                    self._state = VersionState(State.END, str(error))
            return self._model


class Registry:
    """What is served: the newest versions of each model, as TensorFlow Serving's policy `latest` does.

    The newest one that can be loaded is in memory from the start; one before it takes room only if it is asked for.
    """

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._versions: dict[str, dict[int, ServedVersion]] = {}

    def load_folder(self, folder: Path) -> None:
        """Serve the models in `folder`; a version that fails to load is logged and leaves the rest be."""
        for name, paths in served_versions(folder).items():
            self._versions[name] = {
                version: ServedVersion(str(path), partial(self._load, name, version, path))
                for version, path in paths.items()
            }
            self._newest(name)

    def loaded(self) -> list[LoadedModel]:
        """Return every version in memory, by name and version."""
        models = [one.loaded for versions in self._versions.values() for one in versions.values()]
        return sorted((model for model in models if model), key=lambda model: (model.name, model.version))

    def find(self, name: str, version: int | None) -> LoadedModel:
        """Return a model, the newest version for None; raise StatusError if it isn't served."""
        model = self._newest(name) if version is None else self._in_version(name, version)
        if model is None:
            raise statuses.servable_not_found(name, version)
        return model

    def states(self, name: str, version: int | None) -> dict[int, VersionState]:
        """Return the states of one version, or of all for None; raise StatusError if nothing is known."""
        states = {number: one.state for number, one in sorted(self._versions.get(name, {}).items())}
        if version is not None:
            if version not in states:
                raise statuses.no_such_version(name, version)
            return {version: states[version]}
        if not states:
            raise statuses.no_versions(name)
        return states

    def _in_version(self, name: str, version: int) -> LoadedModel | None:
        served = self._versions.get(name, {}).get(version)
        return None if served is None else served.model()

    def _newest(self, name: str) -> LoadedModel | None:
        """Return the newest version that can be loaded."""
        models = (one.model() for one in self._versions.get(name, {}).values())
        return next((model for model in models if model), None)
