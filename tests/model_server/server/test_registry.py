"""Which versions of a folder are served, and when each is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("model_server")


class Loads:
    """Loads nothing; notes what was asked for, and fails for versions that are broken."""

    def __init__(self, *broken: int) -> None:
        self.asked: list[int] = []
        self._broken = broken

    def __call__(self, name: str, version: int, folder: Path) -> Any:
        from model_server.server.models import LoadedModel

        self.asked.append(version)
        if version in self._broken:
            raise ValueError(f"{folder} is broken")
        return LoadedModel(name, version, None, {})


@pytest.fixture
def serve(apis: Any, tmp_path: Path) -> Callable[..., Any]:
    """Return what makes a registry over a folder with versions 1, 2 and 10 of a model."""
    from model_server.server.registry import Registry

    for version in (1, 2, 10):
        (tmp_path / "some" / str(version)).mkdir(parents=True)
        (tmp_path / "some" / str(version) / "saved_model.pb").touch()

    def load(loads: Loads) -> Registry:
        registry = Registry(loads)
        registry.load_folder(tmp_path)
        return registry

    return load


def test_the_version_before_the_newest_is_loaded_once_when_it_is_asked_for(serve: Callable[..., Any]) -> None:
    loads = Loads()
    registry = serve(loads)
    assert loads.asked == [10]
    assert list(registry.states("some", None)) == [2, 10]
    assert [registry.find("some", 2).version for _ in range(2)] == [2, 2]
    assert registry.find("some", None).version == 10
    assert loads.asked == [10, 2]
    assert [model.version for model in registry.loaded()] == [2, 10]


def test_versions_before_that_are_not_served(serve: Callable[..., Any]) -> None:
    from model_server.server.statuses import StatusError

    registry = serve(Loads())
    for ask in (registry.find, registry.states):
        with pytest.raises(StatusError, match="1"):
            ask("some", 1)


def test_a_newest_version_that_is_broken_leaves_the_one_before_in_its_place(serve: Callable[..., Any]) -> None:
    loads = Loads(10)
    registry = serve(loads)
    assert registry.find("some", None).version == 2
    states = registry.states("some", None)
    assert (states[2].error_message, "10 is broken" in states[10].error_message) == ("", True)
    assert loads.asked == [10, 2]
