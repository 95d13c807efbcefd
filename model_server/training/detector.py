"""Train the detector's heads on cached features of the frozen backbone."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from model_server import efficientnet_lite
from model_server.checkpoint import read_state_dict
from model_server.ssd.anchors import INPUT_PX, Matcher
from model_server.ssd.decoding import Detections
from model_server.ssd.heads import Heads, HeadWeights, load_head_weights
from model_server.training.average_precision import Found, Truth, detection_precisions, mean
from model_server.training.features import Features, batches
from model_server.training.loss import Targets, detection_loss
from model_server.training.photos import Photo

Log = Callable[[dict[str, Any]], None]
LOG_EVERY_STEPS = 100
MEASURE_EVERY_STEPS = 1250
CLIP_NORM = 5.0
FLOOR = 0.01  # the learning rate's last share


@dataclass(frozen=True)
class Recipe:
    """How the heads are trained; one epoch shows every cached view once."""

    epochs: int = 3
    batch: int = 16
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    warm_up_steps: int = 500
    averaging: float = 0.998
    dropout: float = 0.15
    precision: str = "mixed_bfloat16"
    seed: int = 7


class DetectorTrainer:
    """Holds the heads being trained and their running average, ``averaged``, which is the result.

    ``train_views`` and ``held_out_views`` are the numbers of the views that are learned from and measured on.
    """

    def __init__(self, features: Features, photos: Sequence[Photo], classes: int, recipe: Recipe) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self._features, self._photos, self._recipe, self._classes = features, photos, recipe, classes
        self._network = _network(features, classes, recipe.dropout, recipe.precision)
        self.averaged = _network(features, classes, recipe.dropout, "float32")
        self.averaged.set_weights(self._network.get_weights())
        held_out = np.array([photos[index].is_held_out for index in features.photo_of])
        self.train_views = np.flatnonzero(~held_out)
        self.held_out_views = np.flatnonzero(held_out)
        self._owners = self._match_all()
        self.steps = recipe.epochs * (len(self.train_views) // recipe.batch)
        self._optimizer = keras.optimizers.AdamW(
            self._schedule(), weight_decay=recipe.weight_decay, clipnorm=CLIP_NORM
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._optimizer.build(self._network.trainable_variables)
        self._step = tf.function(self._train_step)

    def train(self, log: Log, save: Callable[[], None]) -> None:
        """Run all epochs; now and then *log* gets a dict, and *save* is called after each measurement."""
        recent: list[tf.Tensor] = []
        for step, (maps, targets) in enumerate(self._all_batches(), start=1):
            # The average follows faster at the start, where the first weights are of no use.
            averaging = min(self._recipe.averaging, step / (step + 10))
            recent.append(self._step(maps, targets, tf.constant(averaging)))
            if step % LOG_EVERY_STEPS == 0:
                class_loss, box_loss = np.mean(recent, axis=0).tolist()
                log({"step": step, "class_loss": round(class_loss, 4), "box_loss": round(box_loss, 4)})
                recent.clear()
            if step % MEASURE_EVERY_STEPS == 0 or step == self.steps:
                log({"step": step, "of": self.steps, **self.measure(None, 0.0)})
                save()

    def take_heads(self, weights: HeadWeights) -> None:
        """Measure with heads that were trained before instead of training; raise WeightsError if they don't fit."""
        self.averaged = _network(self._features, self._classes, 0.0, "float32", is_training=False)
        load_head_weights(self.averaged, weights)

    def measure(self, label_scores: NDArray[np.float32] | None, label_weight: float) -> dict[str, float]:
        """Return mAP@0.5 on the held-out photos: "map80" on those with vocab coco80, "map20" with voc20.

        label_scores: float32 (n_held_out_views, 80) or None; see `Detections` for *label_weight*.
        """
        found = self._detect_held_out(label_scores, label_weight)
        results = {}
        for key, vocab in (("map80", "coco80"), ("map20", "voc20")):
            chosen = [
                (Truth(self._features.boxes[view], self._photo(view).known), boxes)
                for view, boxes in zip(self.held_out_views, found, strict=True)
                if self._photo(view).vocab == vocab
            ]
            truths, answers = [truth for truth, _ in chosen], [boxes for _, boxes in chosen]
            results[key] = round(mean(detection_precisions(truths, answers, self._classes)), 4)
        return results

    def _photo(self, view: np.int64 | np.signedinteger[Any]) -> Photo:
        return self._photos[int(self._features.photo_of[view])]

    def _match_all(self) -> NDArray[np.int16]:
        matcher = Matcher()
        return np.stack([matcher.match(boxes.corners, boxes.difficult) for boxes in self._features.boxes])

    def _schedule(self) -> keras.optimizers.schedules.LearningRateSchedule:
        return keras.optimizers.schedules.CosineDecay(
            self._recipe.learning_rate / 100,
            self.steps - self._recipe.warm_up_steps,
            alpha=FLOOR,
            warmup_target=self._recipe.learning_rate,
            warmup_steps=self._recipe.warm_up_steps,
        )

    def _all_batches(self) -> Iterator[tuple[list[tf.Tensor], Targets]]:
        for epoch in range(self._recipe.epochs):
            yield from self._epoch_batches(epoch)

    def _epoch_batches(self, epoch: int) -> Iterator[tuple[list[tf.Tensor], Targets]]:
        """Yield the batches of one epoch, the next one being read from disk meanwhile."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        order = rng.permutation(self.train_views)
        with ThreadPoolExecutor(1) as pool:
            ahead: Future[tuple[list[tf.Tensor], Targets]] | None = None
            for views in batches(order, self._recipe.batch):
                ready, ahead = ahead, pool.submit(self._read, views)
                if ready is not None:
                    yield ready.result()
            if ahead is not None:
                yield ahead.result()

    def _read(self, views: NDArray[np.int64]) -> tuple[list[tf.Tensor], Targets]:
        return self._maps(views), self._targets(views)

    def _maps(self, views: NDArray[np.int64]) -> list[tf.Tensor]:
        return [tf.constant(self._features.maps[name][views]) for name in ("stride16", "stride32")]

    def _targets(self, views: NDArray[np.int64]) -> Targets:
        owners = self._owners[views]
        labels, corners = owners.astype(np.int32), np.zeros((*owners.shape, 4), np.float32)
        for row, view in enumerate(views):
            taken = owners[row] >= 0
            boxes = self._features.boxes[view]
            labels[row, taken] = boxes.labels[owners[row, taken]]
            corners[row, taken] = boxes.corners[owners[row, taken]]
        photos = [self._photo(view) for view in views]
        known = np.array([photo.known for photo in photos], np.float32)
        complete = np.array([photo.is_complete for photo in photos], np.float32)
        return Targets(*map(tf.constant, (labels, corners, known, complete)))

    def _train_step(self, maps: list[tf.Tensor], targets: Targets, averaging: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits, offsets = (tf.cast(x, tf.float32) for x in self._network(maps, training=True))
            losses = detection_loss(logits, offsets, targets)
            total = tf.add_n(losses)
        variables = self._network.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        for mean_value, value in zip(self.averaged.weights, self._network.weights, strict=True):
            if mean_value.dtype == "float32":
                mean_value.assign(value + (mean_value - value) * averaging)
        return tf.stack(losses)

    def _detect_held_out(self, label_scores: NDArray[np.float32] | None, label_weight: float) -> list[Found]:
        detections, found = Detections(label_weight), []
        if label_scores is None:
            label_scores = np.ones((len(self.held_out_views), self._classes), np.float32)
        for start in range(0, len(self.held_out_views), self._recipe.batch):
            part = slice(start, start + self._recipe.batch)
            logits, offsets = self.averaged(self._maps(self.held_out_views[part]), training=False)
            rows = detections(logits, offsets, tf.constant(label_scores[part])).numpy()
            found += [as_found(row) for row in rows]
        return found


def as_found(rows: NDArray[np.float32]) -> Found:
    """Turn one photo's detections (20, 6) into boxes in 0..1, without the rows of zeros."""
    rows = rows[rows[:, 0] > 0]
    return Found(rows[:, 2:] / np.float32(INPUT_PX), rows[:, 0].astype(np.int64) - 1, rows[:, 1])


def _network(
    features: Features, classes: int, dropout: float, precision: str, *, is_training: bool = True
) -> keras.Model:
    """Build the heads over cached maps; the backbone's last convolution, frozen, gives the "head" map."""
    stride16, stride32 = (
        keras.Input(features.maps[name].shape[1:], dtype="float16", name=name) for name in ("stride16", "stride32")
    )
    maps = {"stride16": stride16, "stride32": stride32}
    last = layers.Conv2D(
        efficientnet_lite.EMBEDDING_WIDTH, 1, activation="relu6", name="head", trainable=False, dtype=precision
    )
    maps["head"] = last(maps["stride32"])
    state = read_state_dict(efficientnet_lite.package_checkpoint())
    last.set_weights(efficientnet_lite.folded_weights(state)["head"])
    outputs = Heads(classes, is_training=is_training, dropout=dropout, precision=precision).build(maps)
    return keras.Model([stride16, stride32], outputs)
