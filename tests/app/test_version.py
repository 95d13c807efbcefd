import tomllib
from pathlib import Path

import h5py

from app.inference.fake import FakeModelClient
from app.opening import open_gallery
from app.settings import Settings
from app.version import VERSION

ROOT = Path(__file__).parents[2]


def test_the_program_and_the_project_have_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_a_gallery_file_says_which_version_made_it(settings: Settings) -> None:
    open_gallery(settings, FakeModelClient(), working=False).close()
    with h5py.File(settings.data, "r") as file:
        assert file.attrs["application_version"] == VERSION
