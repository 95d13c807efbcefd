"""The whole training: features, label probe, detection heads, and the one file that the model is built from."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model_server.catalogue import ModelCard
from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.gallery_default import read_weights
from model_server.ssd.heads import folded_weights
from model_server.training import features as feature_cache
from model_server.training.detector import DetectorTrainer, Recipe
from model_server.training.photos import read_photos, read_pixels
from model_server.training.probe import Probe, examples, fit_best, with_nothing
from model_server.training.temperature import fit_temperature, read_tagged
from model_server.training.textures import textures
from model_server.training.views import show_whole

WEIGHTS_NAME, LOG_NAME, PROBE_LOG_NAME = "gallery_default.npz", "training_log.jsonl", "probe_log.jsonl"
LABEL_WEIGHTS = (0.0, 0.125, 0.25, 0.375, 0.5)
PROGRESS_EVERY = 3200
DEFAULT_TEMPERATURE = 0.4  # what was fitted once; used where no tagged photos are given
TEMPERATURE_BATCH = 32
TEXTURES = 1536  # about as many as there are views without any object


class TrainingLog:
    """Writes one JSON object a line, to a file and to the terminal, with the seconds since the start."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
        self._path, self._start = path, time.monotonic()

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Write one entry."""
        line = json.dumps({"elapsed_s": round(time.monotonic() - self._start), **entry})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        print(line, flush=True)  # noqa: T201 - the command's own output

    def progress(self, done: int, total: int) -> None:
        """Log the state of the feature extraction now and then."""
        if done % PROGRESS_EVERY == 0 or done == total:
            self({"views": done, "of": total})


def train(
    card: ModelCard, detection: Path, out: Path, cache: Path, views: int, recipe: Recipe, heads: Path | None = None
) -> None:
    """Train the heads and the probe on ``detection/train`` and write weights and log to *out*.

    With *heads*, a file of weights, its heads are kept and only the probe and what depends on it is fitted.

    cache: a folder for the features (about 150 kB a view), used again if it is filled. Photos of known ImageNet
    classes are taken from ``objects.jsonl`` beside *detection* if it is there, for the tags' temperature.
    """
    photos = read_photos(detection, "train", card.labels)
    log = TrainingLog(out / (LOG_NAME if heads is None else PROBE_LOG_NAME))
    log({"recipe": asdict(recipe), "views": views})
    if not (cache / "views.npz").exists():
        feature_cache.extract(photos, cache, views, recipe.seed, log.progress)
    features = feature_cache.load(cache)
    trainer = DetectorTrainer(features, photos, len(card.labels), recipe)
    held_out = examples(features, photos, trainer.held_out_views)
    nothing = feature_cache.embeddings_of(textures(np.random.default_rng(recipe.seed), TEXTURES))
    seen = with_nothing(examples(features, photos, trainer.train_views), nothing)
    probe, measured = fit_best(seen, held_out, recipe.seed)
    log({"probe": measured})
    temperature = _temperature(card, detection.parent / "objects.jsonl")
    log({"tag_temperature": temperature})

    def save(label_weight: float) -> None:
        scalars = {"label_weight": label_weight, "tag_temperature": temperature}
        write_weights(out / WEIGHTS_NAME, trainer.averaged, probe, scalars)

    if heads is None:
        trainer.train(log, lambda: save(0.25))
    else:
        trainer.take_heads(read_weights(heads))
    label_scores = probe.scores(held_out.embeddings)
    tried = {weight: trainer.measure(label_scores, weight) for weight in LABEL_WEIGHTS}
    best = max(tried, key=lambda weight: sum(tried[weight].values()))
    log({"label_weights": {str(weight): result for weight, result in tried.items()}, "chosen": best})
    save(best)


def write_weights(path: Path, heads: keras.Model, probe: Probe, scalars: Mapping[str, float]) -> None:
    """Write all that was trained, as float16, to one compressed file that is whole or not there."""
    arrays: dict[str, NDArray[Any]] = dict(folded_weights(heads))
    arrays["probe/kernel"] = probe.kernel.astype(np.float16)
    arrays["probe/bias"] = probe.bias.astype(np.float16)
    arrays |= {name: np.array(value, np.float32) for name, value in scalars.items()}
    fresh = path.with_suffix(".new.npz")
    np.savez_compressed(fresh, allow_pickle=False, **arrays)
    fresh.replace(path)


def _temperature(card: ModelCard, tagged: Path) -> float:
    """Fit the temperature of the tags' softmax if there are photos to fit it on."""
    if not tagged.exists():
        return DEFAULT_TEMPERATURE
    paths, classes = read_tagged(tagged, card.tag_classes)
    image = keras.Input((card.input_height_px, card.input_width_px, 3))
    taps = build_backbone(image)
    load_backbone_weights(keras.Model(image, taps), package_checkpoint())
    classify = keras.Model(image, taps["logits"])
    rows = []
    for start in range(0, len(paths), TEMPERATURE_BATCH):
        pixels = [show_whole(read_pixels(path)) for path in paths[start : start + TEMPERATURE_BATCH]]
        rows.append(classify(np.stack(pixels).astype(np.float32)).numpy())
    return fit_temperature(np.concatenate(rows), classes)
