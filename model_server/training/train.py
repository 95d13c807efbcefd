"""The training of the default model: its detector or its label probe, and the one file that it is built from."""

from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from model_server.catalogue import ModelCard
from model_server.efficientnet_lite import build_backbone, load_backbone_weights, package_checkpoint
from model_server.gallery_default import read_weights
from model_server.ssd.weights import detector_weights, load_detector_weights
from model_server.training.detector import DetectorTrainer, Recipe
from model_server.training.embeddings import embed_photos, embeddings_of
from model_server.training.held_out import HeldOut
from model_server.training.log import TrainingLog
from model_server.training.network import Network
from model_server.training.photos import read_photos, read_pixels, split
from model_server.training.probe import Probe, examples, fit_best, with_nothing
from model_server.training.temperature import fit_temperature, read_tagged
from model_server.training.textures import textures
from model_server.training.views import show_whole
from model_server.training.weights_file import write_weights

VOCABULARIES = ("coco80", "voc20")
TEMPERATURE_BATCH = 32
TEXTURES = 1536  # about as many as there are views without any object


class DefaultTraining:
    """Trains parts of the default model on ``detection/train`` and writes what comes out to *out*.

    start: the weights to start from, by default the card's own.
    Choices are made on the held-out photos of ``detection/train``; see `photos.split`.
    """

    def __init__(self, card: ModelCard, detection: Path, start: Path | None, out: Path, log: TrainingLog) -> None:
        self._card, self._start, self._log = card, read_weights(start or card.trained), log
        self._learned_from, held_out = split(read_photos(detection, "train", card.labels))
        self._held_out = HeldOut(held_out, VOCABULARIES)
        self._detection, self._weights_file = detection, out / f"{card.name}.npz"

    def train_detector(self, recipe: Recipe) -> None:
        """Fine-tune the branch and the heads; the probe stays."""
        probe = Probe.of(self._start)
        trainer = DetectorTrainer(self._learned_from, len(self._card.labels), recipe, self._start)
        self._log({"recipe": asdict(recipe), "fresh_layers": trainer.fresh_layers})

        def pause() -> None:
            self._choose_and_write(trainer.averaged, probe, float(self._start["tag_temperature"]))

        trainer.train(self._log, pause)

    def fit_probe(self, views: int, seed: int) -> None:
        """Fit the probe and the tags' temperature anew; the detector stays."""
        nothing = embeddings_of(textures(np.random.default_rng(seed), TEXTURES))
        seen = examples(embed_photos(self._learned_from, views, seed, self._log.progress), self._learned_from)
        photos = self._held_out.photos
        unseen = examples(embed_photos(photos, 1, seed, self._log.progress), photos)
        probe, measured = fit_best(with_nothing(seen, nothing), unseen, seed)
        self._log({"probe": measured})
        network = Network(len(self._card.labels), "float32")
        load_detector_weights(network.model, self._start)
        self._choose_and_write(network, probe, self._temperature())

    def _choose_and_write(self, network: Network, probe: Probe, temperature: float) -> None:
        label_weight, tried = self._held_out.best_label_weight(self._held_out.ask(network), probe)
        self._log(
            {"label_weights": {str(weight): result for weight, result in tried.items()}, "chosen": label_weight}
        )
        write_weights(
            self._weights_file, detector_weights(network.model), probe,
            label_weight=label_weight, tag_temperature=temperature,
        )  # fmt: skip

    def _temperature(self) -> float:
        """Fit the temperature of the tags' softmax if ``objects.jsonl`` lies beside the photos; else keep it."""
        tagged = self._detection.parent / "objects.jsonl"
        if not tagged.exists():
            return float(self._start["tag_temperature"])
        paths, classes = read_tagged(tagged, self._card.tag_classes)
        image = keras.Input((self._card.input_height_px, self._card.input_width_px, 3))
        taps = build_backbone(image)
        load_backbone_weights(keras.Model(image, taps), package_checkpoint())
        classify = keras.Model(image, taps["logits"])
        rows = []
        for start in range(0, len(paths), TEMPERATURE_BATCH):
            pixels = [show_whole(read_pixels(path)) for path in paths[start : start + TEMPERATURE_BATCH]]
            rows.append(classify(np.stack(pixels).astype(np.float32)).numpy())
        temperature = fit_temperature(np.concatenate(rows), classes)
        self._log({"tag_temperature": temperature})
        return temperature
