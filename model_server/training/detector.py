"""Train the detector: its branch of the backbone and its heads, on the rest of the backbone as it is."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.ssd.weights import Weights, detector_weights, start_from
from model_server.training.checkpoint import read_checkpoint, write_checkpoint
from model_server.training.loss import Targets, detection_loss
from model_server.training.network import Network
from model_server.training.photos import Photo
from model_server.training.stream import Batch, ViewStream

Log = Callable[[Mapping[str, Any]], None]
LOG_EVERY_STEPS = 50
CLIP_NORM = 10.0
FLOOR = 0.01  # the learning rate's last share
CALM_SHARE = 0.15  # the last part of a training, without mosaics


@dataclass(frozen=True)
class Recipe:
    """How the detector is trained.

    The learning rates rise for ``warm_up_steps`` and fall along a cosine until ``steps`` steps, or ``minutes`` if
    that comes first. ``pause_every_s``: how often what was learned so far is kept and measured.
    """

    steps: int
    minutes: float = float("inf")
    batch: int = 16
    heads_rate: float = 2.5e-4
    branch_rate: float = 1.5e-4
    weight_decay: float = 1e-3
    warm_up_steps: int = 100
    averaging: float = 0.999
    mosaic_share: float = 0.25
    pause_every_s: float = 300.0
    precision: str = "mixed_bfloat16"
    seed: int = 7


class DetectorTrainer:
    """Holds the network being trained and its running average, ``averaged``, which is the result.

    ``fresh_layers`` names the layers that *start* had no weights for.
    """

    def __init__(self, photos: Sequence[Photo], classes: int, recipe: Recipe, start: Weights) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self._recipe, self._photos = recipe, photos
        self._network, self.averaged = Network(classes, recipe.precision), Network(classes, "float32")
        self.fresh_layers = start_from(self._network.model, start)
        _assign(self.averaged.variables, self._network.variables)
        self._optimizers = [_optimizer(recipe, part) for part in (self._network.branch, self._network.heads)]
        self.step, self._elapsed_s = 0, 0.0
        self._run = tf.function(self._train_step)

    @property
    def done(self) -> float:
        """How much of the recipe is done, 0 to 1."""
        return min(1.0, max(self.step / self._recipe.steps, self._elapsed_s / 60 / self._recipe.minutes))

    def weights(self) -> dict[str, NDArray[np.float16]]:
        """Return the averaged weights as `detector_weights` does."""
        return detector_weights(self.averaged.model)

    def train(self, log: Log, pause: Callable[[], None]) -> None:
        """Run until the recipe's end; now and then *log* gets a dict and *pause* is called, at last at the end."""
        recent: list[tf.Tensor] = []
        paused_s = time.monotonic()
        start_s = paused_s - self._elapsed_s
        for batch in self._batches():
            recent.append(self._one_step(batch))
            self._elapsed_s = time.monotonic() - start_s
            if self.step % LOG_EVERY_STEPS == 0 or self.done >= 1:
                log({"step": self.step, "done": round(self.done, 4), **_mean_losses(recent)})
                recent.clear()
            if time.monotonic() - paused_s > self._recipe.pause_every_s or self.done >= 1:
                pause()
                paused_s = time.monotonic()

    def save(self, path: Path, identity: str) -> None:
        """Write all that `resume` needs to go on; *identity* says what is being trained."""
        write_checkpoint(path, identity, self.step, self._elapsed_s, self._state())

    def resume(self, path: Path, identity: str) -> bool:
        """Go on where `save` left off, if there is such a file of the same *identity*; tell whether."""
        found = read_checkpoint(path, identity, self._state())
        if found is not None:
            self.step, self._elapsed_s = found
        return found is not None

    def _state(self) -> list[Any]:
        slots = [variable for optimizer in self._optimizers for variable in optimizer.variables]
        return [*self._network.variables, *self.averaged.variables, *slots]

    def _batches(self) -> Iterator[Batch]:
        """Yield batches until the recipe's end, the last ones without mosaics: as photos come in earnest."""
        for share, end in ((self._recipe.mosaic_share, 1 - CALM_SHARE), (0.0, 1.0)):
            stream = ViewStream(self._photos, self._recipe.batch, share, self._recipe.seed).batches(self.step)
            while self.done < end:
                yield next(stream)
            stream.close()

    def _one_step(self, batch: Batch) -> tf.Tensor:
        warm = min(1.0, (self.step + 1) / self._recipe.warm_up_steps)
        rate = warm * (FLOOR + (1 - FLOOR) * (1 + np.cos(np.pi * self.done)) / 2)
        self.step += 1
        # The average follows faster at the start.
        averaging = min(self._recipe.averaging, self.step / (self.step + 10))
        return self._run(
            batch.pixels, batch.targets, tf.constant(rate, tf.float32), tf.constant(averaging, tf.float32)
        )

    def _train_step(self, pixels: tf.Tensor, targets: Targets, rate: tf.Tensor, averaging: tf.Tensor) -> tf.Tensor:
        network, recipe = self._network, self._recipe
        with tf.GradientTape() as tape:
            logits, offsets, _ = network.model(pixels, training=True)
            losses = detection_loss(tf.cast(logits, tf.float32), tf.cast(offsets, tf.float32), targets)
            total = tf.add_n(losses)
        gradients = tape.gradient(total, [variable.value for variable in network.variables])
        gradients, _ = tf.clip_by_global_norm(gradients, CLIP_NORM)
        split = len(network.branch)
        parts = (
            (recipe.branch_rate, gradients[:split], network.branch),
            (recipe.heads_rate, gradients[split:], network.heads),
        )
        for optimizer, (full_rate, of_part, variables) in zip(self._optimizers, parts, strict=True):
            optimizer.learning_rate.assign(full_rate * rate)
            optimizer.apply(of_part, variables)
        for mean_value, value in zip(self.averaged.variables, network.variables, strict=True):
            mean_value.assign(value + (mean_value - value) * averaging)
        return tf.stack(losses)


def _optimizer(recipe: Recipe, variables: list[Any]) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(0.0, weight_decay=recipe.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(variables)
    return optimizer


def _assign(targets: Sequence[Any], values: Sequence[Any]) -> None:
    for target, value in zip(targets, values, strict=True):
        target.assign(value)


def _mean_losses(recent: Sequence[tf.Tensor]) -> dict[str, float]:
    class_loss, box_loss = np.mean(recent, axis=0).tolist()
    return {"class_loss": round(class_loss, 4), "box_loss": round(box_loss, 4)}
