"""The subcommands for the models of the catalogue: `build`, `list` and `measure`."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from model_server.build import DEFAULT_OUT, build, is_built, older_versions
from model_server.catalogue import ModelCard, cards, load_card, names
from model_server.download import Report
from model_server.server.folder import SERVED_VERSIONS
from model_server.weights_source import DEFAULT_CACHE, WeightsSource

if TYPE_CHECKING:
    from model_server.measuring import Measured

DEFAULT_MODEL = "gallery_default"
COLUMNS = ("MODEL", "ROLES", "VECTOR", "DOWNLOAD", "BUILT", "LICENCE")


def add_parsers(commands: Any) -> dict[str, Callable[[argparse.Namespace, list[str]], int]]:
    """Add the subcommands; return what runs each."""
    _add_build(commands)
    show = commands.add_parser("list", help="list the models of the catalogue")
    show.add_argument("--models", type=Path, default=DEFAULT_OUT, help="folder of models (default: %(default)s)")
    measure = commands.add_parser("measure", help="measure speed and memory of models")
    measure.add_argument("names", nargs="*", metavar="NAME", help="all, if none is named")
    measure.add_argument("--models", type=Path, default=DEFAULT_OUT, help="folder of models (default: %(default)s)")
    measure.add_argument("--seconds", type=float, default=6.0, help="for each model (default: %(default)s)")
    measure.add_argument("--out", type=Path, help="write the numbers to this JSON file too")
    return {"build": _build, "list": _list, "measure": _measure}


def _add_build(commands: Any) -> None:
    make = commands.add_parser("build", help="build a SavedModel, unless it is up to date")
    make.add_argument("name", nargs="?", default=DEFAULT_MODEL, help=f"one of: {', '.join(names())}")
    make.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of models (default: %(default)s)")
    make.add_argument("--weights", type=Path, metavar="FILE", help="the model's weights, instead of fetching them")
    make.add_argument("--accept-unverified", action="store_true", help="take weights that no digest vouches for")
    make.add_argument(
        "--keep", type=int, choices=range(1, 10), default=SERVED_VERSIONS, metavar="N",
        help="how many versions stay, with this one (default: %(default)s, as many as are served)",
    )  # fmt: skip
    make.add_argument(
        "--cache", type=Path, default=DEFAULT_CACHE, help="folder for fetched weights (default: %(default)s)"
    )


def _build(options: argparse.Namespace, _: list[str]) -> int:
    with _progress() as report:
        weights = WeightsSource(options.weights, options.accept_unverified, options.cache, _announce, report)
        folder, is_new = build(options.name, options.out, weights=weights, keep=options.keep)
    print(f"{folder} {'built' if is_new else 'is up to date'}")  # noqa: T201 - the command's result
    if is_new:
        for older in older_versions(load_card(options.name), options.out):
            print(_kept(older, options.name))  # noqa: T201 - the command's result
    return 0


def _kept(older: Path, name: str) -> str:
    return (
        f"{older} stays, for galleries whose photos the new version hasn't all seen yet; "
        f"`python -m model_server build {name} --keep 1` deletes it"
    )


def _announce(card: ModelCard) -> None:
    """Show what is about to be taken, and on which terms."""
    source = card.download
    size = f", {source.megabytes} MB" if source else ""
    lines = (card.title, f"  licence: {card.licence}", f"  weights: {card.weights_source}{size}")
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 - the licence, before anything is fetched


@contextmanager
def _progress() -> Iterator[Report]:
    """Draw a bar on standard error from the first report on."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("")

    def report(done: int, total: int | None) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()


def _list(options: argparse.Namespace, _: list[str]) -> int:
    rows = [COLUMNS, *(_row(card, options.models) for card in cards())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())  # noqa: T201 - the command's result
    return 0


def _row(card: ModelCard, models: Path) -> tuple[str, ...]:
    size = f"{card.download.megabytes} MB" if card.download else "-"
    vector = str(card.embedding_width) if card.embedding_width else "-"
    built = "yes" if is_built(card, models) else "no"
    return (card.name, ", ".join(sorted(card.roles)), vector, size, built, card.licence)


def _measure(options: argparse.Namespace, _: list[str]) -> int:
    from model_server.measuring import as_json, measure_all

    chosen = [load_card(name) for name in options.names] or cards()
    results = []
    for measured, ratio in measure_all(chosen, options.models, options.seconds):
        results.append((measured, ratio))
        print(_sentence(measured, ratio))  # noqa: T201 - the command's result
    if options.out:
        options.out.write_text(as_json(results) + "\n", "utf-8")
    return 0


def _sentence(measured: "Measured", ratio: float) -> str:
    weights = "" if measured.is_trained else "; untrained weights"
    return (
        f"{measured.name}: {measured.images_per_s:.1f} images/s, {ratio:.2f} times {DEFAULT_MODEL}; one image "
        f"{measured.one_image_ms:.0f} ms; memory {measured.memory_mb:.0f} MB; disk {measured.disk_mb:.0f} MB{weights}"
    )
