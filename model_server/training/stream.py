"""An endless stream of batches of views, made from the photos by threads while the network computes."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.ssd.anchors import Matcher
from model_server.training.loss import Targets
from model_server.training.photos import Photo, present_classes, read_pixels
from model_server.training.views import View, mosaic, random_frame, show, whole_frame

RARE_SHARE = 0.02
ALL_KNOWN_FACTOR = 3.0  # a photo in which every class was looked for teaches more
THREADS, AHEAD = 2, 6
MOSAIC_PARTS = 4


class Batch(NamedTuple):
    """pixels: uint8 (n, 300, 300, 3); targets: what the detector should say of them."""

    pixels: tf.Tensor
    targets: Targets


class ViewStream:
    """Makes batches; which views are in batch k depends on the seed and k alone, so a training can go on later.

    mosaic_share: how many of the views are made of four photos.
    """

    def __init__(self, photos: Sequence[Photo], batch: int, mosaic_share: float, seed: int) -> None:
        self._photos, self._batch, self._mosaic_share, self._seed = photos, batch, mosaic_share, seed
        all_known = np.array([photo.known.all() for photo in photos])
        self._factors = repeat_factors(photos) * np.where(all_known, ALL_KNOWN_FACTOR, 1.0)
        self._matcher = Matcher()
        kinds = [(photo.vocab, photo.is_complete) for photo in photos]
        self._alike = {kind: [i for i, other in enumerate(kinds) if other == kind] for kind in set(kinds)}

    def batches(self, first: int) -> Generator[Batch, None, None]:
        """Yield the batches from number *first* on, without end."""
        with ThreadPoolExecutor(THREADS) as pool:
            waiting: deque[Future[Batch]] = deque()
            number = first
            while True:
                while len(waiting) < AHEAD:
                    waiting.append(pool.submit(self._make_batch, number))
                    number += 1
                yield waiting.popleft().result()

    def _make_batch(self, number: int) -> Batch:
        rng = np.random.default_rng([self._seed, number])
        chosen = rng.choice(len(self._photos), self._batch, p=self._factors / self._factors.sum())
        views = [self._make_view(rng, int(index)) for index in chosen]
        photos = [self._photos[index] for index in chosen]
        return Batch(tf.constant(np.stack([view.pixels for view in views])), self.targets(photos, views))

    def _make_view(self, rng: np.random.Generator, index: int) -> View:
        if rng.random() >= self._mosaic_share:
            return self._random_view(rng, index)
        # What was looked for must be the same in all parts.
        photo = self._photos[index]
        others = rng.choice(self._alike[photo.vocab, photo.is_complete], MOSAIC_PARTS - 1)
        return mosaic(rng, [self._random_view(rng, int(part)) for part in (index, *others)])

    def _random_view(self, rng: np.random.Generator, index: int) -> View:
        image, boxes = read_pixels(self._photos[index].path), self._photos[index].boxes
        return show(image, boxes, random_frame(rng, image, boxes))

    def targets(self, photos: Sequence[Photo], views: Sequence[View]) -> Targets:
        """Say what the detector should answer to these views of these photos."""
        rows = [self._assigned(view) for view in views]
        labels, corners = (np.stack(column) for column in zip(*rows, strict=True))
        known = np.array([photo.known for photo in photos], np.float32)
        complete = np.array([photo.is_complete for photo in photos], np.float32)
        return Targets(*map(tf.constant, (labels, corners, known, complete)))

    def _assigned(self, view: View) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        owners = self._matcher.match(view.boxes.corners, view.boxes.difficult)
        labels, corners = owners.astype(np.int32), np.zeros((len(owners), 4), np.float32)
        taken = owners >= 0
        labels[taken] = view.boxes.labels[owners[taken]]
        corners[taken] = view.boxes.corners[owners[taken]]
        return labels, corners


def whole_view(photo: Photo) -> View:
    """Return the view that the application shows to the model."""
    image = read_pixels(photo.path)
    return show(image, photo.boxes, whole_frame(image))


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
