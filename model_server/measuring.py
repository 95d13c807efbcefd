"""How fast a built model is, and how much memory it takes; both depend on the architecture, not on the weights."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from model_server.build import is_built
from model_server.catalogue import ModelCard, load_card
from model_server.errors import WeightsError
from model_server.exporting import write_saved_model
from model_server.server.models import load_model
from model_server.server.options import available_cores

REFERENCE = "gallery_default"
BATCH = 8
LEAST_CALLS = 5


@dataclass(frozen=True)
class Measured:
    """One model, alone in a process of its own."""

    name: str
    is_trained: bool
    """Whether its real weights were there."""
    images_per_s: float
    """In batches of 8."""
    one_image_ms: float
    """In a batch of its own."""
    memory_mb: float
    """What it adds to a process that has TensorFlow loaded, after it has run."""
    disk_mb: float


def measure(card: ModelCard, models: Path, seconds: float) -> Measured:
    """Measure the built model, or one with untrained weights where it isn't built."""
    is_trained = is_built(card, models)
    with _folder(card, models, is_trained) as folder:
        command = [sys.executable, "-m", "model_server.measuring", card.name, str(folder), str(seconds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        disk_mb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    return Measured(card.name, is_trained, disk_mb=disk_mb, **json.loads(done.stdout))


def measure_all(cards: Sequence[ModelCard], models: Path, seconds: float) -> Iterator[tuple[Measured, float]]:
    """Yield each model's numbers and its images/s as a multiple of the default model's, measured in the same run."""
    reference = measure(load_card(REFERENCE), models, seconds)
    for card in cards:
        measured = reference if card.name == REFERENCE else measure(card, models, seconds)
        yield measured, measured.images_per_s / reference.images_per_s


@contextmanager
def _folder(card: ModelCard, models: Path, is_trained: bool) -> Iterator[Path]:
    if is_trained:
        yield models / card.name / str(card.version)
        return
    if card.download is None:
        raise WeightsError(f"{card.name} isn't built; run `python -m model_server build {card.name}` first")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "1"
        target.mkdir()
        write_saved_model(card, import_module(f"model_server.{card.builder}").endpoints(card, None), target)
        yield target


def run_alone(name: str, folder: Path, seconds: float) -> dict[str, float]:
    """Load and run the model in *folder* in this process, whose memory it reads before and after."""
    card = load_card(name)
    before_mb = _memory_mb()
    model = load_model(name, card.version, folder, available_cores())
    rng = np.random.default_rng(0)

    def run(rows: int) -> float:
        images = rng.integers(0, 256, (rows, card.input_height_px, card.input_width_px, 3), np.uint8)
        started = time.perf_counter()
        model.execute("serving_default", {card.input_name: images}, tuple(card.outputs))
        return time.perf_counter() - started

    one_s, batch_s = _typical(lambda: run(1), seconds / 3), _typical(lambda: run(BATCH), seconds)
    return {
        "images_per_s": BATCH / batch_s,
        "one_image_ms": 1000 * one_s,
        "memory_mb": _memory_mb() - before_mb,
    }


def _typical(run: Callable[[], float], seconds: float) -> float:
    """Return the median time of calls over some seconds, after one that warms up."""
    run()
    times: list[float] = []
    while sum(times) < seconds or len(times) < LEAST_CALLS:
        times.append(run())
    return float(np.median(times))


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def as_json(results: Sequence[tuple[Measured, float]]) -> str:
    """Return the numbers for a file or another program."""
    return json.dumps([asdict(measured) | {"ratio": ratio} for measured, ratio in results], indent=2)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run_alone(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))))
