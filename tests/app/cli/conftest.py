"""The commands on a gallery that runs, and on a file that nobody serves."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from tests.app.cli.command_line import CommandLine
from tests.app.cli.processes import serve
from tests.photos import drawn_photo

_seeds = itertools.count(1000)

MakeFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def served_settings(model_server_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Run one gallery for all tests of commands; return its settings."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(data=folder / "gallery.h5", model_server=model_server_address)
    with serve(settings, folder) as gallery:
        gallery.url()
        yield settings


@pytest.fixture
def on_file(tmp_path: Path, model_server_address: str) -> CommandLine:
    """Return the commands on a file of the test's own."""
    return CommandLine(Settings(data=tmp_path / "own" / "gallery.h5", model_server=model_server_address))


@pytest.fixture
def on_server(served_settings: Settings) -> CommandLine:
    """Return the commands on the gallery that runs; other tests use it too."""
    return CommandLine(replace(served_settings, model_server="127.0.0.1:9"))


@pytest.fixture(params=["on_server", "on_file"])
def gallery(request: pytest.FixtureRequest, on_server: CommandLine, on_file: CommandLine) -> CommandLine:
    """Return the commands, on the gallery that runs and on a file in turn."""
    return on_server if request.param == "on_server" else on_file


@pytest.fixture
def photos(tmp_path: Path) -> MakeFolder:
    """Return what makes a folder of photos that no other test has."""

    def make(*names: str, **options: Any) -> Path:
        folder = tmp_path / f"photos{next(_seeds)}"
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(drawn_photo(next(_seeds), **options))
        return folder

    return make
