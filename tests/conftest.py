"""What tests share: the built model, one real model server, real galleries on it, and photos that may be shown."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask.testing import FlaskClient

import app as gallery_package
from app.inference.fake import FakeModelClient
from app.services.gallery import Gallery
from app.settings import Settings
from tests.app.cli.processes import serve
from tests.default_model import CARD
from tests.model_server.server.process import ServerProcess

hypothesis.settings.register_profile("gallery", deadline=None, print_blob=True)
hypothesis.settings.load_profile("gallery")

QUICK_EMBEDDER = "vit_b16_in21k"
PROJECT = Path(__file__).resolve().parent.parent

# Models that somebody trained here are no part of what is tested.
os.environ["GALLERY_CATALOGUE"] = str(PROJECT / "build" / "tests" / "no_catalogue")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send all tests that need the default model's server to one worker, so that it is started once."""
    for item in items:
        if isinstance(item, pytest.Function) and "model_server_address" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("model_server"))


@pytest.fixture(scope="session")
def built_models() -> Path:
    """Build the default model unless that is done already; return the folder of models."""
    folder = PROJECT / "build" / "models"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([sys.executable, "-m", "model_server", "build"], cwd=PROJECT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def served_models(built_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the default model, as the version before too, and a quick one under an embedder's name."""
    folder = tmp_path_factory.mktemp("models")
    default = folder / CARD.name
    default.mkdir()
    for version in (CARD.version, CARD.version - 1):
        (default / str(version)).symlink_to(built_models / CARD.name / str(CARD.version))
    quick = PROJECT / "build" / "tests" / QUICK_EMBEDDER
    with (PROJECT / "build" / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (quick / "1" / "saved_model.pb").exists():
            build = [sys.executable, "-m", "tests.model_server.build_thumbnails", str(quick / "1"), "224"]
            subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (folder / QUICK_EMBEDDER).symlink_to(quick)
    return folder


@pytest.fixture(scope="session")
def model_server_address(served_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the local model server with the default model and the quick one; return its `host:port`."""
    with ServerProcess(served_models, tmp_path_factory.mktemp("model_server") / "server.log") as running:
        running.ready_line()
        yield running.address


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a gallery of the test's own, with a model server that isn't there."""
    return Settings(data=tmp_path / "gallery.h5", model_server="127.0.0.1:9")


@pytest.fixture
def fake_client() -> FakeModelClient:
    """Return a model server in the same process that can be told to fail."""
    return FakeModelClient()


@pytest.fixture
def fake_gallery(settings: Settings, fake_client: FakeModelClient) -> Iterator[Gallery]:
    """Open a real gallery on a real file, whose model server is the fake."""
    gallery = gallery_package.open_gallery(settings, fake_client)
    yield gallery
    gallery.close()


@pytest.fixture
def client(settings: Settings, fake_gallery: Gallery) -> FlaskClient:
    """Return a client of an application on the fake model server."""
    return make_client(settings, fake_gallery)


@pytest.fixture
def real_settings(tmp_path: Path, model_server_address: str) -> Settings:
    """Return settings of a gallery of the test's own, on the real model server."""
    return Settings(data=tmp_path / "gallery.h5", model_server=model_server_address)


@pytest.fixture
def real_gallery(real_settings: Settings) -> Iterator[Gallery]:
    """Open a real gallery on a real file and the real model server."""
    gallery = gallery_package.open_gallery(real_settings)
    yield gallery
    gallery.close()


@pytest.fixture
def real_client(real_settings: Settings, real_gallery: Gallery) -> FlaskClient:
    """Return a client of an application on the real model server."""
    return make_client(real_settings, real_gallery)


@pytest.fixture(scope="session")
def live_gallery(model_server_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gallery as `make run` does, for all tests that use a browser or HTTP; return its address."""
    folder = tmp_path_factory.mktemp("live_gallery")
    settings = Settings(data=folder / "gallery.h5", model_server=model_server_address)
    with serve(settings, folder) as running:
        yield running.url()


def make_client(settings: Settings, gallery: Gallery) -> FlaskClient:
    application = gallery_package.create_app(settings, gallery)
    application.testing = False  # errors are answered as in production
    return application.test_client()
