"""Draws how fast and how large four ways to keep photos are: `python -m benchmarks.storage_efficiency`."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from app.store.base import NewPhoto
from benchmarks.photo_stores import ALL, Kind, closing, made_up_photos

PICTURE = Path(__file__).resolve().parent.parent / "example_imgs" / "image_storage_efficiency.png"
PHOTOS = 256
GROUPS = (1, 8, 32)
ROUNDS = 3
COLOURS = ("#1f6f8b", "#b0b7bc", "#c98b2b", "#7a9e5f")


@dataclass
class Result:
    """What one store came to: MB/s written by group size, MB/s read, bytes on disk to each byte stored."""

    name: str
    written: dict[int, float]
    read: float
    size: float


def main() -> None:
    """Measure and draw."""
    photos = made_up_photos(PHOTOS)
    draw([measure(kind, photos) for kind in ALL], PICTURE)


def measure(kind: Kind, photos: Sequence[NewPhoto]) -> Result:
    """Write and read photos with one kind of store; medians of a few rounds, each in a new folder."""
    stored_bytes = sum(len(one.data) + len(one.thumbnail) for one in photos)
    written: dict[int, list[float]] = {group: [] for group in GROUPS}
    read, sizes = list[float](), list[float]()
    for _ in range(ROUNDS):
        for group in GROUPS:
            with tempfile.TemporaryDirectory() as folder:
                with closing(kind(Path(folder))) as store:
                    started = time.perf_counter()
                    for start in range(0, len(photos), group):
                        store.add(photos[start : start + group])
                    written[group].append(stored_bytes / 1e6 / (time.perf_counter() - started))
                    started = time.perf_counter()
                    for photo in photos:
                        store.read(photo.id)
                    read.append(sum(len(one.data) for one in photos) / 1e6 / (time.perf_counter() - started))
                sizes.append(_disk_bytes(Path(folder)) / stored_bytes)
    by_group = {group: statistics.median(rates) for group, rates in written.items()}
    return Result(kind.name, by_group, statistics.median(read), statistics.median(sizes))


def draw(results: Sequence[Result], path: Path) -> None:
    """Draw the results as three panels of bars."""
    figure, (writing, reading, size) = plt.subplots(
        1, 3, figsize=(12, 3.6), width_ratios=(1.6, 1, 1), layout="constrained"
    )
    width = 0.8 / len(results)
    for i, (result, colour) in enumerate(zip(results, COLOURS, strict=True)):
        places = [group + (i - (len(results) - 1) / 2) * width for group in range(len(GROUPS))]
        writing.bar(places, list(result.written.values()), width, label=result.name, color=colour)
        _bar(reading, i, result.read, "{:.0f}", colour)
        _bar(size, i, result.size, "{:.3f}", colour)
    writing.set_xticks(range(len(GROUPS)), [f"{group} a commit" for group in GROUPS])
    writing.set(title="Writing, each commit durable", ylabel="MB/s")
    writing.legend(frameon=False, fontsize=8)
    reading.set(title="Reading whole photos, warm", ylabel="MB/s", xticks=[])
    size.set(title="Bytes on disk to bytes stored", xticks=[])
    for panel in (writing, reading, size):
        panel.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bar(panel: Axes, place: int, value: float, form: str, colour: str) -> None:
    panel.bar(place, value, color=colour)
    panel.annotate(form.format(value), (place, value), ha="center", va="bottom", fontsize=8)


def _disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
