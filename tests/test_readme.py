"""What the README says is run: its commands and calls in order, and its tables held to the code."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from app.settings import ROOT, Settings
from tests.app.cli.processes import environment_of, serve
from tests.photos import cat_jpeg, coffee_jpeg

README = (ROOT / "README.md").read_text("utf-8")
SHOWN_ADDRESS = "http://127.0.0.1:8000"


def console_blocks() -> list[list[str]]:
    """Return the commands of each console block."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    return [[line[2:] for line in block.splitlines() if line.startswith("$ ")] for block in blocks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the photos that the README speaks of, and the short form of the commands."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "photos").mkdir()
    (folder / "photos" / "cat.jpg").write_bytes(cat_jpeg())
    (folder / "photos" / "coffee.jpg").write_bytes(coffee_jpeg())
    flask = ROOT / ".venv" / "bin" / "flask"
    (folder / "gallery").write_text(f'#!/bin/sh\nexec "{flask}" --app "{ROOT / "app"}" gallery "$@"\n')
    (folder / "gallery").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def readme_settings(model_server_address: str, folder: Path) -> Iterator[tuple[Settings, str]]:
    """Run a gallery for the README's examples; return its settings and its address."""
    settings = Settings(data=folder / "gallery.h5", model_server=model_server_address)
    with serve(settings, folder) as running:
        yield settings, running.url()


def test_every_command_and_call_works_in_order(readme_settings: tuple[Settings, str], folder: Path) -> None:
    settings, address = readme_settings
    if shutil.which("curl") is None:
        pytest.skip("The README's calls need curl, which isn't installed.")
    blocks = console_blocks()
    assert [len(block) for block in blocks] == [9, 10], "the blocks for the shell and for HTTP"
    outputs = {}
    for command in [command for block in blocks for command in block]:
        line = command.replace(SHOWN_ADDRESS, address).replace("curl ", "curl --silent --show-error --fail ", 1)
        done = subprocess.run(
            line, shell=True, cwd=folder, env=environment_of(settings), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        outputs[command] = done.stdout
    searches = [output for command, output in outputs.items() if "kitty" in command]
    assert len(searches) == 2
    assert all("cat.jpg" in output for output in searches)
    assert (folder / "similar.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "backup" / "cat.jpg").read_bytes() == cat_jpeg()
    assert (folder / "gallery-backup.h5").read_bytes().startswith(b"\x89HDF")


def test_every_setting_is_in_the_table_with_its_default() -> None:
    for name, default in Settings.defaults().items():
        assert f"`GALLERY_{name.upper()}`" in README
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert f"`{default:g}`" in README or f"`{default}`" in README


def test_every_command_is_shown() -> None:
    group = create_app(Settings()).cli.commands["gallery"]
    for name in set(getattr(group, "commands", {})) - {"serve"}:
        assert f"./gallery {name}" in README


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z][a-z-]*)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pictures_are_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).stat().st_size > 10_000
