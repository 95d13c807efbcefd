"""A person's own detector: the default model, fine-tuned on their labelled photos, as a model of the catalogue."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_server.catalogue import ModelCard
from model_server.errors import TrainingError
from model_server.gallery_default import read_weights
from model_server.training.detector import DetectorTrainer, Recipe
from model_server.training.embeddings import embed_photos, embeddings_of
from model_server.training.held_out import HeldOut
from model_server.training.label_files import OWN_VOCABULARY, read_labelled
from model_server.training.log import Say, TrainingLog
from model_server.training.network import best_precision
from model_server.training.own_files import Files, files_of, write_card
from model_server.training.photos import Photo, split
from model_server.training.probe import Probe, examples, fit_best, with_nothing
from model_server.training.report import Outcome, report
from model_server.training.textures import textures
from model_server.training.weights_file import for_labels, write_weights

HELD_OUT_SHARE = 0.15
VIEWS_A_PHOTO = 30
FEWEST_STEPS, MOST_STEPS = 300, 3000
PROBE_VIEWS = 4


@dataclass(frozen=True)
class Labelled:
    """A person's photos: their classes, those to learn from and those to check with."""

    labels: Sequence[str]
    learned_from: Sequence[Photo]
    held_out: Sequence[Photo]


def recipe_for(photos: int, minutes: float, steps: int | None = None) -> Recipe:
    """Return a recipe that suits so many photos: about thirty views of each, at most *minutes* long."""
    chosen = steps or min(max(FEWEST_STEPS, VIEWS_A_PHOTO * photos // Recipe.batch), MOST_STEPS)
    return Recipe(
        steps=chosen,
        minutes=minutes,
        heads_rate=5e-4,  # new classes have farther to go
        warm_up_steps=min(Recipe.warm_up_steps, max(1, chosen // 10)),
        averaging=min(Recipe.averaging, 1 - 5 / (chosen + 5)),
        pause_every_s=60,
        precision=best_precision(),
    )


def train_own(
    default: ModelCard, name: str, photos_folder: Path, labels_file: Path, minutes: float, say: Say, *,
    steps: int | None = None, restart: bool = False,
) -> Files:  # fmt: skip
    """Fine-tune *default* on labelled photos and put the result into the catalogue as *name*.

    An interrupted training goes on if it is asked for with the same photos and labels, unless *restart*.
    Raises PhotosError for photos or labels that can't be used, TrainingError for a name that can't be given or
    a training that was stopped.
    """
    files = files_of(name)
    labels, photos = read_labelled(photos_folder, labels_file)
    labelled = Labelled(labels, *split(photos, HELD_OUT_SHARE))
    say(
        f"{len(labels)} classes in {len(labelled.learned_from)} photos to learn from, "
        f"{len(labelled.held_out)} to check with"
    )
    files.folder.mkdir(parents=True, exist_ok=True)
    if restart:
        files.checkpoint.unlink(missing_ok=True)
    recipe = recipe_for(len(labelled.learned_from), minutes, steps)
    log = TrainingLog(files.log, say, append=files.checkpoint.exists())
    training = OwnTraining(default, files, labelled, recipe, log)
    training.run()
    training.write()
    write_card(files, default, labels)
    files.checkpoint.unlink(missing_ok=True)
    return files


class OwnTraining:
    """One training of a person's detector, from where an interrupted one left off."""

    def __init__(
        self, default: ModelCard, files: Files, labelled: Labelled, recipe: Recipe, log: TrainingLog
    ) -> None:
        self._files, self._labelled, self._log = files, labelled, log
        self._identity = _identity(labelled, recipe)
        start = read_weights(default.trained)
        self._tag_temperature = float(start["tag_temperature"])
        labels = labelled.labels
        weights = for_labels(start, default.labels, labels, recipe.seed)
        self._trainer = DetectorTrainer(labelled.learned_from, len(labels), recipe, weights)
        if self._trainer.resume(files.checkpoint, self._identity):
            log({"goes_on_at_step": self._trainer.step})
        self._held_out = HeldOut(labelled.held_out, [OWN_VOCABULARY])
        self._probe = _fit_probe(labelled, recipe.seed, log)

    def run(self) -> None:
        """Train to the recipe's end. Raises TrainingError if it is stopped, after keeping what was learned."""
        try:
            self._trainer.train(self._log, self._pause)
        except KeyboardInterrupt as error:
            self._save()
            step = self._trainer.step
            raise TrainingError(f"stopped at step {step}; the same command goes on from there") from error

    def write(self) -> None:
        """Write the weights and the report."""
        answers = self._held_out.ask(self._trainer.averaged)
        label_weight, tried = self._held_out.best_label_weight(answers, self._probe)
        self._log({"label_weights": {str(weight): value for weight, value in tried.items()}, "chosen": label_weight})
        write_weights(
            self._files.weights,
            self._trainer.weights(),
            self._probe,
            label_weight=label_weight,
            tag_temperature=self._tag_temperature,
        )
        outcome = Outcome(
            name=self._files.folder.name,
            labels=self._labelled.labels,
            learned_from=self._labelled.learned_from,
            held_out=self._held_out.photos,
            truths=self._held_out.truths,
            found=self._held_out.found(answers, self._probe, label_weight),
            course=[(entry["step"], entry["map50"]) for entry in self._log.entries() if "map50" in entry],
        )
        self._files.report.write_text(report(outcome), "utf-8")

    def _pause(self) -> None:
        self._save()
        found = self._held_out.found(self._held_out.ask(self._trainer.averaged), self._probe, 0.0)
        self._log({"step": self._trainer.step, "map50": self._held_out.measure(found)[OWN_VOCABULARY]})

    def _save(self) -> None:
        self._trainer.save(self._files.checkpoint, self._identity)


def _fit_probe(labelled: Labelled, seed: int, log: TrainingLog) -> Probe:
    """Fit what tells from the whole photo which labels are in it."""
    learned_from, held_out = labelled.learned_from, labelled.held_out
    nothing = embeddings_of(textures(np.random.default_rng(seed), len(learned_from)))
    seen = examples(embed_photos(learned_from, PROBE_VIEWS, seed, log.progress), learned_from)
    unseen = examples(embed_photos(held_out, 1, seed, log.progress), held_out)
    probe, measured = fit_best(with_nothing(seen, nothing), unseen, seed)
    log({"probe": measured})
    return probe


def _identity(labelled: Labelled, recipe: Recipe) -> str:
    """Return a SHA-256 of what decides about a training's course."""
    digest = hashlib.sha256(repr((labelled.labels, recipe)).encode())
    for photo in labelled.learned_from:
        digest.update(f"{photo.path.name}\0{photo.boxes.labels.tolist()}".encode())
        digest.update(photo.boxes.corners.tobytes())
    return digest.hexdigest()
