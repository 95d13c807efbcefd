"""The backbone's embeddings of several views of each photo, for the label probe."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.training.photos import Boxes, Photo, read_pixels
from model_server.training.views import INPUT_PX, View, random_frame, show, whole_frame

BATCH, THREADS = 32, 2

Progress = Callable[[int, int], None]
Embed = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class EmbeddedViews:
    """embeddings: float32 (n_views, 1280), not normalised; view v is of photo ``photo_of[v]`` with ``boxes[v]``."""

    embeddings: NDArray[np.float32]
    photo_of: NDArray[np.int64]
    boxes: list[Boxes]


def embed_photos(photos: Sequence[Photo], views: int, seed: int, progress: Progress) -> EmbeddedViews:
    """Embed *views* views of each photo: the whole, its mirror image, and parts drawn at random.

    ``progress(done, total)`` is called often.
    """
    jobs = [(index, number) for index in range(len(photos)) for number in range(views)]
    embed, rows, boxes = _embedder(), [], []
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(jobs), BATCH):
            made = list(pool.map(lambda job: _view(photos, job, seed), jobs[start : start + BATCH]))
            rows.append(embed(tf.constant(np.stack([view.pixels for view in made]))).numpy())
            boxes += [view.boxes for view in made]
            progress(len(boxes), len(jobs))
    return EmbeddedViews(np.concatenate(rows), np.array([index for index, _ in jobs], np.int64), boxes)


def embeddings_of(pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return the embeddings of pictures, each uint8 (300, 300, 3): float32 (n, 1280)."""
    embed = _embedder()
    return np.concatenate([embed(tf.constant(np.stack(batch))).numpy() for batch in batched(pictures, BATCH)])


def batched(pictures: Iterable[NDArray[np.uint8]], size: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Group pictures into lists of *size*; the last one may be shorter."""
    waiting = iter(pictures)
    while batch := list(islice(waiting, size)):
        yield batch


def _view(photos: Sequence[Photo], job: tuple[int, int], seed: int) -> View:
    index, number = job
    photo = photos[index]
    image = read_pixels(photo.path)
    if number < 2:
        return show(image, photo.boxes, whole_frame(image, is_mirrored=number == 1))
    rng = np.random.default_rng([seed, index, number])
    return show(image, photo.boxes, random_frame(rng, image, photo.boxes))


@cache
def _embedder() -> Embed:
    """Return a compiled function from uint8 (n, 300, 300, 3) to embeddings (n, 1280)."""
    image = keras.Input((INPUT_PX, INPUT_PX, 3), dtype="uint8")
    taps = build_backbone(keras.ops.cast(image, "float32"))
    load_backbone_weights(keras.Model(image, taps), package_checkpoint())
    model = keras.Model(image, taps["embedding"])
    signature = [tf.TensorSpec([None, INPUT_PX, INPUT_PX, 3], tf.uint8)]
    embed: Embed = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    return embed
