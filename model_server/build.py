"""Build SavedModels into a folder that a model server serves, and only when something changed.

The check needs no TensorFlow, so a second start of the program costs nothing here.
"""

import fcntl
import importlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, cast

from model_server.catalogue import ModelCard, load_card
from model_server.checkpoint import file_sha256
from model_server.errors import WeightsError
from model_server.fingerprint import inputs_fingerprint
from model_server.server.folder import SERVED_VERSIONS, find_versions
from model_server.weights_source import WeightsSource

DEFAULT_OUT = Path("build/models")
STAMP = "build.json"


class Exporter(Protocol):
    """What writes one model."""

    def export(self, card: ModelCard, folder: Path) -> None:
        """Write the SavedModel of *card* to *folder*."""


@dataclass(frozen=True)
class Stamp:
    """What a model was built from; it lies beside the model."""

    inputs_sha256: str
    weights_sha256: str = ""
    """Of the file that was fetched or given; empty for weights that come with a package or the project."""


def build(
    name: str, out: Path = DEFAULT_OUT, exporter: Exporter | None = None, weights: WeightsSource | None = None, *,
    keep: int = SERVED_VERSIONS,
) -> tuple[Path, bool]:  # fmt: skip
    """Build the model called *name* into ``out/NAME/VERSION``, unless it is there and up to date.

    Returns the folder and whether it was built now. What was there stays until the new one is whole; then *keep*
    versions stay, with the new one, and older ones are deleted. Of two builds at a time the second waits.

    Raises UnknownModelError for a name that the catalogue doesn't have, WeightsError for weights that it has no use
    for, and what `WeightsSource.path_for` and the model's builder raise.
    """
    card, source = load_card(name), weights or WeightsSource()
    if source.given and card.download is None:
        raise WeightsError(f"{name} takes no weights file, its weights come with the packages and the project")
    base = out / name
    target, fingerprint = base / str(card.version), inputs_fingerprint(card)
    base.mkdir(parents=True, exist_ok=True)
    with _exclusive(base / ".build.lock"):
        if _is_up_to_date(target, fingerprint, source.given):
            _delete(older_versions(card, out)[keep - 1 :])
            return target, False
        path = source.path_for(card) if card.download and exporter is None else None
        chosen = exporter or _exporter(card, path)
        fresh = _empty(base / f".{card.version}.new")
        chosen.export(card, fresh)
        stamp = Stamp(fingerprint, file_sha256(path) if path else "")
        (fresh / STAMP).write_text(json.dumps(asdict(stamp)) + "\n", "utf-8")
        _replace(target, fresh)
        _delete(older_versions(card, out)[keep - 1 :])
    return target, True


def older_versions(card: ModelCard, out: Path = DEFAULT_OUT) -> list[Path]:
    """Return the folders of versions before *card*'s that lie in *out*, the newest first."""
    versions = find_versions(out).get(card.name, {})
    return [versions[version] for version in sorted(versions, reverse=True) if version < card.version]


def is_built(card: ModelCard, out: Path = DEFAULT_OUT) -> bool:
    """Tell whether *card*'s version of its model lies in *out*, be it up to date or not."""
    return read_stamp(out / card.name / str(card.version)) is not None


def read_stamp(target: Path) -> Stamp | None:
    """Return what *target* was built from, None if it isn't a whole build."""
    try:
        stamp = Stamp(**json.loads((target / STAMP).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return stamp if (target / "saved_model.pb").is_file() else None


def _exporter(card: ModelCard, weights: Path | None) -> Exporter:
    """Return the builder of *card*: one that knows its weights, or one that converts the file *weights*."""
    builder = importlib.import_module(f"model_server.{card.builder}")
    if weights is None:
        return cast(Exporter, builder)
    from model_server.conversion import Conversion

    return Conversion(builder.endpoints, weights)


def _is_up_to_date(target: Path, fingerprint: str, given: Path | None) -> bool:
    stamp = read_stamp(target)
    if stamp is None or stamp.inputs_sha256 != fingerprint:
        return False
    return given is None or not given.is_file() or file_sha256(given) == stamp.weights_sha256


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


def _delete(folders: Sequence[Path]) -> None:
    """Delete versions; each stops being one before its files go."""
    for folder in folders:
        shutil.rmtree(_put_aside(folder), ignore_errors=True)


def _replace(target: Path, fresh: Path) -> None:
    """Put *fresh* in the place of *target*; names with a dot are no versions to a model server."""
    old = _put_aside(target) if target.exists() else None
    os.rename(fresh, target)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _put_aside(folder: Path) -> Path:
    """Give a version a name that is none, in one step; return its place."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    os.rename(folder, old)
    return old
